//! `smes turn`: one turn, and how it was read.

use std::path::{Path, PathBuf};

use anyhow::Context;
use smes_dialogue::{Label, Private, percent};
use smes_server::wire::{HelpLine, ServerEvent};
use smes_server::{
    Conversation, Decision, Engine, HistoryBounds, Limits, Refusal, TurnInput, TurnReport,
    check_text, parse_history,
};

use crate::commands::clip::media_error;
use crate::commands::engine::{EngineArgs, environment_locale, refused, turn_error};
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes turn --text \"I can't sleep since the funeral\"
  smes turn --text \"It's fine\" --clip answer.webm --json
  smes turn --text \"I called her\" --history history.json --json

The history is a JSON array, oldest first:
  [{\"role\": \"seeker\", \"text\": \"...\"},
   {\"role\": \"supporter\", \"text\": \"...\", \"strategy\": \"Open question\"}]

With --json: cue, notes, user_emotion, contrast, strategy, system_emotion, response, response_strategy,
timings; each decision holds label, prob and the whole distribution. In a crisis only response
and crisis are set.";

/// Answers one turn and shows how it was read.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct TurnArgs {
    /// What the person says; may be left out when there is a clip.
    #[arg(
        long,
        required_unless_present = "clip",
        default_value = "",
        hide_default_value = true
    )]
    text: String,
    /// A recording of the person saying it; voice and face are read.
    #[arg(long, value_name = "FILE")]
    clip: Option<PathBuf>,
    /// What was said before, as JSON.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Language and region for help lines, for example `en-GB`; the environment's if absent.
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &TurnArgs, console: &Console) -> anyhow::Result<()> {
    let limits = Limits::default();
    check_text(&args.text, args.clip.is_some(), &limits).map_err(refused)?;
    let clip = args
        .clip
        .as_deref()
        .map(|path| read_clip(path, &args.engine, &limits))
        .transpose()?;
    let engine = args.engine.build(&limits, console)?;
    let conversation = match &args.history {
        Some(path) => read_history(path, &engine, &limits)?,
        None => Conversation::default(),
    };
    let input = TurnInput {
        clip,
        locale: args.locale.clone().or_else(environment_locale),
        ..TurnInput::text("turn", args.text.as_str())
    };
    let mut report = TurnReport::default();
    let mut take = |event: ServerEvent| report.take(event);
    engine
        .run_turn(&conversation, input, &mut take)
        .map_err(turn_error)?;
    if console.is_json() {
        return console.json(&report);
    }
    show(&report, console);
    Ok(())
}

/// The clip's bytes. In a live talk a recording that cannot be read costs nobody their answer; here
/// the file was named, so one that is no media is an error.
fn read_clip(
    path: &Path,
    engine: &EngineArgs,
    limits: &Limits,
) -> anyhow::Result<Private<Vec<u8>>> {
    let unreadable = |error| Advice::bad_input(Some("is the path right?".to_owned()), error);
    let n_bytes = fs_err::metadata(path).map_err(unreadable)?.len();
    if n_bytes > limits.clip_bytes {
        let refusal = Refusal::ClipTooLarge {
            limit: limits.clip_bytes,
        };
        return Err(refused(refusal)).with_context(|| format!("`{}`", path.display()));
    }
    if engine.reads_clips() {
        smes_media::probe(path, &limits.media())
            .map_err(media_error)
            .with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(Private::new(fs_err::read(path).map_err(unreadable)?))
}

fn read_history(path: &Path, engine: &Engine, limits: &Limits) -> anyhow::Result<Conversation> {
    let json = fs_err::read_to_string(path)
        .map_err(|error| Advice::bad_input(Some("is the path right?".to_owned()), error))?;
    let bounds = HistoryBounds {
        emotions: engine.reasoner().emotions(),
        strategies: engine.reasoner().strategies(),
        utterances: limits.history_utterances,
        text_chars: limits.text_chars,
    };
    let history = parse_history(&json, &bounds)
        .map_err(|error| Advice::bad_input(error.hint(), error))
        .with_context(|| format!("`{}`", path.display()))?;
    Ok(Conversation::from_history(history, engine.safety()))
}

fn show(report: &TurnReport, console: &Console) {
    if let Some(crisis) = &report.crisis {
        show_crisis(crisis.text.expose(), &crisis.help, console);
        return;
    }
    for line in reading_lines(report) {
        console.line(&line);
    }
    if let Some(response) = &report.response {
        console.line("");
        console.line(response.expose());
    }
}

/// How the turn was read, in the order of reasoning.
pub(crate) fn reading_lines(report: &TurnReport) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cue) = &report.cue {
        lines.push(format!("cue       {}", cue.observation.expose()));
    }
    for note in &report.notes {
        lines.push(format!("missing   {note}"));
    }
    let decisions = [
        ("emotion", &report.user_emotion),
        ("strategy", &report.strategy),
        ("tone", &report.system_emotion),
    ];
    for (name, decision) in decisions {
        if let Some(decision) = decision {
            lines.push(format!("{name:<9} {}", likeliest(decision, 3)));
        }
        if let ("emotion", Some(contrast)) = (name, &report.contrast) {
            lines.push(format!("beside    {contrast}"));
        }
    }
    let followed = report.response_strategy.as_ref().map(Label::name);
    let chosen = report.strategy.as_ref().map(|chosen| chosen.label.as_str());
    if let (Some(followed), true) = (followed, followed != chosen) {
        lines.push(format!("answered  as {followed}"));
    }
    if let Some(timings) = &report.timings {
        lines.push(format!("took      {:.0} ms", timings.total_ms));
    }
    lines
}

/// The likeliest labels with their shares.
pub(crate) fn likeliest(decision: &Decision, n: usize) -> String {
    decision
        .distribution
        .iter()
        .take(n)
        .map(|scored| format!("{} {}", scored.label, percent(scored.prob.into())))
        .collect::<Vec<_>>()
        .join(" · ")
}

/// A crisis: the answer, the help lines, nothing else.
pub(crate) fn show_crisis(text: &str, help: &[HelpLine], console: &Console) {
    console.line("");
    console.line(text);
    console.line("");
    for line in help {
        console.line(&format!("  {}: {}", line.name, line.contact));
        for detail in [&line.hours, &line.url] {
            if !detail.is_empty() {
                console.line(&format!("    {detail}"));
            }
        }
    }
    console.line("");
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::{Strategy, mesc_strategies};
    use smes_server::wire::{Scored, Timings};

    fn decision(label: &str, prob: f32) -> Decision {
        let scored = |label: &str, prob| Scored {
            label: label.to_owned(),
            prob,
        };
        Decision {
            label: label.to_owned(),
            prob,
            distribution: vec![scored(label, prob), scored("joy", 1.0 - prob)],
        }
    }

    #[test]
    fn a_reading_stands_in_the_order_of_reasoning() {
        let report = TurnReport {
            notes: vec!["the clip has no sound".to_owned()],
            user_emotion: Some(decision("fear", 0.7)),
            contrast: Some("The words read as low, but the face looks glad.".to_owned()),
            strategy: Some(decision("Approval", 0.9)),
            system_emotion: Some(decision("neutral", 0.998)),
            response_strategy: mesc_strategies().parse("Others").ok(),
            timings: Some(Timings {
                total_ms: 41.4,
                ..Timings::default()
            }),
            ..TurnReport::default()
        };
        insta::assert_snapshot!(reading_lines(&report).join("\n"), @r"
        missing   the clip has no sound
        emotion   fear 70 % · joy 30 %
        beside    The words read as low, but the face looks glad.
        strategy  Approval 90 % · joy 10 %
        tone      neutral over 99 % · joy under 1 %
        answered  as Others
        took      41 ms
        ");
    }

    #[test]
    fn the_strategy_is_named_once_when_the_answer_follows_it() {
        let report = TurnReport {
            strategy: Some(decision("Approval", 0.9)),
            response_strategy: Some(Strategy::from_name("Approval")),
            ..TurnReport::default()
        };
        assert_eq!(reading_lines(&report).len(), 1);
    }
}

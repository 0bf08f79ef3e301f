//! `smes chat`: the conversation in the terminal, or line by line through a pipe.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use serde::Serialize;
use smes_dialogue::{Label, LabelSet, Private};
use smes_server::wire::ServerEvent;
use smes_server::{
    Conversation, Engine, Limits, NOTICE, Refusal, TurnInput, TurnReport, check_text,
};

use crate::commands::engine::{EngineArgs, environment_locale, turn_error};
use crate::commands::turn::{likeliest, reading_lines, show_crisis};
use crate::console::{Console, Output};

const EXAMPLE: &str = "\
Example:
  smes chat
  printf 'Hello\\nI feel lost\\n' | smes chat --json

While talking:
  /why         how the last message was read, with all probabilities
  /erase       forget the conversation
  /save FILE   write a copy (.md for Markdown, else JSON); never over an existing file
  /quit        end; nothing is kept

With --json, every event is one JSON document on one line, as on the WebSocket.";

const COMMANDS: &str = "/why  /erase  /save FILE  /quit";

/// Talks in the terminal.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ChatArgs {
    /// Language and region for help lines, for example `en-GB`; the environment's if absent.
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &ChatArgs, console: &Console) -> anyhow::Result<()> {
    let limits = Limits::default();
    let engine = args.engine.build(&limits, console)?;
    let mut chat = Chat {
        engine: &engine,
        limits,
        locale: args.locale.clone().or_else(environment_locale),
        console,
        conversation: Conversation::default(),
        turns: Vec::new(),
        n_turns: 0,
        noticed: Instant::now(),
    };
    chat.give_notice()?;
    if !console.is_json() {
        console.note(&format!("Commands: {COMMANDS}"));
    }
    if std::io::stdin().is_terminal() && !console.is_json() {
        talk_in_terminal(&mut chat)
    } else {
        talk_through_pipe(&mut chat)
    }
}

fn talk_in_terminal(chat: &mut Chat<'_>) -> anyhow::Result<()> {
    let mut editor = DefaultEditor::new().context("cannot read from the terminal")?;
    loop {
        match editor.readline("\nyou  ") {
            Ok(line) => {
                // The editor's memory of lines is part of what `/erase` forgets.
                let _ = editor.add_history_entry(&line);
                match chat.take(&line)? {
                    Next::Talk => {}
                    Next::Forget => editor.clear_history().context("cannot forget the lines")?,
                    Next::End => return Ok(()),
                }
            }
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(error).context("cannot read from the terminal"),
        }
    }
}

fn talk_through_pipe(chat: &mut Chat<'_>) -> anyhow::Result<()> {
    for line in std::io::stdin().lock().lines() {
        let line = line.context("cannot read from the standard input")?;
        if chat.take(&line)? == Next::End {
            break;
        }
    }
    Ok(())
}

/// What follows a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Talk,
    Forget,
    End,
}

/// The conversation and what is shown of it.
struct Chat<'a> {
    engine: &'a Engine,
    limits: Limits,
    locale: Option<String>,
    console: &'a Console,
    conversation: Conversation,
    turns: Vec<SavedTurn>,
    n_turns: usize,
    noticed: Instant,
}

/// A turn as `/save` writes it.
#[derive(Serialize)]
struct SavedTurn {
    text: Private<String>,
    #[serde(flatten)]
    report: TurnReport,
}

impl Chat<'_> {
    fn take(&mut self, line: &str) -> anyhow::Result<Next> {
        if self.noticed.elapsed() >= self.limits.notice_every {
            self.noticed = Instant::now();
            self.give_notice()?;
        }
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => {}
            "/quit" => return Ok(Next::End),
            "/erase" => {
                self.erase()?;
                return Ok(Next::Forget);
            }
            "/why" => self.explain(),
            "/save" => self.save(rest.trim()),
            _ if word.starts_with('/') => {
                self.console
                    .note(&format!("There is no `{word}`. Commands: {COMMANDS}"));
            }
            _ => self.turn(line)?,
        }
        Ok(Next::Talk)
    }

    fn turn(&mut self, text: &str) -> anyhow::Result<()> {
        if let Err(refusal) = check_text(text, false, &self.limits) {
            return self.refuse(refusal, None);
        }
        self.n_turns += 1;
        let id = self.n_turns.to_string();
        let input = TurnInput {
            locale: self.locale.clone(),
            ..TurnInput::text(id.clone(), text)
        };
        let (console, mut report) = (self.console, TurnReport::default());
        let mut told = Ok(());
        let done = self
            .engine
            .run_turn(&self.conversation, input, &mut |event| {
                if console.is_json() && told.is_ok() {
                    told = tell(console, &event);
                }
                report.take(event);
            });
        told?;
        match done {
            Ok(done) => {
                let too_old = self.conversation.add(done, self.limits.history_utterances);
                self.engine.reasoner().forget(&too_old);
                self.show(&report);
                self.turns.push(SavedTurn {
                    text: text.into(),
                    report,
                });
            }
            Err(error) => {
                self.refuse(error.refusal(), Some(&id))?;
                // A reasoner that cannot answer the first turn will not answer the next.
                if self.turns.is_empty() {
                    return Err(turn_error(error));
                }
            }
        }
        Ok(())
    }

    fn show(&self, report: &TurnReport) {
        if self.console.is_json() {
            return;
        }
        if let Some(crisis) = &report.crisis {
            show_crisis(crisis.text.expose(), &crisis.help, self.console);
            return;
        }
        let tops = [&report.user_emotion, &report.strategy];
        let reading: Vec<String> = tops
            .into_iter()
            .flatten()
            .map(|decision| likeliest(decision, 1))
            .collect();
        self.console
            .line(&format!("     [{}]", reading.join(" → ")));
        if let Some(response) = &report.response {
            self.console.line(&format!("smes {}", response.expose()));
        }
    }

    fn explain(&self) {
        let Some(turn) = self.turns.last() else {
            self.console.note("Nothing has been read yet.");
            return;
        };
        if turn.report.crisis.is_some() {
            self.console
                .line("That message was answered with reviewed words and help lines; nothing else was read from it.");
            return;
        }
        for line in reading_lines(&turn.report) {
            self.console.line(&line);
        }
        let all = [
            ("emotion", &turn.report.user_emotion),
            ("strategy", &turn.report.strategy),
            ("tone", &turn.report.system_emotion),
        ];
        for (name, decision) in all {
            if let Some(decision) = decision {
                let n_all = decision.distribution.len();
                self.console
                    .line(&format!("all {name}: {}", likeliest(decision, n_all)));
            }
        }
        let strategies = self.engine.reasoner().strategies();
        if let Some(meaning) = definition(
            strategies,
            turn.report.strategy.as_ref().map(|s| s.label.as_str()),
        ) {
            self.console.line(&format!("meaning: {meaning}"));
        }
    }

    fn erase(&mut self) -> anyhow::Result<()> {
        let said = std::mem::take(&mut self.conversation);
        self.engine.reasoner().forget(said.context());
        self.turns.clear();
        if self.console.is_json() {
            return tell(self.console, &ServerEvent::Erased);
        }
        self.console.line("Forgotten.");
        Ok(())
    }

    fn save(&self, path: &str) {
        if path.is_empty() {
            self.console.note("Say where: /save FILE");
            return;
        }
        // A copy that cannot be written must not end the conversation.
        match self.write_copy(Path::new(path)) {
            Ok(()) => self.console.note(&format!(
                "Saved {} turns to `{path}`. Anyone who can read the file can read what was said.",
                self.turns.len()
            )),
            Err(error) => self.console.note(&format!("Not saved: {error}")),
        }
    }

    fn write_copy(&self, path: &Path) -> anyhow::Result<()> {
        let is_markdown = path.extension().is_some_and(|kind| kind == "md");
        let copy = if is_markdown {
            self.markdown()
        } else {
            serde_json::to_string_pretty(&self.turns)?
        };
        let mut file = fs_err::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)?;
        file.write_all(copy.as_bytes())?;
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut copy = String::from("# A conversation with smes\n");
        for turn in &self.turns {
            let _ = write!(copy, "\n**You:** {}\n", turn.text.expose());
            if let Some(response) = &turn.report.response {
                let _ = write!(copy, "\n**smes:** {}\n", response.expose());
            }
            let lines = reading_lines(&turn.report);
            if !lines.is_empty() {
                let _ = write!(copy, "\n```\n{}\n```\n", lines.join("\n"));
            }
        }
        copy
    }

    fn give_notice(&self) -> anyhow::Result<()> {
        if self.console.is_json() {
            let text = NOTICE.to_owned();
            return tell(self.console, &ServerEvent::Notice { text });
        }
        self.console.line(NOTICE);
        Ok(())
    }

    fn refuse(&self, refusal: Refusal, id: Option<&str>) -> anyhow::Result<()> {
        if self.console.is_json() {
            return tell(self.console, &refusal.event(id));
        }
        self.console.line(&refusal.message());
        Ok(())
    }
}

/// Prints an event as one line of JSON.
fn tell(console: &Console, event: &ServerEvent) -> anyhow::Result<()> {
    console.line(&serde_json::to_string(event)?);
    Ok(())
}

fn definition<'s, L: Label>(set: &'s LabelSet<L>, name: Option<&str>) -> Option<&'s str> {
    set.definition(&set.parse(name?).ok()?)
}

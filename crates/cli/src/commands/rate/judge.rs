//! `smes rate judge`: a model as a further rater.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;
use smes_dialogue::Private;
use smes_rating::{JudgeOptions, Judged, Study, judge};
use smes_rating::{RatingError, endpoint};

use super::bad_study;
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes rate judge study --endpoint http://127.0.0.1:8080/v1 --model qwen3-8b
  smes rate judge study --endpoint https://api.example.org/v1 --model big --key-env BIG_KEY --per-minute 20
  smes rate report study

Optional, and no human evaluation: the report shows it apart, with the place that the model prefers and
how far it agrees with the raters. The dialogues and both answers are sent to the endpoint. A run that
stopped goes on with the same command.";

/// Asks a model the same questions, in both orders. No human evaluation.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct JudgeArgs {
    /// The study.
    study: PathBuf,
    /// An OpenAI-compatible server: its address before `/chat/completions`.
    #[arg(long, value_name = "URL")]
    endpoint: String,
    /// The model's name there.
    #[arg(long)]
    model: String,
    /// Environment variable that holds the key.
    #[arg(long, value_name = "VAR")]
    key_env: Option<String>,
    /// Name of the judge in the report [default: the model's].
    #[arg(long)]
    name: Option<String>,
    /// Requests at the same time.
    #[arg(long, default_value_t = 4, value_name = "N")]
    parallel: usize,
    /// Requests in a minute.
    #[arg(long, default_value_t = 60, value_name = "N")]
    per_minute: u32,
    /// Longest time of a request, in seconds.
    #[arg(long, default_value_t = 120, value_name = "S")]
    timeout: u64,
    /// Tries of a request that fails for now, with growing pauses.
    #[arg(long, default_value_t = 6, value_name = "N")]
    tries: u32,
    /// Stops after the first N moments.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Price of a million tokens read, for the cost.
    #[arg(long, value_name = "PRICE", requires = "price_out")]
    price_in: Option<f64>,
    /// Price of a million tokens written.
    #[arg(long, value_name = "PRICE", requires = "price_in")]
    price_out: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &JudgeArgs, console: &Console) -> anyhow::Result<()> {
    let study = Study::open(&args.study).map_err(bad_study)?;
    let client = client(args)?;
    let n_moments = args.limit.unwrap_or(usize::MAX).min(study.moments().len());
    if !client.is_local() {
        console.note(&format!(
            "{n_moments} dialogues and both answers to each are sent to {}",
            client.host()
        ));
    }
    let options = JudgeOptions {
        name: args.name.clone().unwrap_or_else(|| args.model.clone()),
        model: args.model.clone(),
        n_threads: args.parallel,
        n_malformed: 2,
        n_moments,
    };
    let bar = console.progress(2 * n_moments as u64, "judging");
    let judged = judge(&study, &client, &options, &mut || bar.inc(1)).map_err(bad_judge)?;
    bar.finish_and_clear();
    told(args, &options.name, judged, console)
}

fn bad_judge(error: RatingError) -> anyhow::Error {
    match error {
        RatingError::Endpoint(_) => Advice::missing(error.hint(), error),
        other => bad_study(other),
    }
}

fn client(args: &JudgeArgs) -> anyhow::Result<endpoint::Client> {
    let key = args.key_env.as_ref().map(|name| {
        std::env::var(name).map(Private::new).map_err(|_| {
            let error = anyhow!("the environment variable `{name}` is not set");
            Advice::missing(Some(format!("export {name}=...")), error)
        })
    });
    let config = endpoint::Config {
        url: args.endpoint.clone(),
        model: args.model.clone(),
        key: key.transpose()?,
        timeout: Duration::from_secs(args.timeout.max(1)),
        n_tries: args.tries,
        n_per_minute: args.per_minute,
        max_tokens: 200,
    };
    endpoint::Client::new(config).map_err(|error| Advice::bad_input(error.hint(), error))
}

fn told(args: &JudgeArgs, name: &str, judged: Judged, console: &Console) -> anyhow::Result<()> {
    let usage = judged.usage;
    let cost = args.price_in.zip(args.price_out).map(|(read, written)| {
        (usage.prompt_tokens as f64 * read + usage.completion_tokens as f64 * written) / 1e6
    });
    if console.is_json() {
        return console.json(&json!({
            "judge": name,
            "n_kept": judged.n_kept,
            "n_new": judged.n_new,
            "n_failed": judged.n_failed,
            "usage": usage,
            "cost": cost,
        }));
    }
    let study = args.study.display();
    console.line(&format!(
        "{} judgements by {name} ({} were there already); next: smes rate report {study}",
        judged.n_new, judged.n_kept
    ));
    let cost = cost.map_or_else(String::new, |cost| format!(", cost {cost:.2}"));
    console.note(&format!(
        "{} tokens read, {} written in all{cost}",
        usage.prompt_tokens, usage.completion_tokens
    ));
    if judged.n_failed > 0 {
        console.note(&format!(
            "{} judgements have no usable answer; the same command asks again",
            judged.n_failed
        ));
    }
    Ok(())
}

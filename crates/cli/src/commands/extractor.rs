//! What reads clips, from the command line. Shared by `cues`, `serve`, `chat` and `turn`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use smes_cues::{CueError, CueExtractor, EndpointExtractor, NativeExtractor};
use smes_endpoint::{Budget, Client, Config, Price};

use super::transcriber::key;
use crate::console::Console;
use crate::exit::Advice;

/// Longest answer, in tokens: two sentences.
const MAX_TOKENS: u32 = 80;
/// Longest time of a request where a person waits, and where nobody does, in seconds.
const LIVE_S: u64 = 20;
const BATCH_S: u64 = 120;

/// How a server that sees or hears is asked, for `endpoint:URL`.
#[derive(clap::Args, Debug, Clone, Default)]
#[command(next_help_heading = "For endpoint:URL")]
pub(crate) struct ExtractorArgs {
    /// The model's name there.
    #[arg(long = "extractor-model", visible_alias = "model", value_name = "NAME")]
    extractor_model: Option<String>,
    /// Environment variable that holds the key.
    #[arg(
        long = "extractor-key-env",
        visible_alias = "key-env",
        value_name = "VAR"
    )]
    key_env: Option<String>,
    /// Asks in a second question which distress may lie behind what is seen.
    #[arg(long)]
    distress: bool,
    /// Longest time of a request, in seconds [default: 20 in a talk, 120 over a folder].
    #[arg(
        long = "extractor-timeout",
        visible_alias = "timeout",
        value_name = "S"
    )]
    timeout_s: Option<u64>,
    /// Tries of a request that fails for now, with growing pauses [default: 1 in a talk, 4].
    #[arg(long = "extractor-tries", visible_alias = "tries", value_name = "N")]
    n_tries: Option<u32>,
    /// Requests in a minute.
    #[arg(long, value_name = "N", default_value_t = 60)]
    per_minute: u32,
    /// Stops when so many tokens were read and written.
    #[arg(long, value_name = "N")]
    budget_tokens: Option<u64>,
    /// Stops when so much was spent, at the prices given.
    #[arg(long, value_name = "COST", requires_all = ["price_in", "price_out"])]
    budget: Option<f64>,
    /// Price of a million tokens read.
    #[arg(long, value_name = "PRICE", requires = "price_out")]
    price_in: Option<f64>,
    /// Price of a million tokens written.
    #[arg(long, value_name = "PRICE", requires = "price_in")]
    price_out: Option<f64>,
}

/// Who waits for the cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// A person: what is measured here stands in for an answer that does not come.
    Person,
    /// Nobody: a missing cue is asked for again.
    Nobody,
}

/// What reads clips.
pub(crate) enum Chosen {
    Native(NativeExtractor),
    Endpoint(Box<EndpointExtractor>),
}

impl Chosen {
    pub(crate) fn as_dyn(&self) -> &dyn CueExtractor {
        match self {
            Self::Native(native) => native,
            Self::Endpoint(endpoint) => &**endpoint,
        }
    }

    pub(crate) fn into_shared(self) -> Arc<dyn CueExtractor> {
        match self {
            Self::Native(native) => Arc::new(native),
            Self::Endpoint(endpoint) => Arc::new(*endpoint),
        }
    }
}

impl ExtractorArgs {
    /// The extractor of that name: `native` or `endpoint:URL`.
    pub(crate) fn open(&self, name: &str, waiting: Waiting) -> anyhow::Result<Chosen> {
        match name.split_once(':') {
            None if name == "native" => Ok(Chosen::Native(
                NativeExtractor::embedded().map_err(bad_extractor)?,
            )),
            Some(("endpoint", url)) if !url.is_empty() => {
                Ok(Chosen::Endpoint(Box::new(self.endpoint(url, waiting)?)))
            }
            _ => Err(Advice::bad_input(
                Some(
                    "`native` or `endpoint:URL`, such as `endpoint:http://127.0.0.1:8000/v1`"
                        .to_owned(),
                ),
                anyhow!("unknown extractor `{name}`"),
            )),
        }
    }

    fn endpoint(&self, url: &str, waiting: Waiting) -> anyhow::Result<EndpointExtractor> {
        let Some(model) = self.extractor_model.clone() else {
            return Err(Advice::bad_input(
                Some("name it with `--model`, as the server calls it".to_owned()),
                anyhow!("an endpoint needs the name of a model"),
            ));
        };
        let (timeout_s, n_tries) = match waiting {
            Waiting::Person => (LIVE_S, 1),
            Waiting::Nobody => (BATCH_S, 4),
        };
        let config = Config {
            url: url.to_owned(),
            model,
            key: self.key_env.as_deref().map(key).transpose()?,
            timeout: Duration::from_secs(self.timeout_s.unwrap_or(timeout_s).max(1)),
            n_tries: self.n_tries.unwrap_or(n_tries),
            n_per_minute: self.per_minute,
            max_tokens: MAX_TOKENS,
        };
        let client = Client::new(config).map_err(|error| Advice::bad_input(error.hint(), error))?;
        let extractor = EndpointExtractor::new(client.with_budget(self.budget()))
            .map_err(bad_extractor)?
            .asking_distress(self.distress)
            .trying_first();
        Ok(match waiting {
            Waiting::Person => extractor.standing_in(),
            Waiting::Nobody => extractor,
        })
    }

    fn price(&self) -> Option<Price> {
        let (prompt, completion) = self.price_in.zip(self.price_out)?;
        Some(Price { prompt, completion })
    }

    fn budget(&self) -> Budget {
        Budget {
            tokens: self.budget_tokens,
            money: self.budget.zip(self.price()),
        }
    }

    /// Says what an endpoint was sent and what it took.
    pub(crate) fn tell_spent(&self, chosen: &Chosen, console: &Console) {
        let Chosen::Endpoint(endpoint) = chosen else {
            return;
        };
        let spent = endpoint.client().spent();
        let cost = self
            .price()
            .map(|price| format!(", cost {:.2}", price.of(spent)));
        console.note(&format!(
            "{} tokens read, {} written{}",
            spent.prompt_tokens,
            spent.completion_tokens,
            cost.unwrap_or_default()
        ));
    }
}

/// Says where clips go, if they leave this machine.
pub(crate) fn tell_where(chosen: &Chosen, console: &Console) {
    if let Chosen::Endpoint(endpoint) = chosen
        && !endpoint.client().is_local()
    {
        console.note(&format!(
            "the pictures and sound of clips are sent to {}",
            endpoint.client().host()
        ));
    }
}

/// An extractor's error with what to do about it.
pub(crate) fn bad_extractor(error: CueError) -> anyhow::Error {
    Advice::missing(error.hint(), error)
}

//! Who writes down what is said, from the command line. Shared by `serve` and `transcribe`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use smes_dialogue::Private;
use smes_endpoint::{Client, Config};
use smes_hub::{ModelName, ModelStore};
use smes_speech::{EndpointTranscriber, SpeechError, Transcriber, WhisperTranscriber};

use super::train::pretrained_folder;
use crate::exit::Advice;

/// Tries of a request that fails for now.
const N_TRIES: u32 = 3;
const N_PER_MINUTE: u32 = 120;

/// How a server that transcribes is asked.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct TranscriberArgs {
    /// The model's name at the server, for `endpoint:URL`.
    #[arg(id = "transcriber_model", long = "transcriber-model")]
    #[arg(value_name = "NAME", default_value = "whisper-1")]
    model: String,
    /// Environment variable that holds the server's key.
    #[arg(
        id = "transcriber_key_env",
        long = "transcriber-key-env",
        value_name = "VAR"
    )]
    key_env: Option<String>,
    /// Longest time of a request, in seconds.
    #[arg(id = "transcriber_timeout", long = "transcriber-timeout")]
    #[arg(value_name = "S", default_value_t = 60)]
    timeout_s: u64,
}

impl TranscriberArgs {
    /// The transcriber of that name: `whisper:DIR`, `whisper:OWNER/NAME`, `endpoint:URL`.
    pub(crate) fn open(&self, name: &str) -> anyhow::Result<Arc<dyn Transcriber>> {
        match name.split_once(':') {
            Some(("whisper", place)) if !place.is_empty() => Ok(Arc::new(whisper(place)?)),
            Some(("endpoint", url)) if !url.is_empty() => Ok(Arc::new(self.endpoint(url)?)),
            _ => Err(Advice::bad_input(
                Some("`whisper:openai/whisper-base`, `whisper:DIR` or `endpoint:URL`".to_owned()),
                anyhow!("unknown transcriber `{name}`"),
            )),
        }
    }

    fn endpoint(&self, url: &str) -> anyhow::Result<EndpointTranscriber> {
        let config = Config {
            url: url.to_owned(),
            model: self.model.clone(),
            key: self.key_env.as_deref().map(key).transpose()?,
            timeout: Duration::from_secs(self.timeout_s.max(1)),
            n_tries: N_TRIES,
            n_per_minute: N_PER_MINUTE,
            max_tokens: 0,
        };
        let client = Client::new(config).map_err(|error| Advice::bad_input(error.hint(), error))?;
        Ok(EndpointTranscriber::new(client))
    }
}

/// The key that an environment variable holds.
pub(super) fn key(variable: &str) -> anyhow::Result<Private<String>> {
    std::env::var(variable).map(Private::new).map_err(|_| {
        let error = anyhow!("the environment variable `{variable}` is not set");
        Advice::missing(Some(format!("export {variable}=...")), error)
    })
}

/// A Whisper of a folder, or one that `smes models pull` got.
fn whisper(place: &str) -> anyhow::Result<WhisperTranscriber> {
    let models = ModelStore::from_env().map_err(super::models::advise)?;
    let folder = pretrained_folder(Path::new(place), &models)?;
    if let (false, Ok(name)) = (folder.is_dir(), place.parse::<ModelName>()) {
        return Err(Advice::missing(
            Some(format!("`smes models pull {name}` fetches it")),
            anyhow!("the model `{name}` is not on this machine"),
        ));
    }
    let opened = WhisperTranscriber::open(&folder).map_err(bad_speech)?;
    Ok(opened.named(place))
}

/// A transcriber's error with what to do about it.
pub(super) fn bad_speech(error: SpeechError) -> anyhow::Error {
    match error {
        SpeechError::NoFolder { .. } | SpeechError::Read { .. } | SpeechError::Endpoint(_) => {
            Advice::missing(error.hint(), error)
        }
        other => Advice::bad_input(other.hint(), other),
    }
}

//! The predictions of a suite's systems: taken from files, or made once and kept.

use std::path::{Path, PathBuf};

use smes_corpus::Corpus;
use smes_evaluation::suite::{Suite, SuiteError, SystemSource, SystemSpec};
use smes_evaluation::{GoldSet, Predictions, config_hash, content_hash};

use crate::commands::engine::ReasonerArgs;
use crate::commands::predict::{self, HistoryStrategies, PredictArgs};
use crate::commands::reasoners::model_hash;
use crate::console::{Console, Output};
use crate::exit::Advice;

/// Where predictions are made and kept.
pub(crate) struct Workshop<'w> {
    pub(crate) suite: &'w Suite,
    pub(crate) suite_file: &'w str,
    pub(crate) corpus: &'w Corpus,
    pub(crate) gold: &'w GoldSet,
    /// Where reports go.
    pub(crate) folder: PathBuf,
    /// Where predictions and scores of meaning are kept.
    pub(crate) cache: PathBuf,
    pub(crate) is_fresh: bool,
    pub(crate) console: &'w Console,
}

impl Workshop<'_> {
    /// The predictions of one source of a system.
    pub(crate) fn predictions(
        &self,
        system: &SystemSpec,
        source: &SystemSource,
    ) -> anyhow::Result<Predictions> {
        let file = match source {
            SystemSource::File(path) if path.is_file() => path.clone(),
            SystemSource::File(path) => {
                return Err(self.missing(system, &path.display().to_string()));
            }
            SystemSource::Reasoner(name) => self.predicted(system, name)?,
        };
        Predictions::read(&file, self.gold).map_err(|error| Advice::bad_input(error.hint(), error))
    }

    fn predicted(&self, system: &SystemSpec, reasoner: &str) -> anyhow::Result<PathBuf> {
        let place = reasoner.split_once(':').map(|(_, place)| Path::new(place));
        let is_address = place.is_some_and(|place| place.to_string_lossy().contains("://"));
        if let Some(place) = place.filter(|place| !is_address && !place.exists()) {
            return Err(self.missing(system, &place.display().to_string()));
        }
        let model = match model_hash(reasoner)? {
            Some(hash) => hash,
            // What is embedded changes with the program.
            None => content_hash(&std::env::current_exe()?)?,
        };
        let key = config_hash(&[
            ("reasoner", reasoner),
            ("model", &model),
            ("version", env!("CARGO_PKG_VERSION")),
            ("corpus", self.corpus.checksum()),
            ("split", self.suite.split.as_str()),
            ("cues", system.cues.as_deref().unwrap_or_default()),
            ("responses", if system.labels_only { "no" } else { "yes" }),
        ]);
        let name = format!("{}-{key}.jsonl", slug(reasoner));
        let out = self.cache.join("predictions").join(name);
        if out.is_file() && !self.is_fresh {
            return Ok(out);
        }
        self.console
            .note(&format!("predicting: {}, `{reasoner}`", system.name));
        let args = PredictArgs {
            corpus: self.corpus.folder().to_owned(),
            split: self.suite.split,
            reasoner: reasoner.to_owned(),
            out: out.clone(),
            limit: None,
            cues: system.cues.clone(),
            responses: !system.labels_only,
            history_strategies: HistoryStrategies::default(),
            options: ReasonerArgs::default(),
            output: Output::default(),
        };
        predict::write(&args, self.corpus, self.console)?;
        Ok(out)
    }

    fn missing(&self, system: &SystemSpec, place: &str) -> anyhow::Error {
        let error = SuiteError::Missing {
            file: self.suite_file.to_owned(),
            line: system.line,
            system: system.name.clone(),
            place: place.to_owned(),
        };
        Advice::missing(error.hint(), error)
    }
}

/// A name as part of a file name.
fn slug(name: &str) -> String {
    let part = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(part).collect()
}

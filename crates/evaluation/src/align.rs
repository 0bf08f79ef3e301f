//! A prediction file beside the corpus it claims to be of.
//!
//! Every instance of the split gets the record that is about it, or none: a missing prediction counts
//! as wrong. What does not belong to the corpus is an error with its line.

use std::collections::HashMap;
use std::path::Path;

use smes_dialogue::{DialogueId, Label, LabelSet, UnknownLabel};

use crate::error::PredictionError;
use crate::gold::GoldSet;
use crate::predictions::{Header, PredictionReader, Record, unknown_label};

/// Predictions in the order of the gold instances.
#[derive(Debug)]
pub struct Predictions {
    /// The file's header.
    pub header: Header,
    /// One place an instance.
    pub records: Vec<Option<Record>>,
}

impl Predictions {
    /// Reads a file and sets it beside the gold instances.
    ///
    /// # Errors
    /// [`PredictionError`] with file and line when the file is broken, is of other data, names an
    /// utterance that is no instance, or contradicts the corpus's labels.
    pub fn read(path: &Path, gold: &GoldSet) -> Result<Self, PredictionError> {
        let mut reader = PredictionReader::open(path)?;
        let header = reader.header().clone();
        check_header(path, &header, gold)?;
        let places: HashMap<(&DialogueId, usize), usize> = gold
            .instances()
            .enumerate()
            .map(|(place, (dialogue, one))| ((&dialogue.id, one.instance.utterance_idx), place))
            .collect();
        let labels: Vec<_> = gold
            .instances()
            .map(|(_, one)| &one.instance.gold)
            .collect();
        let mut records: Vec<Option<Record>> = vec![None; labels.len()];
        while let Some(record) = reader.next() {
            let record = record?;
            let line = reader.line();
            let Some(&place) = places.get(&(&record.dialogue, record.utterance)) else {
                return Err(PredictionError::NoInstance {
                    path: path.to_owned(),
                    line,
                    dialogue: record.dialogue,
                    utterance: record.utterance,
                });
            };
            if &record.gold != labels[place] {
                return Err(PredictionError::OtherGold {
                    path: path.to_owned(),
                    line,
                    dialogue: record.dialogue,
                    utterance: record.utterance,
                });
            }
            records[place] = Some(record);
        }
        Ok(Self { header, records })
    }

    /// Number of instances without a record.
    pub fn n_missing(&self) -> usize {
        self.records
            .iter()
            .filter(|record| record.is_none())
            .count()
    }
}

fn check_header(path: &Path, header: &Header, gold: &GoldSet) -> Result<(), PredictionError> {
    let path = || path.to_owned();
    if header.corpus.checksum != gold.corpus.checksum {
        return Err(PredictionError::OtherCorpus {
            path: path(),
            found: header.corpus.clone(),
            expected: gold.corpus.clone(),
        });
    }
    if header.split != gold.split {
        return Err(PredictionError::OtherSplit {
            path: path(),
            found: header.split,
            expected: gold.split,
        });
    }
    let known = |field, unknown: Option<UnknownLabel>| match unknown {
        Some(source) => Err(PredictionError::UnknownLabel {
            path: path(),
            line: 1,
            field,
            source: Box::new(source),
        }),
        None => Ok(()),
    };
    known("emotions", first_unknown(&gold.emotions, &header.emotions))?;
    known(
        "strategies",
        first_unknown(&gold.strategies, &header.strategies),
    )
}

/// The first label that the corpus's set does not have by its exact name.
fn first_unknown<L: Label>(set: &LabelSet<L>, labels: &[L]) -> Option<UnknownLabel> {
    let label = labels.iter().find(|label| set.index_of(label).is_none())?;
    Some(unknown_label(set, label))
}

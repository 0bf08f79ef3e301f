//! Which moments of the dialogues are rated.
//!
//! A moment can be rated when both systems gave a response there and the two differ. Dialogues are
//! gone through in rounds, one random moment of each, so that the moments are as independent as their
//! number allows: with no more moments than dialogues, no dialogue is there twice.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use smes_dialogue::{DialogueId, Private, SplitName};
use smes_evaluation::{CorpusRef, Header, PredictionReader, SplitMix64};

use crate::RatingError;
use crate::study::{SystemInfo, sha256_of_file};

/// How many of what, and by which chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleOptions {
    /// Moments to be rated.
    pub n_items: usize,
    /// Further tasks that say what is to be answered, to see whether they are read.
    pub n_checks: usize,
    /// Moments that each rater sees a second time, sides swapped.
    pub n_repeats: usize,
    /// Seed of the sample and of every rater's order.
    pub seed: u64,
}

/// Most moments of a study: far beyond what a person can rate.
const MAX_ITEMS: usize = 5_000;

impl SampleOptions {
    fn check(&self) -> Result<(), RatingError> {
        let bounds = [
            ("items", self.n_items, 1, MAX_ITEMS),
            ("checks", self.n_checks, 0, self.n_items),
            ("repeats", self.n_repeats, 0, self.n_items / 2),
        ];
        for (name, found, least, most) in bounds {
            if !(least..=most).contains(&found) {
                return Err(RatingError::OutOfBounds {
                    name,
                    found,
                    expected: format!("{least} to {most}"),
                });
            }
        }
        Ok(())
    }
}

/// A place in a dialogue and what each system answers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The dialogue.
    pub dialogue: DialogueId,
    /// Position of the supporter's utterance that is answered instead of.
    pub utterance: usize,
    /// Answer of system A.
    pub a: Private<String>,
    /// Answer of system B.
    pub b: Private<String>,
}

/// What was there to choose from.
#[expect(
    clippy::struct_field_names,
    reason = "counts are named `n_...` everywhere"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Moments that are in both files.
    pub n_common: usize,
    /// Of those, left out because a system gave no response.
    pub n_without_response: usize,
    /// Of those, left out because both responses are the same.
    pub n_identical: usize,
    /// Dialogues that the chosen moments are of.
    pub n_dialogues: usize,
}

/// The chosen moments and where they come from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// How it was drawn.
    pub options: SampleOptions,
    /// The corpus of both files.
    pub corpus: CorpusRef,
    /// The split of both files.
    pub split: SplitName,
    /// System A, as its file says.
    pub a: SystemInfo,
    /// System B.
    pub b: SystemInfo,
    /// What there was.
    pub counts: Counts,
    /// The moments to be rated, in random order.
    pub moments: Vec<Moment>,
    /// Moments for the checks; others than those to be rated where there are enough.
    pub checks: Vec<Moment>,
}

/// Draws moments from two prediction files, given as `(name, file)`.
///
/// # Errors
/// [`RatingError`] when a file is broken, the two are not about the same data, or there are too few
/// moments.
pub fn sample(
    a: (&str, &Path),
    b: (&str, &Path),
    options: SampleOptions,
) -> Result<Sample, RatingError> {
    options.check()?;
    let (header_a, responses_a) = read(a.1)?;
    let (header_b, mut responses_b) = read(b.1)?;
    same_data(b.1, &header_a, &header_b)?;
    let mut counts = Counts::default();
    let mut by_dialogue: BTreeMap<DialogueId, Vec<Moment>> = BTreeMap::new();
    for ((dialogue, utterance), response_a) in responses_a {
        let Some(response_b) = responses_b.remove(&(dialogue.clone(), utterance)) else {
            continue;
        };
        counts.n_common += 1;
        let (Some(a), Some(b)) = (response_a, response_b) else {
            counts.n_without_response += 1;
            continue;
        };
        if a == b {
            counts.n_identical += 1;
            continue;
        }
        let moments = by_dialogue.entry(dialogue.clone()).or_default();
        moments.push(Moment {
            dialogue,
            utterance,
            a,
            b,
        });
    }
    let mut moments = in_rounds(by_dialogue, options.seed);
    if moments.len() < options.n_items {
        return Err(RatingError::TooFew {
            found: moments.len(),
            wanted: options.n_items,
        });
    }
    let rest = moments.split_off(options.n_items);
    let checks = rest
        .iter()
        .chain(&moments)
        .take(options.n_checks)
        .cloned()
        .collect();
    let mut dialogues: Vec<&DialogueId> = moments.iter().map(|moment| &moment.dialogue).collect();
    dialogues.sort_unstable();
    dialogues.dedup();
    counts.n_dialogues = dialogues.len();
    Ok(Sample {
        options,
        corpus: header_a.corpus.clone(),
        split: header_a.split,
        a: system_info(a, &header_a)?,
        b: system_info(b, &header_b)?,
        counts,
        moments,
        checks,
    })
}

type Responses = BTreeMap<(DialogueId, usize), Option<Private<String>>>;

/// The trimmed responses of a file by their place; `None` where there is none.
fn read(path: &Path) -> Result<(Header, Responses), RatingError> {
    let reader = PredictionReader::open(path)?;
    let header = reader.header().clone();
    let mut responses = Responses::new();
    for record in reader {
        let record = record?;
        let response = record
            .response
            .map(|response| response.expose().trim().to_owned())
            .filter(|response| !response.is_empty());
        responses.insert(
            (record.dialogue, record.utterance),
            response.map(Private::new),
        );
    }
    Ok((header, responses))
}

fn same_data(path: &Path, a: &Header, b: &Header) -> Result<(), RatingError> {
    let facts = [
        ("corpus checksum", &a.corpus.checksum, &b.corpus.checksum),
        ("split", &a.split.to_string(), &b.split.to_string()),
    ];
    for (what, expected, found) in facts {
        if expected != found {
            return Err(RatingError::DifferentData {
                path: path.to_owned(),
                what,
                found: found.clone(),
                expected: expected.clone(),
            });
        }
    }
    Ok(())
}

fn system_info((name, path): (&str, &Path), header: &Header) -> Result<SystemInfo, RatingError> {
    Ok(SystemInfo {
        name: name.to_owned(),
        reasoner: header.reasoner.clone(),
        config_hash: header.config_hash.clone(),
        predictions_sha256: sha256_of_file(path)?,
    })
}

/// All moments: first one of each dialogue, then a second one, and so on; chance decides which.
fn in_rounds(by_dialogue: BTreeMap<DialogueId, Vec<Moment>>, seed: u64) -> Vec<Moment> {
    let mut random = SplitMix64::new(seed);
    let mut dialogues: Vec<Vec<Moment>> = by_dialogue.into_values().collect();
    random.shuffle(&mut dialogues);
    for moments in &mut dialogues {
        random.shuffle(moments);
    }
    let mut chosen = Vec::new();
    while !dialogues.is_empty() {
        chosen.extend(dialogues.iter_mut().filter_map(Vec::pop));
        dialogues.retain(|moments| !moments.is_empty());
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{OPTIONS, predictions};

    fn options(n_items: usize) -> SampleOptions {
        SampleOptions {
            n_items,
            n_repeats: 0,
            ..OPTIONS
        }
    }

    #[test]
    fn no_dialogue_is_there_twice_before_all_were_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = predictions(folder.path(), 6, 4);
        let drawn = sample(("A", &a), ("B", &b), options(9)).unwrap();
        let dialogues: Vec<&str> = drawn
            .moments
            .iter()
            .map(|one| one.dialogue.as_str())
            .collect();
        let mut first = dialogues[..6].to_vec();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 6, "{dialogues:?}");
        assert_eq!(drawn.counts.n_dialogues, 6);
        let again = sample(("A", &a), ("B", &b), options(9)).unwrap();
        assert_eq!(drawn.moments, again.moments);
        let other = SampleOptions {
            seed: 2,
            ..options(9)
        };
        let other = sample(("A", &a), ("B", &b), other).unwrap();
        assert_ne!(drawn.moments, other.moments);
    }

    #[test]
    fn what_cannot_be_rated_is_left_out_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = predictions(folder.path(), 3, 4);
        // The fixture gives every dialogue one moment with the same answer twice and one without.
        let drawn = sample(("A", &a), ("B", &b), options(2)).unwrap();
        assert_eq!(
            (
                drawn.counts.n_common,
                drawn.counts.n_identical,
                drawn.counts.n_without_response
            ),
            (12, 3, 3)
        );
        let error = sample(("A", &a), ("B", &b), options(7)).unwrap_err();
        assert!(
            matches!(
                error,
                RatingError::TooFew {
                    found: 6,
                    wanted: 7
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn files_of_different_data_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (a, _) = predictions(folder.path(), 3, 4);
        let text = fs_err::read_to_string(&a).unwrap();
        let other = folder.path().join("other.jsonl");
        fs_err::write(
            &other,
            text.replacen("\"checksum\":\"0\"", "\"checksum\":\"1\"", 1),
        )
        .unwrap();
        let error = sample(("A", &a), ("B", &other), options(2)).unwrap_err();
        assert!(
            matches!(error, RatingError::DifferentData { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("other.jsonl"), "{error}");
        assert!(error.hint().is_some());
    }
}

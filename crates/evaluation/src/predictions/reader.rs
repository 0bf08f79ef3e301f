//! Reads a prediction file line by line and checks every line.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use fs_err::File;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use smes_dialogue::{DialogueId, Emotion, Label, LabelSet, LabelSpec, Strategy, UnknownLabel};

use super::{FORMAT, Header, PredictedLabel, Record, VERSION};
use crate::PredictionError;

/// Longest line: far above any real record, so that no input can fill the memory.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// A stream of checked records. It ends with an error when records are missing at the end.
#[derive(Debug)]
pub struct PredictionReader {
    lines: Lines,
    header: Header,
    labels: HeaderLabels,
    seen: HashSet<(DialogueId, usize)>,
    is_done: bool,
}

impl PredictionReader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`PredictionError`] when the file cannot be read or its first line is no header of a known
    /// version.
    pub fn open(path: &Path) -> Result<Self, PredictionError> {
        let mut lines = Lines {
            file: BufReader::new(File::open(path)?),
            path: path.to_owned(),
            line: 0,
        };
        let Some(first) = lines.next_line()? else {
            return Err(PredictionError::Empty {
                path: path.to_owned(),
            });
        };
        let header = parse_header(&lines, &first)?;
        let labels = HeaderLabels::new(&header);
        labels.check_majority(&lines, &header)?;
        Ok(Self {
            lines,
            header,
            labels,
            seen: HashSet::new(),
            is_done: false,
        })
    }

    /// The first line.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Line of the latest record, from 1.
    pub const fn line(&self) -> usize {
        self.lines.line
    }

    fn next_record(&mut self) -> Result<Option<Record>, PredictionError> {
        let Some(text) = self.lines.next_line()? else {
            if self.seen.len() == self.header.n_instances {
                return Ok(None);
            }
            return Err(PredictionError::Incomplete {
                path: self.lines.path.clone(),
                expected: self.header.n_instances,
                found: self.seen.len(),
            });
        };
        let record: Record = self.lines.parse(&text)?;
        self.labels.check(&self.lines, &record)?;
        if !self
            .seen
            .insert((record.dialogue.clone(), record.utterance))
        {
            return Err(PredictionError::Duplicate {
                path: self.lines.path.clone(),
                line: self.lines.line,
                dialogue: record.dialogue,
                utterance: record.utterance,
            });
        }
        Ok(Some(record))
    }
}

impl Iterator for PredictionReader {
    type Item = Result<Record, PredictionError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let next = self.next_record().transpose();
        self.is_done = !matches!(next, Some(Ok(_)));
        next
    }
}

fn parse_header(lines: &Lines, first: &str) -> Result<Header, PredictionError> {
    #[derive(Deserialize)]
    struct Probe {
        format: String,
        version: u64,
    }
    let not_predictions = || PredictionError::NotPredictions {
        path: lines.path.clone(),
    };
    let probe: Probe = serde_json::from_str(first).map_err(|_| not_predictions())?;
    if probe.format != FORMAT {
        return Err(not_predictions());
    }
    if probe.version != VERSION {
        return Err(PredictionError::Version {
            path: lines.path.clone(),
            found: probe.version,
        });
    }
    lines.parse(first)
}

/// The lines of a file, with their numbers and a bound on their length.
#[derive(Debug)]
struct Lines {
    file: BufReader<File>,
    path: PathBuf,
    line: usize,
}

impl Lines {
    /// The next line that is not blank.
    fn next_line(&mut self) -> Result<Option<String>, PredictionError> {
        loop {
            let mut bytes = Vec::new();
            let n_read = (&mut self.file)
                .take(MAX_LINE_BYTES + 1)
                .read_until(b'\n', &mut bytes)?;
            if n_read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if n_read as u64 > MAX_LINE_BYTES {
                return Err(PredictionError::LineTooLong {
                    path: self.path.clone(),
                    line: self.line,
                    max: MAX_LINE_BYTES,
                });
            }
            let text = String::from_utf8(bytes).map_err(|_| PredictionError::NotUtf8 {
                path: self.path.clone(),
                line: self.line,
            })?;
            if !text.trim().is_empty() {
                return Ok(Some(text));
            }
        }
    }

    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, PredictionError> {
        serde_json::from_str(text).map_err(|error| PredictionError::Json {
            path: self.path.clone(),
            line: self.line,
            what: without_values(&error.to_string()),
        })
    }
}

/// The message of `serde_json` without the string it quotes, which may be a person's words.
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(start), Some(end)) if start < end => {
            format!("{}\"...\"{}", &message[..start], &message[end + 1..])
        }
        _ => message.to_owned(),
    }
}

/// The labels that a file may use.
#[derive(Debug)]
struct HeaderLabels {
    emotions: LabelSet<Emotion>,
    strategies: LabelSet<Strategy>,
}

impl HeaderLabels {
    fn new(header: &Header) -> Self {
        Self {
            emotions: label_set("emotions", &header.emotions),
            strategies: label_set("strategies", &header.strategies),
        }
    }

    fn check_majority(&self, lines: &Lines, header: &Header) -> Result<(), PredictionError> {
        let majority = &header.majority;
        let emotion = |field, label| known(lines, field, &self.emotions, label);
        let strategy = |field, label| known(lines, field, &self.strategies, label);
        emotion("majority.user_emotion", majority.user_emotion.as_ref())?;
        emotion("majority.system_emotion", majority.system_emotion.as_ref())?;
        strategy("majority.strategy", majority.strategy.as_ref())?;
        strategy(
            "majority.opening_strategy",
            majority.opening_strategy.as_ref(),
        )
    }

    fn check(&self, lines: &Lines, record: &Record) -> Result<(), PredictionError> {
        let (gold, predicted) = (&record.gold, &record.predicted);
        let emotion = |field, label| known(lines, field, &self.emotions, label);
        let strategy = |field, label| known(lines, field, &self.strategies, label);
        emotion("gold.user_emotion", gold.user_emotion.as_ref())?;
        emotion("gold.system_emotion", gold.system_emotion.as_ref())?;
        strategy("gold.strategy", gold.strategy.as_ref())?;
        strategy("last_strategy", record.last_strategy.as_ref())?;
        let emotions = &self.emotions;
        prediction(
            lines,
            "predicted.user_emotion",
            emotions,
            predicted.user_emotion.as_ref(),
        )?;
        prediction(
            lines,
            "predicted.system_emotion",
            emotions,
            predicted.system_emotion.as_ref(),
        )?;
        prediction(
            lines,
            "predicted.strategy",
            &self.strategies,
            predicted.strategy.as_ref(),
        )
    }
}

fn label_set<L: Label>(name: &str, labels: &[L]) -> LabelSet<L> {
    LabelSet {
        name: format!("{name} of the header"),
        labels: labels
            .iter()
            .map(|label| LabelSpec {
                label: label.clone(),
                definition: String::new(),
                aliases: Vec::new(),
            })
            .collect(),
    }
}

/// That a label is one of the set, by its exact name.
fn known<L: Label>(
    lines: &Lines,
    field: &'static str,
    set: &LabelSet<L>,
    label: Option<&L>,
) -> Result<(), PredictionError> {
    let Some(label) = label.filter(|label| set.index_of(label).is_none()) else {
        return Ok(());
    };
    Err(PredictionError::UnknownLabel {
        path: lines.path.clone(),
        line: lines.line,
        field,
        source: Box::new(unknown_label(set, label)),
    })
}

/// The error for a label that the set does not have by its exact name.
pub(crate) fn unknown_label<L: Label>(set: &LabelSet<L>, label: &L) -> UnknownLabel {
    let name = label.name();
    set.parse(name).err().unwrap_or_else(|| UnknownLabel {
        // The same name in other letters: a prediction file holds canonical names only.
        kind: L::KIND,
        raw: name.to_owned(),
        set: set.name.clone(),
        nearest: set.parse(name).ok().map(|near| near.name().to_owned()),
        expected: set.names().map(str::to_owned).collect(),
    })
}

fn prediction<L: Label>(
    lines: &Lines,
    field: &'static str,
    set: &LabelSet<L>,
    predicted: Option<&PredictedLabel<L>>,
) -> Result<(), PredictionError> {
    let Some(predicted) = predicted else {
        return Ok(());
    };
    known(lines, field, set, Some(&predicted.label))?;
    for (label, prob) in &predicted.probs {
        known(lines, field, set, Some(label))?;
        if !(0.0..=1.001).contains(prob) {
            return Err(PredictionError::Probability {
                path: lines.path.clone(),
                line: lines.line,
                field,
                found: *prob,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{header, record, write_file};

    /// Writes header and lines, reads them, and gives the first error's text.
    fn error_of(header: &Header, lines: &[String]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        let mut text = serde_json::to_string(header).unwrap();
        for line in lines {
            text.push('\n');
            text.push_str(line);
        }
        fs_err::write(&path, text).unwrap();
        let error = match PredictionReader::open(&path) {
            Ok(mut reader) => reader.find_map(Result::err).unwrap(),
            Err(error) => error,
        };
        error
            .to_string()
            .replace(folder.path().to_str().unwrap(), "DIR")
    }

    fn json(record: &Record) -> String {
        serde_json::to_string(record).unwrap()
    }

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        let records = [record("a", 1), record("a", 2), record("b", 1)];
        write_file(&path, &header(3), &records);
        let reader = PredictionReader::open(&path).unwrap();
        assert_eq!(reader.header(), &header(3));
        let read: Vec<Record> = reader.map(Result::unwrap).collect();
        assert_eq!(read, records);
    }

    #[test]
    fn every_fault_names_file_and_line() {
        let good = json(&record("a", 1));
        let unknown = good.replace("\"label\":\"joy\"", "\"label\":\"joyful\"");
        assert_eq!(
            error_of(&header(1), &[unknown]),
            "DIR/p.jsonl:2: `predicted.user_emotion`: unknown emotion `joyful` (label set `emotions of the header`)"
        );
        assert_eq!(
            error_of(&header(2), &[good.clone(), good.clone()]),
            "DIR/p.jsonl:3: utterance 1 of dialogue `a` stood on an earlier line already"
        );
        assert_eq!(
            error_of(&header(2), std::slice::from_ref(&good)),
            "DIR/p.jsonl: 1 records, expected the 2 that its header announces"
        );
        assert_eq!(
            error_of(&header(1), &[good.replace("0.75", "7.5")]),
            "DIR/p.jsonl:2: `predicted.user_emotion`: probability `7.5`, expected a value in 0..=1"
        );
        assert!(
            error_of(&header(1), &[good[..40].to_owned()])
                .starts_with("DIR/p.jsonl:2: EOF while parsing")
        );
        let other = Header {
            version: 9,
            ..header(1)
        };
        assert_eq!(
            error_of(&other, &[]),
            "DIR/p.jsonl:1: format version `9`, expected `1`"
        );
    }

    #[test]
    fn a_label_in_other_letters_is_unknown_and_the_hint_names_the_canonical_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        let text = json(&record("a", 1)).replace("\"label\":\"joy\"", "\"label\":\"Joy\"");
        fs_err::write(
            &path,
            format!("{}\n{text}", serde_json::to_string(&header(1)).unwrap()),
        )
        .unwrap();
        let error = PredictionReader::open(&path)
            .unwrap()
            .find_map(Result::err)
            .unwrap();
        assert!(error.hint().unwrap().contains("did you mean `joy`"));
    }

    #[test]
    fn a_misplaced_response_is_not_quoted() {
        let text =
            json(&record("a", 1)).replace("\"utterance\":1", "\"utterance\":\"marker words\"");
        let message = error_of(&header(1), &[text]);
        assert!(
            message.starts_with("DIR/p.jsonl:2: invalid type: string \"...\""),
            "{message}"
        );
        assert!(!message.contains("marker"));
    }

    #[test]
    fn what_is_no_prediction_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        let open = |bytes: &[u8]| {
            fs_err::write(&path, bytes).unwrap();
            PredictionReader::open(&path).unwrap_err()
        };
        assert!(matches!(open(b""), PredictionError::Empty { .. }));
        assert!(matches!(
            open(b"a,b\n1,2\n"),
            PredictionError::NotPredictions { .. }
        ));
        assert!(matches!(
            open(b"{\"format\":\"other\",\"version\":1}"),
            PredictionError::NotPredictions { .. }
        ));
        assert!(matches!(
            open(b"\xff\xfe{}"),
            PredictionError::NotUtf8 { line: 1, .. }
        ));
        assert!(matches!(
            PredictionReader::open(&folder.path().join("absent")).unwrap_err(),
            PredictionError::Io { .. }
        ));
    }
}

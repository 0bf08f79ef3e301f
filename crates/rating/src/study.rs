//! The study on disk: a folder that holds everything, so that it can be copied, kept and reported on.
//!
//! - `study.toml`: what is compared, how it was drawn ([`Manifest`]);
//! - `items.jsonl`: the moments and checks ([`Item`]), never changed again: the manifest has their hash;
//! - `raters.jsonl`: a line an invitation ([`Rater`]), the latest of each rater counts;
//! - `ratings/<rater>.jsonl`: what each rater answered, in the order it was answered;
//! - `judges/<name>.jsonl`: the same of models, where any were asked.
//!
//! It holds dialogues in people's words: treat it as you treat the corpus.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smes_dialogue::{Dialogue, DialogueId, Private, Role, SplitName};
use smes_evaluation::{CorpusRef, SplitMix64};

use crate::append::LineFile;
use crate::sample::Counts;
use crate::schedule::schedule;
use crate::{Code, Moment, RatingError, Sample, SampleOptions, Task, Verdict};

const FORMAT: &str = "smes-study";
const VERSION: u64 = 1;
const MANIFEST: &str = "study.toml";
const ITEMS: &str = "items.jsonl";
const RATERS: &str = "raters.jsonl";

/// Number of a rater; written `r1`, `r2`, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RaterId(u32);

impl RaterId {
    /// The rater of that number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for RaterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("r{}", self.0))
    }
}

/// A text that names no rater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rater, expected `r` and a number such as `r1`")]
pub struct NoRater;

impl FromStr for RaterId {
    type Err = NoRater;

    fn from_str(text: &str) -> Result<Self, NoRater> {
        let number = text.strip_prefix('r').ok_or(NoRater)?;
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        if !is_plain {
            return Err(NoRater);
        }
        number.parse().map(Self).map_err(|_| NoRater)
    }
}

impl Serialize for RaterId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RaterId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One of the two systems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemInfo {
    /// Its name in the report. Raters never see it.
    pub name: String,
    /// Name and version of the reasoner, as the prediction file says.
    pub reasoner: String,
    /// Hash of its settings, as the prediction file says.
    pub config_hash: String,
    /// Hash of the prediction file.
    pub predictions_sha256: String,
}

/// `study.toml`: what is compared, and how it was drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    version: u64,
    /// Program and version that made it.
    pub created_with: String,
    /// The split that the moments are of.
    pub split: SplitName,
    /// Hash of `items.jsonl`.
    pub items_sha256: String,
    /// The corpus that the moments are of.
    pub corpus: CorpusRef,
    /// How many of what.
    pub options: SampleOptions,
    /// What there was to choose from.
    pub counts: Counts,
    /// System A: a win is a win of this one.
    pub a: SystemInfo,
    /// System B.
    pub b: SystemInfo,
}

/// An utterance of an item's context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: Private<String>,
}

/// A moment with its context and both answers, or a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The dialogue.
    pub dialogue: DialogueId,
    /// Position of the supporter's utterance that is answered instead of.
    pub utterance: usize,
    /// All utterances before it.
    pub context: Vec<Said>,
    /// Answer of system A; of a check, maybe the instruction.
    pub a: Private<String>,
    /// Answer of system B; of a check, maybe the instruction.
    pub b: Private<String>,
    /// Of a check: what its instruction asks for, on every question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Verdict>,
}

/// One line of `raters.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rater {
    /// Who.
    pub rater: RaterId,
    /// Argon2id hash of the code.
    pub code_hash: String,
    /// What they are shown, in order.
    pub tasks: Vec<Task>,
}

/// A rater's code, to be handed over once; only its hash is kept.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Who is invited.
    pub rater: RaterId,
    /// What opens their place.
    pub code: Code,
}

/// A study, opened.
#[derive(Debug, Clone)]
pub struct Study {
    folder: PathBuf,
    manifest: Manifest,
    items: Vec<Item>,
}

impl Study {
    /// Makes the folder of a study; it appears whole or not at all. `dialogues` are those that the
    /// sample's moments are of, of the corpus with `checksum`.
    ///
    /// # Errors
    /// [`RatingError`] when the corpus is another one, lacks a moment, or the folder is there already.
    pub fn create(
        folder: &Path,
        sample: &Sample,
        checksum: &str,
        dialogues: &BTreeMap<DialogueId, Dialogue>,
        created_with: &str,
    ) -> Result<Self, RatingError> {
        if sample.corpus.checksum != checksum {
            return Err(RatingError::OtherCorpus {
                expected: sample.corpus.checksum.clone(),
                found: checksum.to_owned(),
            });
        }
        if folder.exists() {
            return Err(RatingError::Exists {
                path: folder.to_owned(),
            });
        }
        let items = items(sample, dialogues)?;
        let mut lines = Vec::new();
        for item in &items {
            json_line(&mut lines, item)?;
        }
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            created_with: created_with.to_owned(),
            split: sample.split,
            items_sha256: sha256(&lines),
            corpus: sample.corpus.clone(),
            options: sample.options,
            counts: sample.counts,
            a: sample.a.clone(),
            b: sample.b.clone(),
        };
        write_folder(folder, &manifest, &lines)?;
        Self::open(folder)
    }

    /// Opens the folder of a study.
    ///
    /// # Errors
    /// [`RatingError`] when it is none, or its items are not those that it was made with.
    pub fn open(folder: &Path) -> Result<Self, RatingError> {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Err(RatingError::NotAStudy {
                path: folder.to_owned(),
            });
        }
        let manifest = load_manifest(&path)?;
        let items_path = folder.join(ITEMS);
        if sha256_of_file(&items_path)? != manifest.items_sha256 {
            return Err(RatingError::Broken {
                path: items_path,
                line: 0,
                what: "these are not the items that the study was made with".to_owned(),
            });
        }
        Ok(Self {
            items: read_lines(&items_path)?,
            folder: folder.to_owned(),
            manifest,
        })
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is compared, and how it was drawn.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The moments, then the checks.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The moments to be rated.
    pub fn moments(&self) -> &[Item] {
        &self.items[..self.manifest.options.n_items.min(self.items.len())]
    }

    /// The raters so far.
    ///
    /// # Errors
    /// [`RatingError`] when the file is broken or a rater's tasks are not of this study.
    pub fn raters(&self) -> Result<BTreeMap<RaterId, Rater>, RatingError> {
        let path = self.folder.join(RATERS);
        if !path.is_file() {
            return Ok(BTreeMap::new());
        }
        let mut raters = BTreeMap::new();
        for (idx, rater) in read_lines::<Rater>(&path)?.into_iter().enumerate() {
            if rater.tasks.iter().any(|task| task.item >= self.items.len()) {
                return Err(RatingError::Broken {
                    path,
                    line: idx + 1,
                    what: "a task is about an item that the study does not have".to_owned(),
                });
            }
            raters.insert(rater.rater, rater);
        }
        Ok(raters)
    }

    /// Invites `n` further raters.
    ///
    /// # Errors
    /// [`RatingError`] when the raters cannot be read or written.
    pub fn invite(&self, n: usize) -> Result<Vec<Invitation>, RatingError> {
        let last = self.raters()?.keys().next_back().map_or(0, |rater| rater.0);
        (1..=n)
            .map(|idx| {
                let number = u32::try_from(idx)
                    .ok()
                    .and_then(|idx| last.checked_add(idx));
                let rater = RaterId(number.ok_or(RatingError::OutOfBounds {
                    name: "raters",
                    found: n,
                    expected: format!("no more than {}", u32::MAX),
                })?);
                let options = &self.manifest.options;
                let n_moments = self.moments().len();
                let tasks = schedule(
                    n_moments,
                    self.items.len(),
                    options.n_repeats,
                    options.seed,
                    rater.0,
                );
                self.write_invitation(rater, tasks)
            })
            .collect()
    }

    /// Gives a rater a new code; the old one opens nothing any more, their ratings stay.
    ///
    /// # Errors
    /// [`RatingError::UnknownRater`], or when the raters cannot be read or written.
    pub fn renew(&self, rater: RaterId) -> Result<Invitation, RatingError> {
        let known = self.raters()?.remove(&rater);
        let known = known.ok_or(RatingError::UnknownRater { rater })?;
        self.write_invitation(rater, known.tasks)
    }

    fn write_invitation(
        &self,
        rater: RaterId,
        tasks: Vec<Task>,
    ) -> Result<Invitation, RatingError> {
        let code = Code::fresh(rater);
        let code_hash = code.hash()?;
        let line = Rater {
            rater,
            code_hash,
            tasks,
        };
        LineFile::open(&self.folder.join(RATERS))?.append(&line)?;
        Ok(Invitation { rater, code })
    }

    /// Where the ratings of a rater are kept.
    pub(crate) fn ratings_path(&self, rater: RaterId) -> PathBuf {
        self.folder.join("ratings").join(format!("{rater}.jsonl"))
    }
}

fn items(
    sample: &Sample,
    dialogues: &BTreeMap<DialogueId, Dialogue>,
) -> Result<Vec<Item>, RatingError> {
    let mut random = SplitMix64::new(sample.options.seed ^ 0xc4ec_u64);
    let item = |moment: &Moment| -> Result<Item, RatingError> {
        let utterances = dialogues
            .get(&moment.dialogue)
            .and_then(|dialogue| dialogue.utterances.get(..moment.utterance))
            .ok_or_else(|| RatingError::UnknownMoment {
                dialogue: moment.dialogue.clone(),
                utterance: moment.utterance,
                split: sample.split,
            })?;
        let said = |utterance: &smes_dialogue::Utterance| Said {
            role: utterance.role,
            text: utterance.text.clone(),
        };
        Ok(Item {
            dialogue: moment.dialogue.clone(),
            utterance: moment.utterance,
            context: utterances.iter().map(said).collect(),
            a: moment.a.clone(),
            b: moment.b.clone(),
            check: None,
        })
    };
    let mut items: Vec<Item> = sample.moments.iter().map(item).collect::<Result<_, _>>()?;
    for moment in &sample.checks {
        items.push(into_check(item(moment)?, &mut random));
    }
    Ok(items)
}

/// Puts an instruction in the place of one of the answers.
fn into_check(mut item: Item, random: &mut SplitMix64) -> Item {
    let wanted = [Verdict::Win, Verdict::Tie, Verdict::Loss][random.below(3)];
    let is_in_a = random.below(2) == 0;
    let choose = match (wanted, is_in_a) {
        (Verdict::Tie, _) => "“equal”",
        (Verdict::Win, true) | (Verdict::Loss, false) => "this answer",
        _ => "the other answer",
    };
    let instruction = format!(
        "This is a check that the answers are read; there is nothing to judge here. Please choose {choose} for all five questions."
    );
    *(if is_in_a { &mut item.a } else { &mut item.b }) = instruction.into();
    item.check = Some(wanted);
    item
}

fn write_folder(folder: &Path, manifest: &Manifest, items: &[u8]) -> Result<(), RatingError> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs_err::create_dir_all(parent)?;
    let beside = tempfile::Builder::new()
        .prefix(".study-")
        .tempdir_in(parent)?;
    let text = toml::to_string(manifest).map_err(std::io::Error::other)?;
    fs_err::write(beside.path().join(ITEMS), items)?;
    fs_err::write(beside.path().join(MANIFEST), text)?;
    fs_err::rename(beside.keep(), folder)?;
    Ok(())
}

fn load_manifest(path: &Path) -> Result<Manifest, RatingError> {
    #[derive(Deserialize)]
    struct Probe {
        format: String,
        version: u64,
    }
    let broken = |what: &str| RatingError::Broken {
        path: path.to_owned(),
        line: 0,
        what: what.to_owned(),
    };
    let text = fs_err::read_to_string(path)?;
    let probe: Probe =
        toml::from_str(&text).map_err(|error: toml::de::Error| broken(error.message()))?;
    if probe.format != FORMAT {
        return Err(broken("not the manifest of a study"));
    }
    if probe.version != VERSION {
        return Err(RatingError::Version {
            path: path.to_owned(),
            found: probe.version,
            expected: VERSION,
        });
    }
    toml::from_str(&text).map_err(|error: toml::de::Error| broken(error.message()))
}

/// The whole lines of a file as values. What stands after the last line end was never finished.
pub(crate) fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, RatingError> {
    let bytes = fs_err::read(path)?;
    let end = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let value = |(idx, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| RatingError::Broken {
            path: path.to_owned(),
            line: idx + 1,
            // The message may quote values; its kind and place do not.
            what: format!("not what was expected, near column {}", error.column()),
        })
    };
    bytes[..end]
        .split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(value)
        .collect()
}

/// Adds a value and a line end.
pub(crate) fn json_line(lines: &mut Vec<u8>, value: &impl Serialize) -> Result<(), RatingError> {
    serde_json::to_writer(&mut *lines, value).map_err(std::io::Error::other)?;
    lines.push(b'\n');
    Ok(())
}

pub(crate) fn sha256_of_file(path: &Path) -> Result<String, RatingError> {
    Ok(sha256(&fs_err::read(path)?))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{OPTIONS, dialogues, predictions, study};
    use crate::{TaskKind, sample};

    #[test]
    fn a_study_is_read_as_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let options = study.manifest().options;
        assert_eq!(study.moments().len(), options.n_items);
        assert_eq!(study.items().len(), options.n_items + options.n_checks);
        for item in study.items() {
            assert_eq!(item.context.len(), item.utterance);
            assert_eq!(
                item.check.is_some(),
                item.a.expose().starts_with("This is a check")
                    || item.b.expose().starts_with("This is a check")
            );
        }
        let again = Study::open(study.folder()).unwrap();
        assert_eq!(again.items(), study.items());
        assert_eq!(again.manifest(), study.manifest());
    }

    #[test]
    fn a_study_whose_items_were_touched_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let path = study.folder().join(ITEMS);
        let text = fs_err::read_to_string(&path).unwrap();
        fs_err::write(&path, text.replacen("answer", "better answer", 1)).unwrap();
        let error = Study::open(study.folder()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("items.jsonl:0: these are not the items"),
            "{error}"
        );
    }

    #[test]
    fn another_corpus_and_a_folder_that_is_there_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = predictions(folder.path(), 6, 4);
        let drawn = sample(("A", &a), ("B", &b), OPTIONS).unwrap();
        let out = folder.path().join("s");
        let create = |checksum| Study::create(&out, &drawn, checksum, &dialogues(6, 4), "test");
        assert!(matches!(create("1"), Err(RatingError::OtherCorpus { .. })));
        assert!(matches!(
            Study::create(&out, &drawn, "0", &dialogues(2, 4), "test"),
            Err(RatingError::UnknownMoment { .. })
        ));
        assert!(
            !out.exists(),
            "nothing is left of a study that was not made"
        );
        create("0").unwrap();
        assert!(matches!(create("0"), Err(RatingError::Exists { .. })));
        assert!(matches!(
            Study::open(folder.path()),
            Err(RatingError::NotAStudy { .. })
        ));
    }

    #[test]
    fn codes_are_kept_as_hashes_and_can_be_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let first = study.invite(2).unwrap();
        let more = study.invite(1).unwrap();
        assert_eq!(more[0].rater, RaterId::new(3));
        let raters = study.raters().unwrap();
        assert_eq!(raters.len(), 3);
        assert!(first[1].code.matches(&raters[&first[1].rater].code_hash));
        let on_disk = fs_err::read_to_string(study.folder().join(RATERS)).unwrap();
        let secret = first[0].code.expose();
        assert!(
            !on_disk.contains(&secret[3..]) && !on_disk.contains(&secret[3..].replace('-', ""))
        );
        let renewed = study.renew(first[0].rater).unwrap();
        let after = study.raters().unwrap();
        assert!(!first[0].code.matches(&after[&first[0].rater].code_hash));
        assert!(renewed.code.matches(&after[&first[0].rater].code_hash));
        assert_eq!(after[&first[0].rater].tasks, raters[&first[0].rater].tasks);
        assert!(matches!(
            study.renew(RaterId::new(9)),
            Err(RatingError::UnknownRater { .. })
        ));
        let n_checks = after[&RaterId::new(1)]
            .tasks
            .iter()
            .filter(|task| task.kind == TaskKind::Check)
            .count();
        assert_eq!(n_checks, OPTIONS.n_checks);
    }

    #[test]
    fn a_rater_is_named_by_a_plain_number() {
        assert_eq!("r12".parse(), Ok(RaterId::new(12)));
        for wrong in ["12", "r", "r01", "r+1", "R1", "r99999999999"] {
            assert_eq!(wrong.parse::<RaterId>(), Err(NoRater), "{wrong}");
        }
    }
}

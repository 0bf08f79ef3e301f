//! Validating a corpus folder again, line by line.
//!
//! Everything that is wrong is a [`Problem`]; that published corpora repeat rows of one split in
//! another is [`Leakage`]: it is counted, not condemned.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde::Serialize;
use sha2::{Digest, Sha256};
use smes_dialogue::{
    Dialogue, DialogueId, Episode, Label, LabelSet, Role, SplitName, TimeSpan, Utterance,
};

use crate::lines::JsonLines;
use crate::reader::{CUES, DIALOGUES};
use crate::splits::SPLITS;
use crate::writer::hex;
use crate::{Corpus, CorpusError, Counts, CueRecord};

/// Problems listed one by one; beyond that they are only counted.
const MAX_LISTED: usize = 1000;

/// What can be wrong with a corpus folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The dialogues are not those the manifest was written for.
    Checksum,
    /// The counts of the manifest are wrong.
    Counts,
    /// A line that does not parse.
    BrokenLine,
    /// A dialogue id that occurs twice.
    DuplicateDialogue,
    /// A dialogue without utterances.
    EmptyDialogue,
    /// Utterance positions that are not 0, 1, 2, ...
    Position,
    /// A label that is not in its set.
    UnknownLabel,
    /// A strategy where there can be none, or a role that does not fit the corpus.
    Role,
    /// A dialogue in two splits, or twice in one.
    SplitTwice,
    /// A dialogue in no split.
    NoSplit,
    /// An id in a split that no dialogue has.
    SplitUnknown,
    /// A cue of an utterance that does not exist, or in the file of another extractor.
    Cue,
}

/// Something wrong and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// File in the corpus folder.
    pub file: String,
    /// Line in it, from 1; 0 where it is about the whole file.
    pub line: u64,
    /// The dialogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<DialogueId>,
    /// Position of the utterance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utterance: Option<usize>,
    /// Found and expected; never somebody's words.
    pub detail: String,
}

/// Rows (same text, same span, same episode) that occur in two splits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leakage {
    /// The split that is measured on.
    pub held_out: SplitName,
    /// The split that has the rows too.
    pub shared_with: SplitName,
    /// Distinct rows in both.
    pub n_rows: u64,
    /// Dialogues of the held-out split with such a row.
    pub n_dialogues: u64,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Name of the corpus.
    pub corpus: String,
    /// What was counted.
    pub counts: Counts,
    /// Cues by extractor.
    pub cues: BTreeMap<String, u64>,
    /// Number of problems.
    pub n_problems: u64,
    /// The first thousand of them.
    pub problems: Vec<Problem>,
    /// Rows shared between splits.
    pub leakage: Vec<Leakage>,
}

/// Checks a corpus folder: checksum, counts, ids, positions, labels, roles, splits, cues, and rows
/// shared between splits. Memory grows only with the number of dialogues, by some bytes each.
///
/// # Errors
/// [`CorpusError`] when a file cannot be read at all; what is wrong inside becomes a problem.
pub fn check(corpus: &Corpus) -> Result<CheckReport, CorpusError> {
    let mut run = Check {
        corpus,
        hasher: RandomState::new(),
        n_utterances: HashMap::new(),
        splits: corpus.splits().by_id(),
        leaks: Leaks::default(),
        report: CheckReport {
            corpus: corpus.manifest().name.clone(),
            counts: Counts::default(),
            cues: BTreeMap::new(),
            n_problems: 0,
            problems: Vec::new(),
            leakage: Vec::new(),
        },
    };
    run.dialogues()?;
    run.split_file();
    for extractor in corpus.extractors()? {
        run.cues(&extractor)?;
    }
    run.report.leakage = run.leaks.into_report();
    Ok(run.report)
}

struct Check<'c> {
    corpus: &'c Corpus,
    hasher: RandomState,
    /// Number of utterances by the hash of the dialogue's id.
    n_utterances: HashMap<u64, usize>,
    splits: HashMap<&'c DialogueId, SplitName>,
    leaks: Leaks,
    report: CheckReport,
}

/// Where a problem is.
#[derive(Clone, Copy)]
struct Place<'p> {
    file: &'p str,
    line: u64,
    dialogue: Option<&'p DialogueId>,
    utterance: Option<usize>,
}

impl Check<'_> {
    fn dialogues(&mut self) -> Result<(), CorpusError> {
        let mut lines = JsonLines::open(&self.corpus.folder().join(DIALOGUES))?;
        let mut digest = Sha256::new();
        loop {
            let bytes = lines.next_bytes()?;
            if bytes.is_empty() {
                break;
            }
            digest.update(bytes);
            match lines.parse::<Dialogue>() {
                Ok(dialogue) => self.dialogue(&dialogue, lines.line()),
                Err(error) => self.broken_line(DIALOGUES, lines.line(), &error),
            }
        }
        let whole = Place {
            file: DIALOGUES,
            line: 0,
            dialogue: None,
            utterance: None,
        };
        let found = format!("sha256:{}", hex(&digest.finalize()));
        if found != self.corpus.checksum() {
            let detail = format!("found `{found}`, expected `{}`", self.corpus.checksum());
            self.add(ProblemKind::Checksum, whole, detail);
        }
        let expected = self.corpus.manifest().counts;
        if self.report.counts != expected {
            let detail = format!("found {:?}, expected {expected:?}", self.report.counts);
            self.add(ProblemKind::Counts, whole, detail);
        }
        Ok(())
    }

    fn dialogue(&mut self, dialogue: &Dialogue, line: u64) {
        self.report.counts.add(&dialogue.utterances);
        let place = Place {
            file: DIALOGUES,
            line,
            dialogue: Some(&dialogue.id),
            utterance: None,
        };
        let key = self.hasher.hash_one(&dialogue.id);
        if self
            .n_utterances
            .insert(key, dialogue.utterances.len())
            .is_some()
        {
            self.add(
                ProblemKind::DuplicateDialogue,
                place,
                "comes a second time".into(),
            );
        }
        if dialogue.utterances.is_empty() {
            self.add(
                ProblemKind::EmptyDialogue,
                place,
                "has no utterances".into(),
            );
        }
        let split = self.splits.get(&dialogue.id).copied();
        if split.is_none() {
            self.add(ProblemKind::NoSplit, place, "is in no split".into());
        }
        let corpus = self.corpus;
        self.label(corpus.emotions(), dialogue.emotion.as_ref(), place);
        for (idx, utterance) in dialogue.utterances.iter().enumerate() {
            let place = Place {
                utterance: Some(idx),
                ..place
            };
            self.utterance(utterance, idx, place);
        }
        if let (Some(split), Some(episode)) = (split, dialogue.episode) {
            self.leaks.add(dialogue, episode, split, &self.hasher);
        }
    }

    fn utterance(&mut self, utterance: &Utterance, idx: usize, place: Place<'_>) {
        if utterance.idx != idx {
            let detail = format!("found position {}, expected {idx}", utterance.idx);
            self.add(ProblemKind::Position, place, detail);
        }
        let corpus = self.corpus;
        self.label(corpus.emotions(), utterance.emotion.as_ref(), place);
        match corpus.strategies() {
            Some(set) => self.label(set, utterance.strategy.as_ref(), place),
            None if utterance.strategy.is_some() => {
                let detail = "has a strategy, but the corpus has no strategies";
                self.add(ProblemKind::Role, place, detail.into());
            }
            None => {}
        }
        if utterance.strategy.is_some() && utterance.role != Role::Supporter {
            self.add(
                ProblemKind::Role,
                place,
                "a strategy of one who is no supporter".into(),
            );
        }
        if corpus.strategies().is_some() && utterance.role == Role::Participant {
            let detail = "a participant, expected a seeker or a supporter";
            self.add(ProblemKind::Role, place, detail.into());
        }
    }

    fn label<L: Label>(&mut self, set: &LabelSet<L>, label: Option<&L>, place: Place<'_>) {
        let Some(label) = label else { return };
        if set.index_of(label).is_none() {
            let detail = format!("{} `{label}` is not in the set `{}`", L::KIND, set.name);
            self.add(ProblemKind::UnknownLabel, place, detail);
        }
    }

    fn split_file(&mut self) {
        let mut seen: HashSet<&DialogueId> = HashSet::new();
        for split in SplitName::ALL {
            for id in self.corpus.splits().ids(split) {
                let place = Place {
                    file: SPLITS,
                    line: 0,
                    dialogue: Some(id),
                    utterance: None,
                };
                if !seen.insert(id) {
                    self.add(ProblemKind::SplitTwice, place, "is listed twice".into());
                }
                if !self.n_utterances.contains_key(&self.hasher.hash_one(id)) {
                    self.add(
                        ProblemKind::SplitUnknown,
                        place,
                        "no dialogue has this id".into(),
                    );
                }
            }
        }
    }

    fn cues(&mut self, extractor: &str) -> Result<(), CorpusError> {
        let file = format!("{CUES}/{extractor}.jsonl");
        let mut lines = JsonLines::open(&self.corpus.folder().join(&file))?;
        let mut n_cues = 0;
        while !lines.next_bytes()?.is_empty() {
            n_cues += 1;
            match lines.parse::<CueRecord>() {
                Ok(record) => self.cue(&record, extractor, &file, lines.line()),
                Err(error) => self.broken_line(&file, lines.line(), &error),
            }
        }
        self.report.cues.insert(extractor.to_owned(), n_cues);
        Ok(())
    }

    fn cue(&mut self, record: &CueRecord, extractor: &str, file: &str, line: u64) {
        let place = Place {
            file,
            line,
            dialogue: Some(&record.dialogue),
            utterance: Some(record.utterance),
        };
        let key = self.hasher.hash_one(&record.dialogue);
        match self.n_utterances.get(&key) {
            Some(n_utterances) if record.utterance < *n_utterances => {}
            Some(n_utterances) => {
                let detail = format!("the dialogue has {n_utterances} utterances");
                self.add(ProblemKind::Cue, place, detail);
            }
            None => self.add(ProblemKind::Cue, place, "no dialogue has this id".into()),
        }
        if record.cue.extractor.name != extractor {
            let detail = format!("is of extractor `{}`", record.cue.extractor.name);
            self.add(ProblemKind::Cue, place, detail);
        }
    }

    fn broken_line(&mut self, file: &str, line: u64, error: &CorpusError) {
        let place = Place {
            file,
            line,
            dialogue: None,
            utterance: None,
        };
        self.add(ProblemKind::BrokenLine, place, error.to_string());
    }

    fn add(&mut self, kind: ProblemKind, place: Place<'_>, detail: String) {
        self.report.n_problems += 1;
        if self.report.problems.len() < MAX_LISTED {
            self.report.problems.push(Problem {
                kind,
                file: place.file.to_owned(),
                line: place.line,
                dialogue: place.dialogue.cloned(),
                utterance: place.utterance,
                detail,
            });
        }
    }
}

/// The pairs in which a held-out split may share rows, in the order of the report.
const PAIRS: [(SplitName, SplitName); 3] = [
    (SplitName::Test, SplitName::Train),
    (SplitName::Validation, SplitName::Train),
    (SplitName::Test, SplitName::Validation),
];

/// Finds rows shared between splits, an episode at a time: rows are shared where two dialogues
/// were cut from the same minutes, so only one episode has to be remembered.
#[derive(Default)]
struct Leaks {
    episode: Option<Episode>,
    rows: HashMap<(TimeSpan, u64), Vec<(SplitName, usize)>>,
    n_dialogues_here: usize,
    totals: [(u64, u64); 3],
}

impl Leaks {
    fn add(
        &mut self,
        dialogue: &Dialogue,
        episode: Episode,
        split: SplitName,
        hasher: &RandomState,
    ) {
        if self.episode != Some(episode) {
            self.close_episode();
            self.episode = Some(episode);
        }
        for utterance in &dialogue.utterances {
            if let Some(span) = utterance.span {
                let row = (span, hasher.hash_one(utterance.text.expose()));
                let places = self.rows.entry(row).or_default();
                places.push((split, self.n_dialogues_here));
            }
        }
        self.n_dialogues_here += 1;
    }

    fn close_episode(&mut self) {
        for (pair, totals) in PAIRS.iter().zip(&mut self.totals) {
            let mut affected = HashSet::new();
            for places in self.rows.values() {
                if !places.iter().any(|(split, _)| *split == pair.1) {
                    continue;
                }
                let held_out = places.iter().filter(|(split, _)| *split == pair.0);
                let mut is_shared = false;
                for (_, dialogue) in held_out {
                    affected.insert(*dialogue);
                    is_shared = true;
                }
                totals.0 += u64::from(is_shared);
            }
            totals.1 += affected.len() as u64;
        }
        self.rows.clear();
        self.n_dialogues_here = 0;
    }

    fn into_report(mut self) -> Vec<Leakage> {
        self.close_episode();
        PAIRS
            .iter()
            .zip(self.totals)
            .filter(|(_, (n_rows, _))| *n_rows > 0)
            .map(|((held_out, shared_with), (n_rows, n_dialogues))| Leakage {
                held_out: *held_out,
                shared_with: *shared_with,
                n_rows,
                n_dialogues,
            })
            .collect()
    }
}

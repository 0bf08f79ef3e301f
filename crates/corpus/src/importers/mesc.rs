//! MESC: `MESC.csv`, and the cues of the published json files.
//!
//! Source: repository `chuyq/MESC`, arXiv 2408.03650. The csv has every utterance with its labels
//! and times; the json files add, by split, the Video-LLaMA cue of each utterance, the problem type
//! and the situation. Utterance and cue are stored apart here, unlike there. Dialogue ids are the
//! csv's numbers. Absent on purpose: the media, which nobody distributes.

use std::path::{Path, PathBuf};

use smes_dialogue::{
    Dialogue, DialogueId, EmotionSet, Episode, Label, LabelSet, Role, SplitName, StrategySet,
    Utterance, mesc_emotions, mesc_strategies,
};

use crate::importers::error::shortened;
use crate::importers::mesc_join::Join;
use crate::importers::mesc_json::JsonPool;
use crate::importers::mesc_splits::{N_DIALOGUES, published_split};
use crate::importers::session::{About, Session, note_missing_roles, split_file};
use crate::importers::source::{file_name, n_bytes};
use crate::importers::table::{Row, Table};
use crate::importers::texts::{Notes, clean};
use crate::importers::times::Timeline;
use crate::importers::{ImportError, Imported, Importer, OnBytes};
use crate::{ImportIssue, IssueKind, SplitFile};

/// The files of MESC.
#[derive(Debug, Clone)]
pub struct MescSource {
    /// `MESC.csv`.
    pub csv: PathBuf,
    /// Any of the json files; each gives its split, its cues and its situations.
    pub json: Vec<MescJson>,
}

/// A published json file and the split it holds.
#[derive(Debug, Clone)]
pub struct MescJson {
    /// The split.
    pub split: SplitName,
    /// The file.
    pub path: PathBuf,
}

const ABOUT: About = About {
    name: "mesc",
    licence: "not stated by its authors; the text is from subtitles",
    emotions: "mesc-7",
    strategies: Some("mesc-10"),
};

const COLUMNS: [&str; 10] = [
    "Utterance",
    "Speaker",
    "Emotion",
    "Strategy",
    "Dialogue_ID",
    "Utterance_ID",
    "Season",
    "Episode",
    "StartTime",
    "EndTime",
];
const UTTERANCE: usize = 0;
const SPEAKER: usize = 1;
const EMOTION: usize = 2;
const STRATEGY: usize = 3;
const DIALOGUE: usize = 4;
const NUMBER: usize = 5;
const SEASON: usize = 6;
const EPISODE: usize = 7;
const START: usize = 8;
const END: usize = 9;

/// What the csv has in place of a seeker's strategy.
const NO_STRATEGY: &str = "undefined";

impl Importer for MescSource {
    fn import(&self, target: &Path, on_bytes: &mut OnBytes<'_>) -> Result<Imported, ImportError> {
        self.refuse_doubles()?;
        let mut run = MescRun {
            session: Session::begin(target)?,
            pool: JsonPool::read(&self.json, on_bytes)?,
            emotions: mesc_emotions(),
            strategies: mesc_strategies(),
            timeline: Timeline::default(),
            splits: Vec::new(),
        };
        let mut table = Table::open(&self.csv, COLUMNS, on_bytes)?;
        run.read(&mut table)?;
        if run.splits.is_empty() {
            return Err(ImportError::Empty {
                path: self.csv.clone(),
                expected: "a header and rows",
            });
        }
        run.account_for_left_over(&self.csv)?;
        let splits = self.splits(&mut run)?;
        let mut sources = vec![table.into_source()];
        sources.extend(run.pool.into_sources());
        run.session.finish(ABOUT, sources, &splits)
    }

    fn n_bytes(&self) -> u64 {
        n_bytes(
            self.json
                .iter()
                .map(|json| json.path.as_path())
                .chain([self.csv.as_path()]),
        )
    }
}

impl MescSource {
    fn refuse_doubles(&self) -> Result<(), ImportError> {
        for (idx, json) in self.json.iter().enumerate() {
            if let Some(first) = self.json[..idx]
                .iter()
                .find(|other| other.split == json.split)
            {
                return Err(ImportError::SplitTwice {
                    split: json.split,
                    first: first.path.clone(),
                    second: json.path.clone(),
                });
            }
        }
        Ok(())
    }

    /// A dialogue found in a json file is of that file's split. The others are of the published
    /// split when this is the published csv and that split has no json file here, else of train.
    fn splits(&self, run: &mut MescRun) -> Result<SplitFile, ImportError> {
        let is_given = |split| self.json.iter().any(|json| json.split == split);
        let is_published = run.splits.len() == N_DIALOGUES
            && run
                .splits
                .iter()
                .all(|(id, _)| (*id as usize) < N_DIALOGUES);
        let mut assigned = Vec::with_capacity(run.splits.len());
        for (id, found) in std::mem::take(&mut run.splits) {
            let published = if is_published {
                published_split(id)
            } else {
                SplitName::Train
            };
            let split = match found {
                Some(split) => split,
                None if is_given(published) => {
                    if is_given(SplitName::Train) {
                        run.session.write_issue(&no_split(&self.csv, id))?;
                    }
                    SplitName::Train
                }
                None => published,
            };
            assigned.push((DialogueId::new(id.to_string()), split));
        }
        let origin = match (self.json.is_empty(), is_published) {
            (false, true) => "the json files given, and the published split for the rest",
            (false, false) => "the json files given, and train for the rest",
            (true, true) => "the published split, by dialogue number",
            (true, false) => "all train: this is not the published csv and no json file was given",
        };
        Ok(split_file(origin, assigned))
    }
}

fn no_split(csv: &Path, id: u32) -> ImportIssue {
    ImportIssue {
        kind: IssueKind::NoSplit,
        file: file_name(csv),
        line: 0,
        dialogue: Some(DialogueId::new(id.to_string())),
        utterance: None,
        raw: String::new(),
    }
}

struct MescRun {
    session: Session,
    pool: JsonPool,
    emotions: EmotionSet,
    strategies: StrategySet,
    timeline: Timeline,
    splits: Vec<(u32, Option<SplitName>)>,
}

/// A dialogue of the csv while its rows are read.
struct Draft {
    id: u32,
    path: PathBuf,
    line: u64,
    last_number: Option<u64>,
    dialogue: Dialogue,
    lines: Vec<u64>,
    notes: Notes,
}

impl MescRun {
    fn read(&mut self, table: &mut Table<'_, '_, 10>) -> Result<(), ImportError> {
        let file = table.file();
        let mut draft: Option<Draft> = None;
        while let Some(row) = table.next_row()? {
            let id = row.number(DIALOGUE)?;
            if draft.as_ref().is_none_or(|draft| draft.id != id) {
                if let Some(done) = draft.take() {
                    self.complete(done)?;
                }
                draft = Some(self.begin(id, &row, &file)?);
            }
            if let Some(draft) = &mut draft {
                self.add(draft, &row)?;
            }
        }
        draft.map_or(Ok(()), |done| self.complete(done))
    }

    fn begin(&mut self, id: u32, row: &Row<'_, 10>, file: &str) -> Result<Draft, ImportError> {
        self.session.claim(id, &row.path(), row.line())?;
        let episode = Episode {
            season: row.number(SEASON)?,
            episode: row.number(EPISODE)?,
        };
        self.timeline.begin(Some(episode));
        let name = DialogueId::new(id.to_string());
        Ok(Draft {
            id,
            path: row.path(),
            line: row.line(),
            last_number: None,
            dialogue: Dialogue {
                id: name.clone(),
                scenario: None,
                situation: None,
                emotion: None,
                episode: Some(episode),
                utterances: Vec::new(),
            },
            lines: Vec::new(),
            notes: Notes::new(file.to_owned(), name),
        })
    }

    fn add(&mut self, draft: &mut Draft, row: &Row<'_, 10>) -> Result<(), ImportError> {
        let (line, idx) = (row.line(), draft.dialogue.utterances.len());
        note_number(draft, u64::from(row.number(NUMBER)?), idx, row)?;
        let role = role(row)?;
        let text = clean(row.text(UTTERANCE)?, &mut draft.notes, line, idx);
        let emotion = parse_label(&self.emotions, row, EMOTION, draft, idx)?;
        let raw_strategy = row.text(STRATEGY)?;
        let strategy = match role {
            Role::Supporter => Some(parse_label(&self.strategies, row, STRATEGY, draft, idx)?),
            _ if raw_strategy.trim() == NO_STRATEGY => None,
            _ => {
                return Err(ImportError::UnexpectedStrategy {
                    path: row.path(),
                    line,
                    found: shortened(raw_strategy),
                });
            }
        };
        let times = (row.text(START)?, row.text(END)?);
        let span = self.timeline.span(times, &mut draft.notes, line, idx);
        draft.lines.push(line);
        draft.dialogue.utterances.push(Utterance {
            idx,
            role,
            speaker: None,
            text: text.into(),
            emotion: Some(emotion),
            strategy,
            span,
        });
        Ok(())
    }

    /// Joins the json dialogue to it, if there is one, and writes it.
    fn complete(&mut self, mut draft: Draft) -> Result<(), ImportError> {
        note_missing_roles(&draft.dialogue, draft.line, &mut draft.notes);
        let (roles, texts): (Vec<Role>, Vec<&str>) = draft
            .dialogue
            .utterances
            .iter()
            .map(|utterance| (utterance.role, utterance.text.expose().as_str()))
            .unzip();
        let (emotions, strategies) = (&self.emotions, &self.strategies);
        let found = self.pool.take(&roles, &texts, |taken| {
            let mut join = Join {
                taken,
                emotions,
                strategies,
                notes: Notes::new(file_name(taken.path), draft.dialogue.id.clone()),
            };
            let about = join.describe();
            let cues = join.cues(&draft.dialogue)?;
            Ok::<_, ImportError>((taken.split, about, cues, join.notes.issues))
        })?;
        let Some(found) = found else {
            self.splits.push((draft.id, None));
            return self.session.write(&draft.dialogue, &draft.notes);
        };
        let (split, (scenario, situation), cues, mut issues) = found?;
        self.splits.push((draft.id, Some(split)));
        draft.dialogue.scenario = Some(scenario);
        draft.dialogue.situation = Some(situation);
        draft.notes.issues.append(&mut issues);
        self.session.write(&draft.dialogue, &draft.notes)?;
        cues.iter().try_for_each(|cue| self.session.write_cue(cue))
    }

    fn account_for_left_over(&mut self, csv: &Path) -> Result<(), ImportError> {
        let left = self.pool.left_over();
        for (file_idx, (path, n_dialogues)) in self.pool.files().enumerate() {
            let n_left = left
                .iter()
                .filter(|entry| entry.file_idx == file_idx)
                .count();
            if n_left as u64 == n_dialogues {
                return Err(ImportError::NothingMatches {
                    path: path.clone(),
                    csv: csv.to_owned(),
                    n_dialogues,
                });
            }
        }
        for entry in left {
            self.session.write_issue(&ImportIssue {
                kind: IssueKind::UnmatchedDialogue,
                file: file_name(self.pool.path(entry)),
                line: entry.line,
                dialogue: None,
                utterance: None,
                raw: String::new(),
            })?;
        }
        Ok(())
    }
}

/// Utterance numbers must rise; a hole is noted, because our positions have none.
fn note_number(
    draft: &mut Draft,
    number: u64,
    idx: usize,
    row: &Row<'_, 10>,
) -> Result<(), ImportError> {
    let expected = draft.last_number.map_or(0, |last| last + 1);
    if number < expected {
        return Err(ImportError::DuplicateUtterance {
            path: row.path(),
            line: row.line(),
            dialogue: draft.id.to_string(),
            utterance: number,
        });
    }
    if number > expected {
        let raw = format!("{number} after {expected} expected");
        draft
            .notes
            .utterance(IssueKind::UtteranceGap, row.line(), idx, raw);
    }
    draft.last_number = Some(number);
    Ok(())
}

fn role(row: &Row<'_, 10>) -> Result<Role, ImportError> {
    match row.text(SPEAKER)?.trim() {
        "Client" => Ok(Role::Seeker),
        "Therapist" => Ok(Role::Supporter),
        other => Err(ImportError::UnknownSpeaker {
            path: row.path(),
            line: row.line(),
            found: shortened(other),
            expected: "Client` or `Therapist",
        }),
    }
}

fn parse_label<L: Label>(
    set: &LabelSet<L>,
    row: &Row<'_, 10>,
    column: usize,
    draft: &mut Draft,
    idx: usize,
) -> Result<L, ImportError> {
    let raw = row.text(column)?;
    // Nearly every label is spelt canonically; looking that up needs no allocation.
    if let Some(label) = set.iter().find(|label| label.name() == raw) {
        return Ok(label.clone());
    }
    let label = set.parse(raw).map_err(|mut source| {
        source.raw = shortened(&source.raw);
        ImportError::UnknownLabel {
            path: draft.path.clone(),
            line: row.line(),
            dialogue: draft.id.to_string(),
            utterance: idx.to_string(),
            source: Box::new(source),
        }
    })?;
    draft
        .notes
        .utterance(IssueKind::LabelVariant, row.line(), idx, raw);
    Ok(label)
}

//! MELD: the three csv files of its authors.
//!
//! Source: repository `declare-lab/MELD`, `data/MELD/{train,dev,test}_sent_emo.csv`. Everybody is a
//! participant; names are kept. Dialogue numbers begin anew in each file, so ids carry the split.
//! Absent on purpose: the sentiment column, which follows from the emotion except for surprise.

use std::path::{Path, PathBuf};

use smes_dialogue::{
    Dialogue, DialogueId, EmotionSet, Episode, Label, Role, SplitName, Utterance, meld_emotions,
};

use crate::IssueKind;
use crate::importers::error::shortened;
use crate::importers::session::{About, Session, split_file};
use crate::importers::source::n_bytes;
use crate::importers::table::{Row, Table};
use crate::importers::texts::{Notes, clean};
use crate::importers::times::Timeline;
use crate::importers::{ImportError, Imported, Importer, OnBytes};

/// The folder with the files of MELD.
#[derive(Debug, Clone)]
pub struct MeldSource {
    /// It holds `train_sent_emo.csv`, `dev_sent_emo.csv` and `test_sent_emo.csv`.
    pub folder: PathBuf,
}

const ABOUT: About = About {
    name: "meld",
    licence: "GPL-3.0",
    emotions: "meld-7",
    strategies: None,
};

const FILES: [(SplitName, &str); 3] = [
    (SplitName::Train, "train_sent_emo.csv"),
    (SplitName::Validation, "dev_sent_emo.csv"),
    (SplitName::Test, "test_sent_emo.csv"),
];

const COLUMNS: [&str; 9] = [
    "Utterance",
    "Speaker",
    "Emotion",
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
const DIALOGUE: usize = 3;
const NUMBER: usize = 4;
const SEASON: usize = 5;
const EPISODE: usize = 6;
const START: usize = 7;
const END: usize = 8;

impl Importer for MeldSource {
    fn import(&self, target: &Path, on_bytes: &mut OnBytes<'_>) -> Result<Imported, ImportError> {
        let mut run = MeldRun {
            session: Session::begin(target)?,
            emotions: meld_emotions(),
            ids: Vec::new(),
        };
        let mut sources = Vec::new();
        for (split, name) in FILES {
            let mut table = Table::open(&self.folder.join(name), COLUMNS, on_bytes)?;
            let n_before = run.ids.len();
            run.read(split, &mut table)?;
            if run.ids.len() == n_before {
                return Err(ImportError::Empty {
                    path: self.folder.join(name),
                    expected: "a header and rows",
                });
            }
            let mut source = table.into_source();
            source.split = Some(split);
            sources.push(source);
        }
        let splits = split_file("the three published files", run.ids);
        run.session.finish(ABOUT, sources, &splits)
    }

    fn n_bytes(&self) -> u64 {
        let paths = FILES.map(|(_, name)| self.folder.join(name));
        n_bytes(paths.iter().map(PathBuf::as_path))
    }
}

struct MeldRun {
    session: Session,
    emotions: EmotionSet,
    ids: Vec<(DialogueId, SplitName)>,
}

/// A dialogue while its rows are read.
struct Draft {
    number: u32,
    last_number: Option<u64>,
    dialogue: Dialogue,
    notes: Notes,
}

impl MeldRun {
    fn read(&mut self, split: SplitName, table: &mut Table<'_, '_, 9>) -> Result<(), ImportError> {
        let file = table.file();
        let mut timeline = Timeline::default();
        let mut draft: Option<Draft> = None;
        while let Some(row) = table.next_row()? {
            let number = row.number(DIALOGUE)?;
            if draft.as_ref().is_none_or(|draft| draft.number != number) {
                if let Some(done) = draft.take() {
                    self.complete(done, split)?;
                }
                draft = Some(self.begin(number, split, &row, &file)?);
                timeline.begin(draft.as_ref().and_then(|draft| draft.dialogue.episode));
            }
            if let Some(draft) = &mut draft {
                self.add(draft, &row, &mut timeline)?;
            }
        }
        draft.map_or(Ok(()), |done| self.complete(done, split))
    }

    fn begin(
        &mut self,
        number: u32,
        split: SplitName,
        row: &Row<'_, 9>,
        file: &str,
    ) -> Result<Draft, ImportError> {
        let id = DialogueId::new(format!("{split}-{number}"));
        self.session.claim(&id, &row.path(), row.line())?;
        Ok(Draft {
            number,
            last_number: None,
            dialogue: Dialogue {
                id: id.clone(),
                scenario: None,
                situation: None,
                emotion: None,
                episode: Some(Episode {
                    season: row.number(SEASON)?,
                    episode: row.number(EPISODE)?,
                }),
                utterances: Vec::new(),
            },
            notes: Notes::new(file.to_owned(), id),
        })
    }

    fn add(
        &self,
        draft: &mut Draft,
        row: &Row<'_, 9>,
        timeline: &mut Timeline,
    ) -> Result<(), ImportError> {
        let (line, idx) = (row.line(), draft.dialogue.utterances.len());
        let number = u64::from(row.number(NUMBER)?);
        let expected = draft.last_number.map_or(0, |last| last + 1);
        if number < expected {
            return Err(ImportError::DuplicateUtterance {
                path: row.path(),
                line,
                dialogue: draft.dialogue.id.to_string(),
                utterance: number,
            });
        }
        if number > expected {
            let raw = format!("{number} after {expected} expected");
            draft
                .notes
                .utterance(IssueKind::UtteranceGap, line, idx, raw);
        }
        draft.last_number = Some(number);
        let raw = row.text(EMOTION)?;
        let emotion = self.emotions.parse(raw).map_err(|mut source| {
            source.raw = shortened(&source.raw);
            ImportError::UnknownLabel {
                path: row.path(),
                line,
                dialogue: draft.dialogue.id.to_string(),
                utterance: idx.to_string(),
                source: Box::new(source),
            }
        })?;
        if emotion.name() != raw {
            draft
                .notes
                .utterance(IssueKind::LabelVariant, line, idx, raw);
        }
        let text = clean(row.text(UTTERANCE)?, &mut draft.notes, line, idx);
        let times = (row.text(START)?, row.text(END)?);
        let span = timeline.span(times, &mut draft.notes, line, idx);
        draft.dialogue.utterances.push(Utterance {
            idx,
            role: Role::Participant,
            speaker: Some(row.text(SPEAKER)?.trim().to_owned()),
            text: text.into(),
            emotion: Some(emotion),
            strategy: None,
            span,
        });
        Ok(())
    }

    fn complete(&mut self, draft: Draft, split: SplitName) -> Result<(), ImportError> {
        self.session.write(&draft.dialogue, &draft.notes)?;
        self.ids.push((draft.dialogue.id, split));
        Ok(())
    }
}

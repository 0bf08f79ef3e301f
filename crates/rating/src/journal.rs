//! What a rater answered: an append-only file, and what it comes to when read from its beginning.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::append::LineFile;
use crate::study::read_lines;
use crate::{Choice, Question, RatingError};

/// One line: a question was answered, or its answer taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// Position among the rater's tasks.
    pub(crate) task: usize,
    /// Which question.
    pub(crate) question: Question,
    /// The answer; `null` takes it back.
    pub(crate) choice: Option<Choice>,
    /// How long the task was in view so far, in milliseconds.
    pub(crate) elapsed_ms: u64,
}

/// The answers to one task, as they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TaskAnswers {
    /// By [`Question::idx`].
    pub choices: [Option<Choice>; Question::ALL.len()],
    /// How long the task was in view, in milliseconds.
    pub elapsed_ms: u64,
}

impl TaskAnswers {
    /// Whether every question is answered.
    pub fn is_whole(&self) -> bool {
        self.choices.iter().all(Option::is_some)
    }
}

/// The answers of one rater, by task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// One place a task.
    pub tasks: Vec<TaskAnswers>,
    n_entries: usize,
}

impl Answers {
    /// Reads them; none yet where there is no file.
    ///
    /// # Errors
    /// [`RatingError`] when the file cannot be read or has a line that is none.
    pub fn load(path: &Path, n_tasks: usize) -> Result<Self, RatingError> {
        let mut answers = Self {
            tasks: vec![TaskAnswers::default(); n_tasks],
            n_entries: 0,
        };
        if !path.is_file() {
            return Ok(answers);
        }
        for (idx, entry) in read_lines::<Entry>(path)?.iter().enumerate() {
            if entry.task >= n_tasks {
                return Err(RatingError::Broken {
                    path: path.to_owned(),
                    line: idx + 1,
                    what: format!("task {}, expected one below {n_tasks}", entry.task),
                });
            }
            answers.apply(entry);
        }
        Ok(answers)
    }

    /// Number of tasks with every question answered.
    pub fn n_whole(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_whole()).count()
    }

    fn apply(&mut self, entry: &Entry) {
        self.n_entries += 1;
        if let Some(task) = self.tasks.get_mut(entry.task) {
            task.choices[entry.question.idx()] = entry.choice;
            task.elapsed_ms = task.elapsed_ms.max(entry.elapsed_ms);
        }
    }
}

/// The journal of one rater, open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    file: LineFile,
    answers: Answers,
}

impl Journal {
    pub(crate) fn open(path: &Path, n_tasks: usize) -> Result<Self, RatingError> {
        let file = LineFile::open(path)?;
        let answers = Answers::load(path, n_tasks)?;
        Ok(Self { file, answers })
    }

    pub(crate) const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Number of lines.
    pub(crate) const fn n_entries(&self) -> usize {
        self.answers.n_entries
    }

    /// Keeps an entry; it is on the disk when this returns.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), RatingError> {
        self.file.append(entry)?;
        self.answers.apply(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(task: usize, question: Question, choice: Option<Choice>) -> Entry {
        Entry {
            at_ms: 1,
            task,
            question,
            choice,
            elapsed_ms: 10,
        }
    }

    #[test]
    fn what_was_answered_last_counts_and_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r1.jsonl");
        let mut journal = Journal::open(&path, 2).unwrap();
        for question in Question::ALL {
            journal
                .append(&entry(1, question, Some(Choice::Left)))
                .unwrap();
        }
        assert_eq!(journal.answers().n_whole(), 1);
        journal.append(&entry(1, Question::Comfort, None)).unwrap();
        journal
            .append(&entry(1, Question::Overall, Some(Choice::Right)))
            .unwrap();
        let read = Answers::load(&path, 2).unwrap();
        assert_eq!(&read, journal.answers());
        assert_eq!(read.n_whole(), 0);
        assert_eq!(read.tasks[1].choices[Question::Comfort.idx()], None);
        assert_eq!(
            read.tasks[1].choices[Question::Overall.idx()],
            Some(Choice::Right)
        );
        assert_eq!(read.tasks[0], TaskAnswers::default());
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r1.jsonl");
        let mut journal = Journal::open(&path, 2).unwrap();
        journal.append(&entry(1, Question::Comfort, None)).unwrap();
        assert!(
            Answers::load(&path, 1)
                .unwrap_err()
                .to_string()
                .contains("r1.jsonl:1: task 1")
        );
        let line = fs_err::read_to_string(&path).unwrap();
        fs_err::write(&path, format!("{line}{{\"secret words\": 1}}\n")).unwrap();
        let error = Answers::load(&path, 2).unwrap_err().to_string();
        assert!(
            error.contains("r1.jsonl:2:") && !error.contains("secret"),
            "{error}"
        );
    }
}

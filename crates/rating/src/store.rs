//! A study that is being rated: who may come in, what they are shown, and what they answered.
//!
//! One program has it open at a time; invitations may be added meanwhile. Nothing here tells a rater
//! which system an answer is of, nor what others answered.

use std::collections::HashMap;
use std::collections::hash_map;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use fs_err::File;

use crate::journal::{Entry, Journal};
use crate::study::Rater;
use crate::{Choice, Code, Item, Question, RaterId, RatingError, Study, System, Task, TaskAnswers};

/// Changes a rater may make for each question of each task, on average.
const MAX_CHANGES: usize = 50;
/// Longest time that a task can have been in view: a day.
const MAX_ELAPSED_MS: u64 = 24 * 60 * 60 * 1000;
/// A well-formed hash that no code has; trying it takes as long as trying a real one.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$gjG0bnkMvCBxQUmM2C8gkRzjRy5ve1BjBZfXaTqJGVo";

/// How far a rater is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Tasks in all.
    pub n_tasks: usize,
    /// Tasks with every question answered.
    pub n_whole: usize,
    /// The first task with a question left; none when all is done.
    pub next: Option<usize>,
    /// Median time that a whole task was in view, in milliseconds.
    pub pace_ms: Option<u64>,
}

/// A task as its rater sees it.
#[derive(Debug, Clone, Copy)]
pub struct TaskView<'s> {
    /// What is rated.
    pub item: &'s Item,
    /// The system whose answer stands left. Not for the rater.
    pub left: System,
    /// What was answered so far.
    pub answers: TaskAnswers,
}

impl TaskView<'_> {
    /// The answers as they stand: left, right.
    pub fn sides(&self) -> (&str, &str) {
        let (a, b) = (self.item.a.expose(), self.item.b.expose());
        match self.left {
            System::A => (a, b),
            System::B => (b, a),
        }
    }
}

/// A rater's place: their tasks and their journal.
#[derive(Debug)]
struct Desk {
    tasks: Vec<Task>,
    journal: Mutex<Journal>,
}

/// The study, open for rating.
#[derive(Debug)]
pub struct Store {
    study: Study,
    desks: Mutex<HashMap<RaterId, Arc<Desk>>>,
    _lock: File,
}

impl Store {
    /// Opens a study for rating.
    ///
    /// # Errors
    /// [`RatingError`] when it cannot be read, or another program has it open.
    pub fn open(folder: &Path) -> Result<Self, RatingError> {
        let study = Study::open(folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.file().try_lock().map_err(|_| RatingError::InUse {
            path: folder.to_owned(),
        })?;
        study.raters()?;
        Ok(Self {
            study,
            desks: Mutex::default(),
            _lock: lock,
        })
    }

    /// What is rated.
    pub const fn study(&self) -> &Study {
        &self.study
    }

    /// Lets a rater in by their code; `None` when it opens nothing. Slow on purpose.
    ///
    /// # Errors
    /// [`RatingError`] when the study's files cannot be read.
    pub fn enter(&self, code: &Code) -> Result<Option<RaterId>, RatingError> {
        // Read anew: an invitation may have been added or renewed meanwhile.
        let known = self.study.raters()?.remove(&code.rater);
        let hash = known
            .as_ref()
            .map_or(NOBODYS_HASH, |rater| &rater.code_hash);
        if !code.matches(hash) {
            return Ok(None);
        }
        let Some(rater) = known else {
            return Ok(None);
        };
        self.open_desk(rater)?;
        Ok(Some(code.rater))
    }

    fn open_desk(&self, rater: Rater) -> Result<(), RatingError> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        if let hash_map::Entry::Vacant(place) = desks.entry(rater.rater) {
            let path = self.study.ratings_path(rater.rater);
            let journal = Journal::open(&path, rater.tasks.len())?;
            let desk = Desk {
                tasks: rater.tasks,
                journal: Mutex::new(journal),
            };
            place.insert(Arc::new(desk));
        }
        Ok(())
    }

    /// How far a rater is.
    ///
    /// # Errors
    /// [`RatingError::UnknownRater`] when they did not come in.
    pub fn progress(&self, rater: RaterId) -> Result<Progress, RatingError> {
        let desk = self.desk(rater)?;
        let journal = lock(&desk.journal);
        let tasks = &journal.answers().tasks;
        let mut times: Vec<u64> = tasks
            .iter()
            .filter(|task| task.is_whole())
            .map(|task| task.elapsed_ms)
            .collect();
        times.sort_unstable();
        Ok(Progress {
            n_tasks: tasks.len(),
            n_whole: times.len(),
            next: tasks.iter().position(|task| !task.is_whole()),
            pace_ms: times.get(times.len() / 2).copied(),
        })
    }

    /// A task of a rater.
    ///
    /// # Errors
    /// [`RatingError::UnknownRater`] or [`RatingError::UnknownTask`].
    pub fn task(&self, rater: RaterId, task: usize) -> Result<TaskView<'_>, RatingError> {
        let desk = self.desk(rater)?;
        let shown = desk.task(rater, task)?;
        let answers = lock(&desk.journal).answers().tasks[task];
        Ok(TaskView {
            item: &self.study.items()[shown.item],
            left: shown.left,
            answers,
        })
    }

    /// Keeps an answer, or takes it back with `None`. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`RatingError`] when there is no such task, answers were changed beyond reason, or the disk
    /// refuses.
    pub fn answer(
        &self,
        rater: RaterId,
        task: usize,
        question: Question,
        choice: Option<Choice>,
        elapsed_ms: u64,
    ) -> Result<(), RatingError> {
        let desk = self.desk(rater)?;
        desk.task(rater, task)?;
        let mut journal = lock(&desk.journal);
        let limit = MAX_CHANGES * Question::ALL.len() * desk.tasks.len();
        if journal.n_entries() >= limit {
            return Err(RatingError::TooManyChanges { rater, limit });
        }
        journal.append(&Entry {
            at_ms: now_ms(),
            task,
            question,
            choice,
            elapsed_ms: elapsed_ms.min(MAX_ELAPSED_MS),
        })
    }

    fn desk(&self, rater: RaterId) -> Result<Arc<Desk>, RatingError> {
        let desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        desks
            .get(&rater)
            .cloned()
            .ok_or(RatingError::UnknownRater { rater })
    }
}

impl Desk {
    fn task(&self, rater: RaterId, task: usize) -> Result<&Task, RatingError> {
        self.tasks.get(task).ok_or(RatingError::UnknownTask {
            rater,
            task,
            n_tasks: self.tasks.len(),
        })
    }
}

fn lock(journal: &Mutex<Journal>) -> std::sync::MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::study;

    #[test]
    fn a_rater_comes_in_by_their_code_and_goes_on_where_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let invited = study.invite(1).unwrap().remove(0);
        let rater = invited.rater;
        let store = Store::open(study.folder()).unwrap();
        assert!(matches!(
            store.progress(rater),
            Err(RatingError::UnknownRater { .. })
        ));
        assert_eq!(store.enter(&Code::fresh(rater)).unwrap(), None);
        assert_eq!(store.enter(&Code::fresh(RaterId::new(8))).unwrap(), None);
        assert_eq!(store.enter(&invited.code).unwrap(), Some(rater));
        for question in Question::ALL {
            store
                .answer(rater, 0, question, Some(Choice::Left), 900)
                .unwrap();
        }
        let before = store.progress(rater).unwrap();
        assert_eq!(
            (before.n_whole, before.next, before.pace_ms),
            (1, Some(1), Some(900))
        );
        assert!(matches!(
            Store::open(study.folder()),
            Err(RatingError::InUse { .. })
        ));
        drop(store);
        let store = Store::open(study.folder()).unwrap();
        store.enter(&invited.code).unwrap();
        assert_eq!(store.progress(rater).unwrap(), before);
        assert!(store.task(rater, 0).unwrap().answers.is_whole());
        assert!(matches!(
            store.task(rater, 999),
            Err(RatingError::UnknownTask { .. })
        ));
    }

    #[test]
    fn an_invitation_that_came_later_opens_too_and_a_renewed_one_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let store = Store::open(study.folder()).unwrap();
        let late = study.invite(1).unwrap().remove(0);
        assert_eq!(store.enter(&late.code).unwrap(), Some(late.rater));
        let renewed = study.renew(late.rater).unwrap();
        assert_eq!(store.enter(&late.code).unwrap(), None);
        assert_eq!(store.enter(&renewed.code).unwrap(), Some(late.rater));
    }

    #[test]
    fn the_side_says_whose_answer_it_is_to_nobody_but_us() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let invited = study.invite(1).unwrap().remove(0);
        let store = Store::open(study.folder()).unwrap();
        store.enter(&invited.code).unwrap();
        let n_tasks = store.progress(invited.rater).unwrap().n_tasks;
        for task in 0..n_tasks {
            let view = store.task(invited.rater, task).unwrap();
            let (left, _) = view.sides();
            let expected = match view.left {
                System::A => &view.item.a,
                System::B => &view.item.b,
            };
            assert_eq!(left, expected.expose());
        }
    }

    #[test]
    fn a_code_for_nobody_is_tried_as_long_as_any_other() {
        // A hash that cannot be read would be refused at once and tell who exists.
        let parsed = argon2::password_hash::phc::PasswordHash::new(NOBODYS_HASH);
        let ours = Code::fresh(RaterId::new(1)).hash().unwrap();
        let parameters = |hash: &str| hash.split('$').nth(3).map(str::to_owned);
        assert!(parsed.is_ok());
        assert_eq!(parameters(NOBODYS_HASH), parameters(&ours));
    }
}

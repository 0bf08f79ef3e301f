//! The ratings as flat rows, for anyone's own statistics.

use serde::Serialize;
use smes_dialogue::DialogueId;

use crate::{Answers, Choice, Question, RaterId, RatingError, Study, System, TaskKind, Verdict};

/// One answer to one question. Nobody's words are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportRow {
    /// Who answered.
    pub rater: RaterId,
    /// Position among the rater's tasks, from 0.
    pub task: usize,
    /// Why the task was shown.
    pub kind: TaskKind,
    /// Position among the study's items, from 0.
    pub item: usize,
    /// The dialogue.
    pub dialogue: DialogueId,
    /// Position of the utterance in it.
    pub utterance: usize,
    /// The question.
    pub question: Question,
    /// The system that stood left.
    pub left: System,
    /// The answer.
    pub choice: Choice,
    /// What it means for system A.
    pub verdict: Verdict,
    /// How long the task was in view, in milliseconds.
    pub elapsed_ms: u64,
}

/// Every answer that stands, of every rater, also of those who will not count.
///
/// # Errors
/// [`RatingError`] when the study's files cannot be read.
pub fn export(study: &Study) -> Result<Vec<ExportRow>, RatingError> {
    let mut rows = Vec::new();
    for rater in study.raters()?.into_values() {
        let answers = Answers::load(&study.ratings_path(rater.rater), rater.tasks.len())?;
        for (idx, (task, given)) in rater.tasks.iter().zip(&answers.tasks).enumerate() {
            let item = &study.items()[task.item];
            for (question, choice) in Question::ALL.into_iter().zip(given.choices) {
                let Some(choice) = choice else {
                    continue;
                };
                rows.push(ExportRow {
                    rater: rater.rater,
                    task: idx,
                    kind: task.kind,
                    item: task.item,
                    dialogue: item.dialogue.clone(),
                    utterance: item.utterance,
                    question,
                    left: task.left,
                    choice,
                    verdict: Verdict::of(choice, task.left),
                    elapsed_ms: given.elapsed_ms,
                });
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Habit, rate, study};

    #[test]
    fn every_answer_is_a_row_and_says_what_it_means() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let habit = Habit {
            prefers: |_, _| Some(System::B),
            reads_checks: true,
            is_consistent: true,
        };
        let rater = rate(&study, &habit);
        let rows = export(&study).unwrap();
        assert_eq!(rows.len(), 16 * 5);
        let moments = || rows.iter().filter(|row| row.kind != TaskKind::Check);
        assert!(moments().all(|row| row.rater == rater && row.verdict == Verdict::Loss));
        assert!(moments().any(|row| row.choice == Choice::Left));
        assert!(moments().any(|row| row.choice == Choice::Right));
    }
}

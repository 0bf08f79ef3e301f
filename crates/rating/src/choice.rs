//! The five questions of Table V, and what a rater may answer.
//!
//! The questions are those of the SMES paper's human evaluation, which took them from ESConv (Liu et
//! al. 2021, section 5.3); the wording is ours and speaks of "answers".

use serde::{Deserialize, Serialize};

/// What the two answers are compared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Is it fluent and understandable?
    Fluency,
    /// Does it explore the situation and identify the problem?
    Identification,
    /// Does it comfort?
    Comfort,
    /// Does it suggest something helpful?
    Suggestion,
    /// Which one is preferred?
    Overall,
}

impl Question {
    /// All, in the order in which they are asked.
    pub const ALL: [Self; 5] = [
        Self::Fluency,
        Self::Identification,
        Self::Comfort,
        Self::Suggestion,
        Self::Overall,
    ];

    /// Position in [`Question::ALL`].
    pub const fn idx(self) -> usize {
        self as usize
    }

    /// Stable name in files and messages.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Fluency => "fluency",
            Self::Identification => "identification",
            Self::Comfort => "comfort",
            Self::Suggestion => "suggestion",
            Self::Overall => "overall",
        }
    }

    /// Name in tables and headings.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Fluency => "Fluency",
            Self::Identification => "Identification",
            Self::Comfort => "Comfort",
            Self::Suggestion => "Suggestion",
            Self::Overall => "Overall",
        }
    }

    /// The question as a rater reads it.
    pub const fn wording(self) -> &'static str {
        match self {
            Self::Fluency => "Which answer is more fluent and easier to understand?",
            Self::Identification => {
                "Which answer explores the situation more deeply and gets closer to what the problem is?"
            }
            Self::Comfort => "Which answer comforts better?",
            Self::Suggestion => "Which answer suggests something more helpful?",
            Self::Overall => "Which answer would you rather be given, all in all?",
        }
    }
}

/// A rater's answer to a question about two answers side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The answer shown first.
    Left,
    /// No difference.
    Tie,
    /// The answer shown second.
    Right,
}

/// One of the two systems of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The first named.
    A,
    /// The second named.
    B,
}

impl System {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// A choice once it is known who stood where: what it means for system A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A is better.
    Win,
    /// No difference.
    Tie,
    /// B is better.
    Loss,
}

impl Verdict {
    /// Number of verdicts, for counts by class.
    pub const N: usize = 3;

    /// What a choice means when `left` was shown first.
    pub const fn of(choice: Choice, left: System) -> Self {
        match (choice, left) {
            (Choice::Tie, _) => Self::Tie,
            (Choice::Left, System::A) | (Choice::Right, System::B) => Self::Win,
            (Choice::Right, System::A) | (Choice::Left, System::B) => Self::Loss,
        }
    }

    /// Position among the verdicts, for counts by class.
    pub const fn class(self) -> usize {
        self as usize
    }

    /// What several verdicts on the same thing come to: the side with more of them, whatever the
    /// number of ties; a tie where the sides are even, and where there is none.
    pub fn most(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let balance: i64 = verdicts
            .into_iter()
            .map(|verdict| match verdict {
                Self::Win => 1,
                Self::Tie => 0,
                Self::Loss => -1,
            })
            .sum();
        match balance {
            0 => Self::Tie,
            1.. => Self::Win,
            _ => Self::Loss,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_means_the_system_that_stood_there() {
        assert_eq!(Verdict::of(Choice::Left, System::A), Verdict::Win);
        assert_eq!(Verdict::of(Choice::Left, System::B), Verdict::Loss);
        assert_eq!(Verdict::of(Choice::Right, System::B), Verdict::Win);
        assert_eq!(Verdict::of(Choice::Right, System::A), Verdict::Loss);
        assert_eq!(Verdict::of(Choice::Tie, System::B), Verdict::Tie);
    }

    #[test]
    fn several_verdicts_come_to_the_side_with_more_of_them() {
        use Verdict::{Loss, Tie, Win};
        assert_eq!(Verdict::most([Win, Tie, Tie]), Win);
        assert_eq!(Verdict::most([Win, Tie, Loss]), Tie);
        assert_eq!(Verdict::most([Loss, Loss, Win]), Loss);
        assert_eq!(Verdict::most([]), Tie);
    }

    #[test]
    fn keys_are_the_names_in_files() {
        for (idx, question) in Question::ALL.into_iter().enumerate() {
            assert_eq!(question.idx(), idx);
            assert_eq!(
                serde_json::to_value(question).unwrap(),
                serde_json::json!(question.key())
            );
        }
    }
}

//! The reviewed answers of the protocol, kept as data (`data/crisis_answers.toml`).
//!
//! Each set is a sequence of steps; when a person goes on in crisis the steps follow one another
//! and the last ones take turns, so that the same words never come twice in a row.

use serde::Deserialize;

use super::{Clarity, CrisisKind};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    answers: Vec<AnswerSet>,
}

/// The steps for one situation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerSet {
    kind: CrisisKind,
    clarity: Clarity,
    imminent: bool,
    steps: Vec<String>,
}

/// All reviewed answers.
#[derive(Debug)]
pub(super) struct Answers {
    sets: Vec<AnswerSet>,
}

impl Answers {
    pub(super) fn embedded() -> Self {
        let file: AnswerFile = toml::from_str(include_str!("../../data/crisis_answers.toml"))
            .expect("the embedded answers are checked by a test");
        Self { sets: file.answers }
    }

    /// The words for the situation after `n_given` crisis answers, with the place of the emergency
    /// number still open as `{emergency}`.
    pub(super) fn text(
        &self,
        kind: CrisisKind,
        clarity: Clarity,
        imminent: bool,
        n_given: usize,
    ) -> &str {
        let distance = |set: &&AnswerSet| {
            (
                set.kind != kind,
                set.imminent != imminent,
                set.clarity != clarity,
            )
        };
        let set = self
            .sets
            .iter()
            .min_by_key(distance)
            .expect("the embedded answers are not empty, which a test checks");
        let steps = &set.steps;
        let step = if n_given < steps.len() {
            n_given
        } else {
            // After the last step the continuations alternate; the first one, which introduces the
            // help, does not come again.
            1 + (n_given - steps.len()) % (steps.len() - 1)
        };
        &steps[step]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [CrisisKind; 6] = [
        CrisisKind::MedicalEmergency,
        CrisisKind::Suicide,
        CrisisKind::HarmToOthers,
        CrisisKind::Abuse,
        CrisisKind::SelfHarm,
        CrisisKind::OtherAtRisk,
    ];

    #[test]
    fn every_kind_has_an_own_answer_and_an_urgent_one_names_the_emergency_number() {
        let answers = Answers::embedded();
        for kind in KINDS {
            for imminent in [false, true] {
                let set = answers
                    .sets
                    .iter()
                    .find(|s| s.kind == kind && s.imminent == imminent);
                let set = set.unwrap_or_else(|| panic!("{kind:?} imminent={imminent}"));
                assert!(set.steps.len() >= 3, "{kind:?}");
                assert!(
                    !imminent || set.steps[0].contains("{emergency}"),
                    "{kind:?}"
                );
            }
        }
    }

    #[test]
    fn the_same_words_never_come_twice_in_a_row_even_when_the_situation_changes() {
        let answers = Answers::embedded();
        let mut situations = Vec::new();
        for kind in KINDS {
            for clarity in [Clarity::Explicit, Clarity::Indirect] {
                for imminent in [false, true] {
                    situations.push((kind, clarity, imminent));
                }
            }
        }
        for n in 0..20 {
            for (k1, c1, i1) in &situations {
                let now = answers.text(*k1, *c1, *i1, n);
                for (k2, c2, i2) in &situations {
                    assert_ne!(now, answers.text(*k2, *c2, *i2, n + 1), "{k1:?} {k2:?} {n}");
                }
            }
        }
    }

    #[test]
    fn answers_are_plain_and_make_no_promise() {
        for set in Answers::embedded().sets {
            for step in &set.steps {
                let n_words = step.split_whitespace().count();
                assert!((15..=110).contains(&n_words), "{n_words} words: {step}");
                let lower = step.to_lowercase();
                for banned in [
                    "will be fine",
                    "will be okay",
                    "commit suicide",
                    "at least",
                    "you should",
                    "promise",
                ] {
                    assert!(!lower.contains(banned), "`{banned}` in: {step}");
                }
                let is_known = step.matches('{').count() == step.matches("{emergency}").count();
                assert!(is_known, "unknown slot: {step}");
            }
        }
    }
}

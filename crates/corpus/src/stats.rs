//! The statistics of a corpus: Tables II and III and Figure 3 of the MESC paper, for any corpus.
//!
//! Source: arXiv 2408.03650. Lengths of utterances are in characters with spaces, which is what
//! reproduces the paper's Table II. Figure 3: position `k/N` with `k` the 1-based row among the
//! dialogue's `N` rows, in four equal phases closed on the right; the paper leaves the borders open.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use smes_dialogue::{Dialogue, Label, LabelSet, Role, SplitName, Utterance};

use crate::{Corpus, CorpusError};

/// A quantity for all utterances and by role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RoleCounts<T> {
    /// Of all.
    pub total: T,
    /// Of supporters (the paper's therapists).
    pub supporter: T,
    /// Of seekers (the paper's clients).
    pub seeker: T,
    /// Of participants, in corpora without those parts.
    pub participant: T,
}

/// How often a label stands in each split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelCounts {
    /// The label.
    pub label: String,
    /// In train.
    pub train: u64,
    /// In validation.
    pub validation: u64,
    /// In test.
    pub test: u64,
    /// In all, those of dialogues without a split among them.
    pub total: u64,
}

/// A strategy over the four phases of a dialogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phases {
    /// The strategy.
    pub label: String,
    /// How often it stands in each phase.
    pub counts: [u64; 4],
    /// Its share of the phase's supporter utterances, `0..=1`.
    pub shares: [f64; 4],
}

/// The statistics of a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// Name of the corpus.
    pub corpus: String,
    /// Checksum of its dialogues.
    pub checksum: String,
    /// Dialogues (Table II).
    pub n_dialogues: u64,
    /// Utterances (Table II).
    pub n_utterances: RoleCounts<u64>,
    /// Utterances a dialogue (Table II).
    pub dialogue_length: RoleCounts<f64>,
    /// Characters an utterance, spaces among them (Table II).
    pub utterance_length: RoleCounts<f64>,
    /// Emotions of the label set (Table II).
    pub n_emotions: usize,
    /// Strategies of the label set (Table II).
    pub n_strategies: usize,
    /// Problem types that occur (Table II).
    pub n_scenarios: usize,
    /// Dialogues with a problem type.
    pub n_with_scenario: u64,
    /// Dialogues by split.
    pub dialogues: LabelCounts,
    /// Utterances by split.
    pub utterances: LabelCounts,
    /// Emotions of utterances by split (Table III).
    pub emotions: Vec<LabelCounts>,
    /// Strategies by split (Table III).
    pub strategies: Vec<LabelCounts>,
    /// Emotions of whole dialogues by split, for corpora that label only those.
    pub dialogue_emotions: Vec<LabelCounts>,
    /// Problem types by number of dialogues, most frequent first.
    pub scenarios: Vec<(String, u64)>,
    /// Supporter utterances in each phase (Figure 3).
    pub phase_totals: [u64; 4],
    /// Strategies over the phases (Figure 3).
    pub phases: Vec<Phases>,
    /// Cues by extractor.
    pub cues: BTreeMap<String, u64>,
}

/// Computes the statistics in one pass.
///
/// # Errors
/// [`CorpusError`] at the first dialogue or cue that cannot be read.
pub fn statistics(corpus: &Corpus) -> Result<Statistics, CorpusError> {
    let splits = corpus.splits().by_id();
    let mut tally = Tally::default();
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue?;
        tally.add(&dialogue, splits.get(&dialogue.id).copied());
    }
    let mut cues = BTreeMap::new();
    for name in corpus.extractors()? {
        let n_cues = corpus.cues(&name)?.n_lines()?;
        cues.insert(name, n_cues);
    }
    Ok(tally.into_statistics(corpus, cues))
}

/// The phase of the 1-based row `k` of `n`: 0 for `k/n` in `(0, 1/4]`, and so on.
const fn phase(k: usize, n: usize) -> usize {
    (4 * k - 1) / n
}

/// Counts of one thing: train, validation, test, and without a split.
type BySplit = [u64; 4];

#[derive(Debug, Default)]
struct Tally {
    dialogues: BySplit,
    utterances: BySplit,
    n_by_role: RoleCounts<u64>,
    n_characters: RoleCounts<u64>,
    emotions: HashMap<String, BySplit>,
    strategies: HashMap<String, BySplit>,
    dialogue_emotions: HashMap<String, BySplit>,
    scenarios: HashMap<String, u64>,
    phase_totals: [u64; 4],
    phases: HashMap<String, [u64; 4]>,
}

impl Tally {
    fn add(&mut self, dialogue: &Dialogue, split: Option<SplitName>) {
        let column = split.map_or(3, |split| split as usize);
        self.dialogues[column] += 1;
        self.utterances[column] += dialogue.utterances.len() as u64;
        if let Some(scenario) = &dialogue.scenario {
            *entry(&mut self.scenarios, &scenario.name) += 1;
        }
        if let Some(emotion) = &dialogue.emotion {
            entry(&mut self.dialogue_emotions, emotion.name())[column] += 1;
        }
        for (idx, utterance) in dialogue.utterances.iter().enumerate() {
            self.add_utterance(utterance, column);
            if utterance.role == Role::Supporter {
                let phase = phase(idx + 1, dialogue.utterances.len());
                self.phase_totals[phase] += 1;
                if let Some(strategy) = &utterance.strategy {
                    entry(&mut self.phases, strategy.name())[phase] += 1;
                }
            }
        }
    }

    fn add_utterance(&mut self, utterance: &Utterance, column: usize) {
        let n_characters = utterance.text.expose().chars().count() as u64;
        self.n_by_role.add(utterance.role, 1);
        self.n_characters.add(utterance.role, n_characters);
        if let Some(emotion) = &utterance.emotion {
            entry(&mut self.emotions, emotion.name())[column] += 1;
        }
        if let Some(strategy) = &utterance.strategy {
            entry(&mut self.strategies, strategy.name())[column] += 1;
        }
    }

    fn into_statistics(self, corpus: &Corpus, cues: BTreeMap<String, u64>) -> Statistics {
        let n_dialogues: u64 = self.dialogues.iter().sum();
        let n_with_scenario = self.scenarios.values().sum();
        let mut scenarios: Vec<(String, u64)> = self.scenarios.into_iter().collect();
        scenarios.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let strategies = corpus.strategies();
        let totals = self.phase_totals;
        let phases = strategies.map_or_else(Vec::new, |set| {
            set.names()
                .map(|name| {
                    let counts = self.phases.get(name).copied().unwrap_or_default();
                    Phases {
                        label: name.to_owned(),
                        counts,
                        shares: std::array::from_fn(|idx| ratio(counts[idx], totals[idx])),
                    }
                })
                .collect()
        });
        Statistics {
            corpus: corpus.manifest().name.clone(),
            checksum: corpus.checksum().to_owned(),
            n_dialogues,
            n_utterances: self.n_by_role,
            dialogue_length: self.n_by_role.map(|n| ratio(n, n_dialogues)),
            utterance_length: self.n_characters.over(self.n_by_role),
            n_emotions: corpus.emotions().len(),
            n_strategies: strategies.map_or(0, LabelSet::len),
            n_scenarios: scenarios.len(),
            n_with_scenario,
            dialogues: label_counts("dialogues", self.dialogues),
            utterances: label_counts("utterances", self.utterances),
            emotions: in_set_order(corpus.emotions(), &self.emotions),
            strategies: strategies.map_or_else(Vec::new, |set| in_set_order(set, &self.strategies)),
            dialogue_emotions: if self.dialogue_emotions.is_empty() {
                Vec::new()
            } else {
                in_set_order(corpus.emotions(), &self.dialogue_emotions)
            },
            scenarios,
            phase_totals: totals,
            phases,
            cues,
        }
    }
}

impl RoleCounts<u64> {
    const fn add(&mut self, role: Role, n: u64) {
        self.total += n;
        match role {
            Role::Supporter => self.supporter += n,
            Role::Seeker => self.seeker += n,
            Role::Participant => self.participant += n,
        }
    }

    fn map(self, quantity: impl Fn(u64) -> f64) -> RoleCounts<f64> {
        RoleCounts {
            total: quantity(self.total),
            supporter: quantity(self.supporter),
            seeker: quantity(self.seeker),
            participant: quantity(self.participant),
        }
    }

    fn over(self, n: Self) -> RoleCounts<f64> {
        RoleCounts {
            total: ratio(self.total, n.total),
            supporter: ratio(self.supporter, n.supporter),
            seeker: ratio(self.seeker, n.seeker),
            participant: ratio(self.participant, n.participant),
        }
    }
}

/// The entry of a name, allocated only when it is new.
fn entry<'m, T: Default>(map: &'m mut HashMap<String, T>, name: &str) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it was inserted above")
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn in_set_order<L: Label>(set: &LabelSet<L>, found: &HashMap<String, BySplit>) -> Vec<LabelCounts> {
    set.names()
        .map(|name| label_counts(name, found.get(name).copied().unwrap_or_default()))
        .collect()
}

fn label_counts(label: &str, counts: BySplit) -> LabelCounts {
    LabelCounts {
        label: label.to_owned(),
        train: counts[0],
        validation: counts[1],
        test: counts[2],
        total: counts.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_quarters_closed_on_the_right() {
        let phases: Vec<usize> = (1..=8).map(|k| phase(k, 8)).collect();
        assert_eq!(phases, [0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(
            (1..=5).map(|k| phase(k, 5)).collect::<Vec<_>>(),
            [0, 1, 2, 3, 3]
        );
        assert_eq!(phase(1, 1), 3);
    }
}

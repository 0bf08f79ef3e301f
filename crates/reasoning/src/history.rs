//! What several reasoners read off a history: strategies by index, corrections of the seeker.

use smes_dialogue::{ContextUtterance, DialogueContext, Emotion, Label, Role, StrategySet};

use crate::ReasoningError;

/// How far a correction reaches: the weight of the corrected emotion halves with each utterance
/// the seeker has said since.
const CORRECTION_DECAY: f32 = 0.5;

/// Index of an utterance's strategy in the set; none where it has no strategy.
///
/// # Errors
/// [`ReasoningError::UnknownLabel`] when the strategy is not of the set.
pub(crate) fn strategy_index(
    utterance: &ContextUtterance,
    utterance_idx: usize,
    strategies: &StrategySet,
) -> Result<Option<usize>, ReasoningError> {
    let Some(strategy) = &utterance.strategy else {
        return Ok(None);
    };
    if let Some(idx) = strategies.index_of(strategy) {
        return Ok(Some(idx));
    }
    match strategies.parse(strategy.name()) {
        Ok(label) => Ok(strategies.index_of(&label)),
        Err(source) => Err(ReasoningError::UnknownLabel {
            utterance_idx,
            source,
        }),
    }
}

/// The latest emotion that the seeker corrected, and how much it still counts.
pub(crate) fn correction(context: &DialogueContext) -> Option<(&Emotion, f32)> {
    let mut weight = 1.0;
    let seekers = context
        .utterances
        .iter()
        .rev()
        .filter(|one| one.role == Role::Seeker);
    for utterance in seekers {
        if let Some(emotion) = &utterance.corrected_emotion {
            return Some((emotion, weight));
        }
        weight *= CORRECTION_DECAY;
    }
    None
}

/// Moves a share of the mass to one label.
pub(crate) fn lean_towards(probs: &mut [f32], idx: Option<usize>, weight: f32) {
    let Some(idx) = idx else { return };
    for prob in probs.iter_mut() {
        *prob *= 1.0 - weight;
    }
    probs[idx] += weight;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_counts_in_full_for_its_utterance_and_half_for_the_next() {
        let mut first = ContextUtterance::seeker("It is fine.");
        first.corrected_emotion = Some(Emotion::from_name("anger"));
        let mut context = DialogueContext {
            utterances: vec![first],
        };
        assert!((correction(&context).unwrap().1 - 1.0).abs() < f32::EPSILON);
        context.utterances.push(ContextUtterance::seeker("Really."));
        let (emotion, weight) = correction(&context).unwrap();
        assert_eq!(emotion.name(), "anger");
        let mut probs = [0.5, 0.25, 0.25];
        lean_towards(&mut probs, Some(2), weight);
        for (found, expected) in probs.iter().zip([0.25, 0.125, 0.625]) {
            assert!((found - expected).abs() < f32::EPSILON, "{probs:?}");
        }
    }
}

//! Scores of judgements about speakers the model never heard, and the temperature.

use serde::{Deserialize, Serialize};
use smes_cues::emotion::{Circumplex, average, softmax};
use smes_dialogue::{Emotion, EmotionSet};
use smes_evaluation::metrics::{Calibration, Confusion, per_class};

use crate::calibration::{self, likeliest};

/// What the networks said of one recording of a speaker left out, before calibration.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    pub(super) name: String,
    pub(super) speaker: String,
    pub(super) gold: usize,
    /// Logits of each window.
    pub(super) logits: Vec<Vec<f32>>,
    /// Seconds of voice in each.
    pub(super) weights: Vec<f64>,
}

impl Judgement {
    /// Probabilities of the recording; `None` where no voice was heard.
    pub(super) fn probabilities(&self, temperature: f64) -> Option<Vec<f64>> {
        let rows: Vec<Vec<f64>> = self
            .logits
            .iter()
            .map(|row| softmax(row, temperature))
            .collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        average(&rows, &self.weights)
    }
}

/// Scores under one condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceScores {
    /// Recordings.
    pub n: usize,
    /// Those in which no voice was heard: counted as wrong.
    pub n_unheard: usize,
    /// Mean recall of the emotions: unweighted average recall.
    pub recall: f64,
    /// Share that is right.
    pub accuracy: f64,
    /// Mean recall of calm and aroused.
    pub arousal_recall: f64,
    /// Mean recall of unpleasant and pleasant.
    pub valence_recall: f64,
    /// Expected calibration error of the probabilities.
    pub calibration_error: f64,
    /// Rows gold, columns heard, the last column for no voice.
    pub confusion: Vec<Vec<u32>>,
}

/// Scores judgements, each calibrated by its own temperature.
pub(super) fn score(judged: &[(&Judgement, f64)], emotions: &EmotionSet) -> VoiceScores {
    let mut confusion = Confusion::new(emotions.len());
    let (mut arousal, mut valence) = (Confusion::new(2), Confusion::new(2));
    let mut calibration = Calibration::default();
    let side = |emotion: usize, pick: fn(Circumplex) -> f64| {
        let place = emotions
            .get(emotion)
            .and_then(|e: &Emotion| Circumplex::of(e));
        place.map_or(0, |place| usize::from(pick(place) > 0.0))
    };
    for (judgement, temperature) in judged {
        let probabilities = judgement.probabilities(*temperature);
        let heard = probabilities.as_deref().and_then(likeliest);
        confusion.add(judgement.gold, heard);
        for (counts, pick) in [
            (
                &mut arousal,
                (|place| place.arousal) as fn(Circumplex) -> f64,
            ),
            (&mut valence, |place| place.valence),
        ] {
            let share: Option<f64> = probabilities.as_ref().map(|all| {
                let high = all.iter().enumerate().filter(|(e, _)| side(*e, pick) == 1);
                high.map(|(_, p)| p).sum()
            });
            counts.add(
                side(judgement.gold, pick),
                share.map(|p| usize::from(p > 0.5)),
            );
        }
        if let (Some(heard), Some(all)) = (heard, &probabilities) {
            calibration.add(all[heard], heard == judgement.gold);
        }
    }
    let rows = (0..emotions.len()).map(|gold| confusion.row(gold).to_vec());
    let rows: Vec<Vec<u32>> = rows.collect();
    let n_right: u32 = rows.iter().enumerate().map(|(gold, row)| row[gold]).sum();
    VoiceScores {
        n: judged.len(),
        n_unheard: rows.iter().map(|row| row[emotions.len()] as usize).sum(),
        recall: mean_recall(&confusion),
        accuracy: f64::from(n_right) / judged.len().max(1) as f64,
        arousal_recall: mean_recall(&arousal),
        valence_recall: mean_recall(&valence),
        calibration_error: calibration.error().unwrap_or(0.0),
        confusion: rows,
    }
}

fn mean_recall(confusion: &Confusion) -> f64 {
    let classes = per_class(&confusion.class_counts());
    let recalls: Vec<f64> = classes
        .iter()
        .filter(|c| c.support > 0)
        .map(|c| c.recall)
        .collect();
    recalls.iter().sum::<f64>() / recalls.len().max(1) as f64
}

/// The temperature under which the true emotions are most likely.
pub(super) fn best_temperature(judged: &[&Judgement]) -> f64 {
    let loss = |temperature: f64| -> f64 {
        let one = |judgement: &&Judgement| {
            let all = judgement.probabilities(temperature)?;
            Some(-all[judgement.gold].clamp(1e-12, 1.0).ln())
        };
        judged.iter().filter_map(one).sum()
    };
    calibration::best_temperature(loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::emodb_emotions;

    fn judgement(gold: usize, logits: &[f32]) -> Judgement {
        Judgement {
            name: String::new(),
            speaker: String::new(),
            gold,
            logits: vec![logits.to_vec()],
            weights: vec![1.0],
        }
    }

    #[test]
    fn a_hand_worked_confusion_with_one_recording_unheard() {
        let sure = |emotion: usize| -> Vec<f32> {
            (0..7)
                .map(|e| if e == emotion { 9.0 } else { 0.0 })
                .collect()
        };
        let mut all = vec![
            judgement(0, &sure(0)),
            judgement(0, &sure(4)),
            judgement(5, &sure(5)),
            judgement(5, &sure(1)),
        ];
        all.push(Judgement {
            logits: Vec::new(),
            weights: Vec::new(),
            ..judgement(6, &[])
        });
        let pairs: Vec<_> = all.iter().map(|j| (j, 1.0)).collect();
        let found = score(&pairs, &emodb_emotions());
        assert_eq!((found.n, found.n_unheard), (5, 1));
        assert!((found.recall - (0.5 + 0.5 + 0.0) / 3.0).abs() < 1e-9);
        // Anger taken for joy stays aroused, sadness for boredom calm; neutral is missed.
        assert!((found.arousal_recall - f64::midpoint(1.0, 2.0 / 3.0)).abs() < 1e-9);
        // Anger taken for joy turns pleasant, and neutral is missed.
        assert!((found.valence_recall - f64::midpoint(3.0 / 4.0, 0.0)).abs() < 1e-9);
        assert_eq!(found.confusion[0], [1, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn temperature_flattens_a_model_that_is_too_sure() {
        // Sure of emotion 0 at odds of e^4, right three times in four.
        let all: Vec<Judgement> = [0, 0, 0, 1].map(|gold| judgement(gold, &[4.0, 0.0])).into();
        let found = best_temperature(&all.iter().collect::<Vec<_>>());
        assert!((found - 4.0 / 3.0_f64.ln()).abs() < 0.01, "{found}");
    }
}

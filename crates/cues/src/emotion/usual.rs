//! How a speaker's voice usually measures: what their emotion is heard against.

use std::fmt;

use super::HeardWindow;

/// The mean of each input of the networks over the clips of one speaker so far; no sound, no words. It could
/// serve to recognise a voice, so it cannot be written to a file and `Debug` shows none of it.
///
/// A voice that is high by nature is not aroused. The network therefore reads a clip around the mean
/// of that speaker, drawn towards the mean of everybody while few clips are known, as in J.-L.
/// Gauvain & C.-H. Lee (1994, *Maximum a posteriori estimation for multivariate Gaussian mixture
/// observations of Markov chains*, IEEE Trans. Speech and Audio Processing 2(2)).
#[derive(Clone, Default, PartialEq)]
pub struct UsualVoice {
    /// For each input: clips that had it, and its sum over them.
    sums: Vec<(f64, f64)>,
}

impl fmt::Debug for UsualVoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsualVoice")
            .field("n_inputs", &self.sums.len())
            .finish_non_exhaustive()
    }
}

impl UsualVoice {
    /// Adds a clip: the mean of its windows. Windows of no voice change nothing.
    pub fn add(&mut self, windows: &[HeardWindow]) {
        let Some(first) = windows.first() else {
            return;
        };
        self.sums.resize(first.inputs.len(), (0.0, 0.0));
        for (at, (n, sum)) in self.sums.iter_mut().enumerate() {
            let weighted = windows
                .iter()
                .filter_map(|window| Some((window.inputs[at]?, window.voiced_s)));
            let (total, weight) = weighted
                .fold((0.0, 0.0), |(total, weight), (value, voiced_s)| {
                    (total + value * voiced_s, weight + voiced_s)
                });
            if weight > 0.0 {
                *n += 1.0;
                *sum += total / weight;
            }
        }
    }

    /// What is usual for the speaker, where `everybody` counts for `prior_clips` clips.
    ///
    /// # Shapes
    /// `everybody`: `D` · returns `D`
    ///
    /// # Equation
    /// `(p m + sum x) / (p + n)`, for each input
    pub fn mean(&self, everybody: &[f32], prior_clips: f64) -> Vec<f32> {
        let of = |at: usize| {
            let (n, sum) = self.sums.get(at).copied().unwrap_or_default();
            let mean = (prior_clips * f64::from(everybody[at]) + sum) / (prior_clips + n);
            #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
            let mean = mean as f32;
            mean
        };
        (0..everybody.len()).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(voiced_s: f64, inputs: &[Option<f64>]) -> HeardWindow {
        HeardWindow {
            start_s: 0.0,
            end_s: 1.0,
            voiced_s,
            inputs: inputs.to_vec(),
        }
    }

    #[test]
    fn a_hand_worked_mean_of_two_clips_with_a_value_missing() {
        let mut usual = UsualVoice::default();
        assert_eq!(usual.mean(&[1.0, 2.0], 2.0), [1.0, 2.0]);
        usual.add(&[
            window(1.0, &[Some(4.0), None]),
            window(3.0, &[Some(8.0), None]),
        ]);
        usual.add(&[window(1.0, &[Some(1.0), Some(5.0)])]);
        // (2 * 1 + 7 + 1) / 4 and (2 * 2 + 5) / 3.
        assert_eq!(usual.mean(&[1.0, 2.0], 2.0), [2.5, 3.0]);
        let before = usual.clone();
        usual.add(&[]);
        assert_eq!(usual, before);
    }
}

//! A face over time: episodes of one expression, shares, motion, looking away.

use super::reader::{FaceReading, Moment};

/// Expressions are smoothed over this much time to both sides: one odd frame is no expression.
const SMOOTH_MS: u64 = 250;
/// An episode is at least this long; a smile that people notice lasts half a second or more.
const LEAST_EPISODE_MS: u64 = 350;
/// Judged moments below which nothing is said of expressions.
const LEAST_JUDGED: usize = 3;
/// A longer time without a judgement ends an episode.
const GAP_MS: u64 = 600;

/// A stretch of time with one expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Index in the set of expressions.
    pub expression: usize,
    /// Its onset, in milliseconds from the start of the clip.
    pub start_ms: u64,
    /// Its last moment, likewise.
    pub end_ms: u64,
    /// Mean calibrated probability over its moments.
    pub probability: f64,
    /// How many moments it holds.
    pub n_moments: usize,
}

/// What a face did.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Share of the judged moments that lie in episodes of each expression, in the order of the set; they
    /// sum to 1 where anything was judged.
    pub shares: Vec<f64>,
    /// Mean calibrated probability of each expression, likewise.
    pub likelihoods: Vec<f64>,
    /// In time order.
    pub episodes: Vec<Episode>,
    /// How often one expression gave way to another.
    pub n_changes: usize,
    /// Moments that were judged.
    pub n_judged: usize,
    /// Share of the frames, from the first sight of the face on, in which it was turned away or
    /// hidden.
    pub away_share: f64,
    /// Mean speed of its centre, in face widths a second, where it was seen in frames that follow
    /// one another.
    pub motion: Option<f64>,
}

impl Timeline {
    /// Of a reading with `n_expressions` expressions.
    pub fn of(reading: &FaceReading, n_expressions: usize) -> Self {
        let judged: Vec<(u64, &[f64])> = reading
            .moments
            .iter()
            .filter_map(|moment| Some((moment.time_ms, moment.judged.as_deref().ok()?)))
            .collect();
        let smooth: Vec<(u64, Vec<f64>)> = judged
            .iter()
            .map(|(time_ms, _)| (*time_ms, mean_around(&judged, *time_ms)))
            .collect();
        let episodes = episodes(&smooth, n_expressions);
        let n_judged = judged.len();
        let mut shares = vec![0.0; n_expressions];
        for episode in &episodes {
            shares[episode.expression] += episode.n_moments as f64 / n_judged as f64;
        }
        let mut likelihoods = vec![0.0; n_expressions];
        for (_, probabilities) in &judged {
            for (mean, p) in likelihoods.iter_mut().zip(*probabilities) {
                *mean += p / n_judged as f64;
            }
        }
        let n_changes = episodes
            .windows(2)
            .filter(|pair| pair[0].expression != pair[1].expression)
            .count();
        Self {
            shares,
            likelihoods,
            episodes,
            n_changes,
            n_judged,
            away_share: away_share(reading),
            motion: motion(&reading.moments, reading.step_ms),
        }
    }

    /// Whether enough was seen to say something of expressions.
    pub const fn is_judged(&self) -> bool {
        self.n_judged >= LEAST_JUDGED
    }
}

/// Mean probabilities of the moments around a time.
fn mean_around(judged: &[(u64, &[f64])], time_ms: u64) -> Vec<f64> {
    let start = judged.partition_point(|(at, _)| *at + SMOOTH_MS < time_ms);
    let end = judged.partition_point(|(at, _)| *at <= time_ms + SMOOTH_MS);
    let near = &judged[start..end];
    let mut mean = vec![0.0; near.first().map_or(0, |(_, p)| p.len())];
    for (_, probabilities) in near {
        for (mean, p) in mean.iter_mut().zip(*probabilities) {
            *mean += p / near.len() as f64;
        }
    }
    mean
}

/// Runs of one expression; short ones join the run before them, or else the one after.
fn episodes(smooth: &[(u64, Vec<f64>)], n_expressions: usize) -> Vec<Episode> {
    let mut runs: Vec<Run> = Vec::new();
    for (time_ms, probabilities) in smooth {
        let Some(expression) = likeliest(probabilities) else {
            continue;
        };
        match runs.last_mut() {
            Some(run) if run.expression == expression && run.goes_on_at(*time_ms) => {
                run.add(*time_ms, probabilities);
            }
            _ => runs.push(Run::new(expression, *time_ms, probabilities, n_expressions)),
        }
    }
    while let Some(at) = shortest_to_join(&runs) {
        let short = runs.remove(at);
        let before = at
            .checked_sub(1)
            .filter(|before| runs[*before].goes_on_at(short.start_ms));
        let into = before.unwrap_or(at);
        runs[into].join(&short);
        if into + 1 < runs.len() && runs[into].is_same_as_next(&runs[into + 1]) {
            let next = runs.remove(into + 1);
            runs[into].join(&next);
        }
    }
    runs.iter().map(Run::episode).collect()
}

/// The shortest run that is too short and has a neighbour to join.
fn shortest_to_join(runs: &[Run]) -> Option<usize> {
    let touches = |at: usize| {
        let before = at > 0 && runs[at - 1].goes_on_at(runs[at].start_ms);
        let after = at + 1 < runs.len() && runs[at].goes_on_at(runs[at + 1].start_ms);
        before || after
    };
    (0..runs.len())
        .filter(|at| runs[*at].length_ms() < LEAST_EPISODE_MS && touches(*at))
        .min_by_key(|at| runs[*at].length_ms())
}

struct Run {
    expression: usize,
    start_ms: u64,
    end_ms: u64,
    n_moments: usize,
    sums: Vec<f64>,
}

impl Run {
    fn new(expression: usize, time_ms: u64, probabilities: &[f64], n_expressions: usize) -> Self {
        let mut run = Self {
            expression,
            start_ms: time_ms,
            end_ms: time_ms,
            n_moments: 0,
            sums: vec![0.0; n_expressions],
        };
        run.add(time_ms, probabilities);
        run
    }

    fn add(&mut self, time_ms: u64, probabilities: &[f64]) {
        self.end_ms = time_ms;
        self.n_moments += 1;
        for (sum, p) in self.sums.iter_mut().zip(probabilities) {
            *sum += p;
        }
    }

    fn join(&mut self, other: &Self) {
        self.start_ms = self.start_ms.min(other.start_ms);
        self.end_ms = self.end_ms.max(other.end_ms);
        self.n_moments += other.n_moments;
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
    }

    fn length_ms(&self) -> u64 {
        self.end_ms - self.start_ms
    }

    fn goes_on_at(&self, time_ms: u64) -> bool {
        time_ms.saturating_sub(self.end_ms) <= GAP_MS
    }

    fn is_same_as_next(&self, next: &Self) -> bool {
        self.expression == next.expression && self.goes_on_at(next.start_ms)
    }

    fn episode(&self) -> Episode {
        Episode {
            expression: self.expression,
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            probability: self.sums[self.expression] / self.n_moments as f64,
            n_moments: self.n_moments,
        }
    }
}

fn likeliest(probabilities: &[f64]) -> Option<usize> {
    (0..probabilities.len()).max_by(|a, b| {
        probabilities[*a]
            .total_cmp(&probabilities[*b])
            .then(b.cmp(a))
    })
}

fn away_share(reading: &FaceReading) -> f64 {
    let Some(first) = reading.moments.first() else {
        return 0.0;
    };
    let n_before = if reading.step_ms > 0.0 {
        first.time_ms as f64 / reading.step_ms
    } else {
        0.0
    };
    let n_frames = (reading.n_frames as f64 - n_before).max(1.0);
    let n_seen = reading.moments.len() as f64;
    (1.0 - n_seen / n_frames).clamp(0.0, 1.0)
}

fn motion(moments: &[Moment], step_ms: f64) -> Option<f64> {
    let speeds: Vec<f64> = moments
        .windows(2)
        .filter_map(|pair| {
            let elapsed_ms = (pair[1].time_ms - pair[0].time_ms) as f64;
            let ((ax, ay), (bx, by)) = (pair[0].square.centre(), pair[1].square.centre());
            let way = f64::from((ax - bx).hypot(ay - by) / pair[0].square.side);
            (elapsed_ms > 0.0 && elapsed_ms < 1.5 * step_ms).then(|| way * 1000.0 / elapsed_ms)
        })
        .collect();
    (!speeds.is_empty()).then(|| speeds.iter().sum::<f64>() / speeds.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::Square;
    use proptest::prelude::*;

    const STEP_MS: u64 = 125;

    /// A still face with these likeliest expressions, one a frame; `None` where it is not seen.
    fn reading(likeliest: &[Option<usize>]) -> FaceReading {
        let moment = |(at, expression): (usize, &Option<usize>)| {
            let mut probabilities = vec![0.1; 3];
            probabilities[(*expression)?] = 0.8;
            Some(Moment {
                time_ms: at as u64 * STEP_MS,
                square: Square::around((100.0, 100.0), 50.0),
                frame_height: 240,
                pose: None,
                judged: Ok(probabilities),
            })
        };
        FaceReading {
            n_frames: likeliest.len(),
            step_ms: STEP_MS as f64,
            brightness: 100.0,
            moments: likeliest.iter().enumerate().filter_map(moment).collect(),
            n_others: 0,
        }
    }

    fn runs(parts: &[(Option<usize>, usize)]) -> FaceReading {
        let all: Vec<_> = parts.iter().flat_map(|(what, n)| vec![*what; *n]).collect();
        reading(&all)
    }

    #[test]
    fn a_smile_of_a_second_is_an_episode_with_its_onset() {
        let timeline = Timeline::of(&runs(&[(Some(0), 24), (Some(1), 8), (Some(0), 16)]), 3);
        let found: Vec<_> = timeline
            .episodes
            .iter()
            .map(|e| (e.expression, e.start_ms))
            .collect();
        assert_eq!(found, [(0, 0), (1, 3_000), (0, 4_000)]);
        assert_eq!(timeline.n_changes, 2);
        assert!((timeline.shares[1] - 8.0 / 48.0).abs() < 1e-9);
        assert!((timeline.episodes[1].probability - 0.8).abs() < 0.2);
        assert!(timeline.motion.unwrap().abs() < 1e-9);
        assert!(timeline.away_share.abs() < 1e-9);
    }

    #[test]
    fn one_odd_frame_is_no_expression() {
        let timeline = Timeline::of(&runs(&[(Some(0), 10), (Some(2), 1), (Some(0), 10)]), 3);
        assert_eq!(timeline.episodes.len(), 1);
        assert_eq!(timeline.n_changes, 0);
    }

    #[test]
    fn time_away_is_counted_and_ends_an_episode() {
        let timeline = Timeline::of(
            &runs(&[(None, 8), (Some(0), 8), (None, 8), (Some(0), 8)]),
            3,
        );
        assert_eq!(timeline.episodes.len(), 2);
        assert_eq!(timeline.n_changes, 0);
        // From the first sight on it was away for 8 of 24 frames.
        assert!((timeline.away_share - 8.0 / 24.0).abs() < 1e-9);
    }

    #[test]
    fn motion_is_in_face_widths_a_second() {
        let mut moving = runs(&[(Some(0), 9)]);
        for (at, moment) in moving.moments.iter_mut().enumerate() {
            moment.square = Square::around((100.0 + 5.0 * at as f32, 100.0), 50.0);
        }
        assert!((Timeline::of(&moving, 3).motion.unwrap() - 0.8).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn shares_add_up_and_episodes_are_in_order(
            likeliest in prop::collection::vec(prop::option::of(0_usize..3), 0..60),
        ) {
            let reading = reading(&likeliest);
            let timeline = Timeline::of(&reading, 3);
            let n_moments: usize = timeline.episodes.iter().map(|e| e.n_moments).sum();
            prop_assert_eq!(n_moments, reading.moments.len());
            if n_moments > 0 {
                prop_assert!((timeline.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                prop_assert!((timeline.likelihoods.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            prop_assert!(timeline.episodes.windows(2).all(|pair| pair[0].end_ms < pair[1].start_ms));
            prop_assert!((0.0..=1.0).contains(&timeline.away_share));
        }
    }
}

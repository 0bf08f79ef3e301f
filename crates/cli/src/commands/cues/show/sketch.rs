//! What is kept of a clip while it is decoded, to draw it: as much of an hour as of a minute.

use smes_cues::face::Grey;

/// Steps of the wave that are kept, at most.
const N_STEPS: usize = 1_400;
/// Samples of a step at first.
const STEP: usize = 16;
/// Pictures that are kept, at most.
const N_PICTURES: usize = 120;

/// The lowest and the highest sample of equal steps of a sound.
pub(super) struct Wave {
    n_per_step: usize,
    /// Samples in the last step.
    n_last: usize,
    steps: Vec<(f32, f32)>,
}

impl Default for Wave {
    fn default() -> Self {
        Self {
            n_per_step: STEP,
            n_last: STEP,
            steps: Vec::new(),
        }
    }
}

impl Wave {
    /// Hears what follows.
    pub(super) fn hear(&mut self, mut piece: &[f32]) {
        while !piece.is_empty() {
            if self.n_last == self.n_per_step {
                self.begin_step();
            }
            let (now, later) = piece.split_at(piece.len().min(self.n_per_step - self.n_last));
            let last = self.steps.len() - 1;
            self.steps[last] = now.iter().fold(self.steps[last], |(low, high), sample| {
                (low.min(*sample), high.max(*sample))
            });
            self.n_last += now.len();
            piece = later;
        }
    }

    /// Lowest and highest sample of each step.
    pub(super) fn steps(&self) -> Vec<(f64, f64)> {
        let wide = |(low, high): &(f32, f32)| (f64::from(*low), f64::from(*high));
        self.steps.iter().map(wide).collect()
    }

    /// Makes two steps one where there are too many.
    fn begin_step(&mut self) {
        if self.steps.len() == N_STEPS {
            let pairs = self.steps.as_chunks::<2>().0;
            let joined = pairs.iter().map(|[a, b]| (a.0.min(b.0), a.1.max(b.1)));
            self.steps = joined.collect();
            self.n_per_step *= 2;
        }
        self.steps.push((0.0, 0.0));
        self.n_last = 0;
    }
}

/// Pictures at equal distances over all of a clip.
#[derive(Default)]
pub(super) struct Album {
    pictures: Vec<(u64, Grey)>,
    n_seen: usize,
    /// Each picture is kept of which the number can be divided by two this often.
    n_halved: u32,
    last_ms: u64,
}

impl Album {
    /// Sees the next picture.
    pub(super) fn see(&mut self, time_ms: u64, picture: &Grey) {
        self.last_ms = time_ms;
        if self.n_seen.is_multiple_of(1 << self.n_halved) {
            self.pictures.push((time_ms, picture.clone()));
        }
        self.n_seen += 1;
        if self.pictures.len() > N_PICTURES {
            self.n_halved += 1;
            let mut number = 0;
            self.pictures.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }

    /// The picture of a time, if it was kept.
    pub(super) fn at(&self, time_ms: u64) -> Option<&Grey> {
        let place = self.pictures.binary_search_by_key(&time_ms, |kept| kept.0);
        place.ok().map(|place| &self.pictures[place].1)
    }

    /// The time of the last picture seen.
    pub(super) fn last_ms(&self) -> u64 {
        self.last_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_wave_has_the_range_of_each_of_its_steps_however_it_comes(sound in prop::collection::vec(-1.0_f32..1.0, 1..90_000), piece in 1_usize..9_000) {
            let mut wave = Wave::default();
            sound.chunks(piece).for_each(|piece| wave.hear(piece));
            prop_assert!(wave.steps.len() <= N_STEPS);
            let expected = sound.chunks(wave.n_per_step).map(|step| {
                let low = step.iter().copied().fold(0.0, f32::min);
                (low, step.iter().copied().fold(0.0, f32::max))
            });
            prop_assert!(wave.steps.iter().copied().eq(expected));
            prop_assert!(sound.len() < N_STEPS * STEP || wave.steps.len() * 2 >= N_STEPS);
        }
    }

    #[test]
    fn an_album_holds_pictures_over_all_of_a_long_clip() {
        let picture = Grey::of_rgb(1, 1, &[9, 9, 9]).unwrap();
        let mut album = Album::default();
        for n in 0..10_000 {
            album.see(n * 125, &picture);
        }
        let times: Vec<u64> = album.pictures.iter().map(|kept| kept.0).collect();
        assert!((N_PICTURES / 2..=N_PICTURES).contains(&times.len()));
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == times[1]));
        assert!(album.last_ms() - times[times.len() - 1] < times[1]);
        assert!(album.at(times[7]).is_some() && album.at(times[7] + 125).is_none());
    }
}

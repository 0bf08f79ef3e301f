//! What is heard and seen while a person still speaks.

use std::sync::Arc;

use smes_dialogue::Cue;
use smes_media::{Clip, News};

use crate::face::Flaw;
use crate::voice::{f0, loudness};
use crate::{CueError, CueExtractor, SpeakerBaseline};

/// Sound that a moment's pitch is measured over, in seconds.
const PITCH_S: f64 = 0.3;

/// A moment of a recording that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Where it ends, in milliseconds from the start of the recording.
    pub time_ms: u64,
    /// Mean level since the moment before, in dB re full scale; none without sound.
    pub level_db: Option<f64>,
    /// Median F0 of its voiced part, in Hz; none without a voice.
    pub f0_hz: Option<f64>,
    /// The latest picture, where any came.
    pub face: Option<FaceNow>,
}

/// What the latest picture shows of a face.
#[derive(Debug, Clone, PartialEq)]
pub enum FaceNow {
    /// There is none.
    None,
    /// It cannot be judged.
    Flawed(Flaw),
    /// It looks most like this expression.
    Like {
        /// The expression.
        expression: String,
        /// Its calibrated probability.
        prob: f64,
    },
}

/// Reads a recording while it goes on.
pub trait Follower: Send + Sync {
    /// Takes what was decoded since the last call; gives the moment that ends with it, or nothing
    /// where nothing came.
    fn follow(&mut self, news: &News) -> Option<Moment>;

    /// The cue of the whole clip, once the recording has ended.
    ///
    /// # Errors
    /// As for [`CueExtractor::extract`].
    fn finish(
        self: Box<Self>,
        clip: &Clip,
        baseline: &mut SpeakerBaseline,
    ) -> Result<Cue, CueError>;
}

/// Measures level and pitch of each moment, and leaves the cue to an extractor.
pub(crate) struct VoiceFollower {
    extractor: Arc<dyn CueExtractor>,
    sample_rate: u32,
    n_samples: u64,
    /// The end of the sound so far.
    recent: Vec<f32>,
}

impl VoiceFollower {
    pub(crate) fn new(extractor: Arc<dyn CueExtractor>, sample_rate: u32) -> Self {
        Self {
            extractor,
            sample_rate,
            n_samples: 0,
            recent: Vec::new(),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a fraction of a second of samples"
    )]
    fn remember(&mut self, samples: &[f32]) {
        self.n_samples += samples.len() as u64;
        self.recent.extend_from_slice(samples);
        let n_kept = (PITCH_S * f64::from(self.sample_rate)) as usize;
        let n_over = self.recent.len().saturating_sub(n_kept);
        self.recent.drain(..n_over);
    }

    fn f0_hz(&self) -> Option<f64> {
        let contour = f0::contour(&self.recent, self.sample_rate, |_| ());
        let mut voiced: Vec<f64> = contour.iter().filter_map(|frame| frame.f0_hz).collect();
        // A frame or two are often a click.
        if voiced.len() * 4 < contour.len().max(1) {
            return None;
        }
        voiced.sort_by(f64::total_cmp);
        voiced.get(voiced.len() / 2).copied()
    }
}

impl Follower for VoiceFollower {
    fn follow(&mut self, news: &News) -> Option<Moment> {
        let samples = &news.samples;
        if samples.is_empty() {
            return None;
        }
        self.remember(samples);
        let squares: f64 = samples.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        Some(Moment {
            time_ms: self.n_samples * 1000 / u64::from(self.sample_rate),
            level_db: Some(loudness::to_db(squares / samples.len() as f64)),
            f0_hz: self.f0_hz(),
            face: None,
        })
    }

    fn finish(
        self: Box<Self>,
        clip: &Clip,
        baseline: &mut SpeakerBaseline,
    ) -> Result<Cue, CueError> {
        self.extractor.extract(clip, baseline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NativeExtractor;
    use crate::voice::signals::{RATE, harmonics};
    use smes_media::Audio;

    #[test]
    fn each_moment_has_its_level_and_pitch_and_the_cue_is_that_of_the_whole() {
        let native = Arc::new(NativeExtractor::embedded().unwrap());
        let mut follower = Arc::clone(&native).follow().expect("it follows recordings");
        let mut sound = harmonics(200.0, &[0.3, 0.2, 0.1], 1.0);
        sound.extend(vec![0.0; RATE as usize]);
        let mut moments = Vec::new();
        for piece in sound.chunks(RATE as usize / 4) {
            let news = News {
                samples: piece.to_vec(),
                video: None,
            };
            moments.extend(follower.follow(&news));
        }
        let times: Vec<u64> = moments.iter().map(|moment| moment.time_ms).collect();
        assert_eq!(times, [250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
        for moment in &moments[..4] {
            assert!(
                (moment.f0_hz.unwrap() / 200.0 - 1.0).abs() < 0.02,
                "{moment:?}"
            );
            assert!(
                (-14.0..-8.0).contains(&moment.level_db.unwrap()),
                "{moment:?}"
            );
        }
        for moment in &moments[6..] {
            assert_eq!(moment.f0_hz, None);
            assert!(moment.level_db.unwrap() < -80.0);
        }
        assert_eq!(follower.follow(&News::default()), None);
        let clip = Clip {
            duration_ms: 2000,
            audio: Some(Audio {
                samples: sound,
                sample_rate: RATE,
            }),
            video: None,
            limits: Vec::new(),
        };
        let followed = follower
            .finish(&clip, &mut SpeakerBaseline::default())
            .unwrap();
        let whole = native
            .extract(&clip, &mut SpeakerBaseline::default())
            .unwrap();
        assert_eq!(followed, whole);
    }
}

//! Recordings as rows of descriptors: as they are, varied for training, and made hard to hear.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smes_cues::CueError;
use smes_cues::emotion::{HeardWindow, VoiceEncoder};
use smes_cues::voice::{self, descriptors};
use smes_nn::RandomStream;

use super::augment::{AugmentRecipe, Noise, add_noise, middle_second};
use super::recordings::Recording;

/// One window to learn from.
pub(super) struct Row {
    pub(super) inputs: Vec<Option<f64>>,
    pub(super) emotion: usize,
}

/// A way in which a recording is heard when the model is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As it was recorded.
    Clean,
    /// Under white noise, 20 dB below the voice.
    White20,
    /// 10 dB below.
    White10,
    /// 5 dB below.
    White5,
    /// Under low noise (a one-pole low pass at 0.95, most of it below 150 Hz), 20 dB below.
    Low20,
    /// 10 dB below.
    Low10,
    /// 5 dB below.
    Low5,
    /// Only one second from its middle.
    OneSecond,
    /// As it was recorded, after four other recordings of the speaker, whose emotions nobody tells.
    After4,
    /// After sixteen of them.
    After16,
    /// After all of them.
    AfterAll,
    /// After all of them that are neutral: a speaker who was only heard in one mood.
    AfterNeutral,
}

/// What was heard of a speaker before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// So many other recordings, drawn by chance.
    Any(usize),
    /// All those that are neutral.
    Neutral,
}

impl Condition {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Clean,
        Self::White20,
        Self::White10,
        Self::White5,
        Self::Low20,
        Self::Low10,
        Self::Low5,
        Self::OneSecond,
        Self::After4,
        Self::After16,
        Self::AfterAll,
        Self::AfterNeutral,
    ];

    /// The condition that sounds the same and knows nothing of the speaker.
    pub(super) const fn sound(self) -> Self {
        match self.before() {
            Before::Nothing => self,
            Before::Any(_) | Before::Neutral => Self::Clean,
        }
    }

    /// What was heard of the speaker before.
    pub(super) const fn before(self) -> Before {
        match self {
            Self::After4 => Before::Any(4),
            Self::After16 => Before::Any(16),
            Self::AfterAll => Before::Any(usize::MAX),
            Self::AfterNeutral => Before::Neutral,
            _ => Before::Nothing,
        }
    }

    /// Its name in files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::White20 => "white_20_db",
            Self::White10 => "white_10_db",
            Self::White5 => "white_5_db",
            Self::Low20 => "low_20_db",
            Self::Low10 => "low_10_db",
            Self::Low5 => "low_5_db",
            Self::OneSecond => "one_second",
            Self::After4 => "after_4",
            Self::After16 => "after_16",
            Self::AfterAll => "after_all",
            Self::AfterNeutral => "after_neutral",
        }
    }

    fn noise(self) -> Option<(Noise, f64)> {
        let low = Noise::Low(0.95);
        match self {
            Self::Clean
            | Self::OneSecond
            | Self::After4
            | Self::After16
            | Self::AfterAll
            | Self::AfterNeutral => None,
            Self::White20 => Some((Noise::White, 20.0)),
            Self::White10 => Some((Noise::White, 10.0)),
            Self::White5 => Some((Noise::White, 5.0)),
            Self::Low20 => Some((low, 20.0)),
            Self::Low10 => Some((low, 10.0)),
            Self::Low5 => Some((low, 5.0)),
        }
    }

    /// What is heard of a recording under it.
    pub(super) fn hear(
        self,
        encoder: &VoiceEncoder,
        recording: &Recording,
        seed: u64,
    ) -> Result<Vec<HeardWindow>, CueError> {
        let mut samples = recording.samples.clone();
        if self == Self::OneSecond {
            samples = middle_second(&samples);
        }
        if let Some((noise, snr_db)) = self.noise() {
            let stream = RandomStream::new(seed)
                .named("judged")
                .named(&recording.name);
            add_noise(&mut samples, noise, snr_db, stream);
        }
        listen(encoder, &samples)
    }
}

fn listen(encoder: &VoiceEncoder, samples: &[f32]) -> Result<Vec<HeardWindow>, CueError> {
    let reading = voice::read(samples, descriptors::RATE);
    encoder.listen(samples, descriptors::RATE, &reading)
}

/// The rows of a recording and of its varied copies; a copy in which no voice is heard has none.
pub(super) fn rows(
    encoder: &VoiceEncoder,
    recording: &Recording,
    augment: &AugmentRecipe,
    seed: u64,
) -> Result<Vec<Row>, CueError> {
    let stream = RandomStream::new(seed)
        .named("varied")
        .named(&recording.name);
    let copies = (0..augment.n_copies).into_par_iter();
    let varied: Vec<Vec<f32>> = copies
        .map(|copy| augment.vary(&recording.samples, stream.numbered(copy)))
        .collect();
    let all = std::iter::once(&recording.samples).chain(&varied);
    let mut rows = Vec::new();
    for samples in all {
        rows.extend(listen(encoder, samples)?.into_iter().map(|window| Row {
            inputs: window.inputs,
            emotion: recording.emotion,
        }));
    }
    Ok(rows)
}

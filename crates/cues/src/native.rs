//! The extractor `native`: what this program hears itself, with nothing to download.
//!
//! Today it reads the voice. Its place for the face is a folder `face/` beside `voice/`, whose
//! features join the same list.

use smes_dialogue::{Cue, Extractor, Modality, Private, TimeSpan};
use smes_media::{Audio, Clip};

use crate::describe::describe;
use crate::voice::{self, FEW_VOICED_S, Hearing, VoiceReading};
use crate::{CueError, CueExtractor, SpeakerBaseline};

/// Sample rates the measures are defined for, in Hz.
const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;
/// Seconds of voice from which more voice adds no certainty.
const ENOUGH_VOICED_S: f64 = 3.0;

/// Measures voice with published methods; see [`crate::voice`].
#[derive(Debug, Clone, Copy, Default)]
pub struct NativeExtractor;

impl CueExtractor for NativeExtractor {
    fn id(&self) -> Extractor {
        Extractor {
            name: "native".to_owned(),
            version: "1".to_owned(),
        }
    }

    fn extract(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<Cue, CueError> {
        let mut cue = Cue {
            observation: Private::default(),
            distress: None,
            modalities: Vec::new(),
            span: TimeSpan::try_new(0, clip.duration_ms).ok(),
            extractor: self.id(),
            confidence: Some(0.0),
            features: Vec::new(),
            limits: clip.limits.clone(),
        };
        if let Some(audio) = &clip.audio {
            hear(audio, baseline, &mut cue)?;
        } else {
            cue.observation = "No voice could be heard.".into();
            note(&mut cue, "the clip has no sound");
        }
        Ok(cue)
    }
}

fn hear(audio: &Audio, baseline: &mut SpeakerBaseline, cue: &mut Cue) -> Result<(), CueError> {
    if !SAMPLE_RATES.contains(&audio.sample_rate) {
        return Err(CueError::UnsupportedSampleRate {
            found: audio.sample_rate,
        });
    }
    let reading = voice::read(&audio.samples, audio.sample_rate);
    for limit in limits(&reading) {
        note(cue, limit);
    }
    if reading.hearing != Hearing::Voice {
        cue.observation = "No voice could be heard.".into();
        return Ok(());
    }
    let confidence = confidence(&reading, baseline);
    let mut features = reading.features;
    for feature in &mut features {
        feature.relative_to_baseline = baseline.relative(feature);
    }
    baseline.add(&features);
    cue.observation = Private::new(describe(&features));
    cue.modalities.push(Modality::Audio);
    cue.confidence = Some(confidence);
    cue.features = features;
    Ok(())
}

/// What stands in the way of a good reading, in plain words.
fn limits(reading: &VoiceReading) -> Vec<&'static str> {
    match reading.hearing {
        Hearing::Silent => return vec!["the sound is silent"],
        Hearing::NoVoice => return vec!["no speech was heard"],
        Hearing::Voice => {}
    }
    let found = [
        (
            reading.voiced_s < FEW_VOICED_S,
            "there is little speech: less than a second of voice",
        ),
        (
            reading.clipped,
            "the recording is too loud and distorted: the microphone was overdriven",
        ),
        (
            reading.noisy,
            "the background is loud: pauses and melody are unsure",
        ),
    ];
    found
        .into_iter()
        .filter_map(|(applies, words)| applies.then_some(words))
        .collect()
}

/// How far the sentence can be trusted, `0..=0.9`: a rule of thumb, not a calibrated probability.
/// It grows with the seconds of voice, is cut for noise and clipping, and is lower while there is
/// no baseline to compare with.
#[expect(clippy::cast_possible_truncation, reason = "a number of two digits")]
fn confidence(reading: &VoiceReading, baseline: &SpeakerBaseline) -> f32 {
    let enough = (reading.voiced_s / ENOUGH_VOICED_S).min(1.0);
    let noise = if reading.noisy { 0.5 } else { 1.0 };
    let clipping = if reading.clipped { 0.8 } else { 1.0 };
    let comparison = if baseline.n_clips() >= crate::baseline::MIN_CLIPS {
        1.0
    } else {
        0.6
    };
    (0.9 * enough * noise * clipping * comparison) as f32
}

fn note(cue: &mut Cue, limit: &str) {
    if !cue.limits.iter().any(|known| known == limit) {
        cue.limits.push(limit.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::{RATE, beats, noise};

    fn clip(samples: Vec<f32>) -> Clip {
        Clip {
            duration_ms: samples.len() as u64 * 1000 / u64::from(RATE),
            audio: Some(Audio {
                samples,
                sample_rate: RATE,
            }),
            video: None,
            limits: Vec::new(),
        }
    }

    fn extract(clip: &Clip, baseline: &mut SpeakerBaseline) -> Cue {
        NativeExtractor.extract(clip, baseline).unwrap()
    }

    #[test]
    fn a_third_slower_and_quieter_clip_is_described_against_the_first_two() {
        let mut baseline = SpeakerBaseline::default();
        let usual = clip(beats(4.5, 4.0, 0.8));
        let first = extract(&usual, &mut baseline);
        assert!(
            first
                .features
                .iter()
                .all(|f| f.relative_to_baseline.is_none())
        );
        extract(&usual, &mut baseline);
        let cue = extract(&clip(beats(2.0, 4.0, 0.2)), &mut baseline);
        let sentence = cue.observation.expose();
        assert!(
            sentence.contains("slower") && sentence.contains("quieter"),
            "{sentence}"
        );
        assert!(
            cue.feature("voice.loudness")
                .unwrap()
                .relative_to_baseline
                .unwrap()
                < -2.0
        );
        assert!(cue.confidence > first.confidence);
        assert_eq!(cue.modalities, [Modality::Audio]);
        assert_eq!(cue.span, TimeSpan::try_new(0, 4_000).ok());
    }

    #[test]
    fn what_holds_no_voice_says_so_and_leaves_the_baseline_alone() {
        let mut baseline = SpeakerBaseline::default();
        let mute = Clip {
            audio: None,
            limits: vec!["the clip has no sound".to_owned()],
            ..clip(Vec::new())
        };
        for (clip, limit) in [
            (mute, "the clip has no sound"),
            (clip(vec![0.0; 32_000]), "the sound is silent"),
            (clip(noise(2, 0.2, 2.0)), "no speech was heard"),
            (clip(Vec::new()), "the sound is silent"),
        ] {
            let cue = extract(&clip, &mut baseline);
            assert_eq!(cue.limits, [limit]);
            assert_eq!(cue.observation.expose(), "No voice could be heard.");
            assert!(cue.features.is_empty() && cue.modalities.is_empty());
        }
        assert_eq!(baseline.n_clips(), 0);
    }

    #[test]
    fn short_clipped_and_noisy_recordings_are_told_and_trusted_less() {
        let clean = extract(&clip(beats(4.0, 4.0, 0.3)), &mut SpeakerBaseline::default());
        assert!(clean.limits.is_empty(), "{:?}", clean.limits);
        let cut = beats(4.0, 4.0, 0.9)
            .iter()
            .map(|s| (s * 4.0).clamp(-1.0, 1.0))
            .collect();
        let covered = beats(4.0, 4.0, 0.3)
            .iter()
            .zip(noise(5, 0.15, 4.0))
            .map(|(v, n)| v + n)
            .collect();
        for (samples, word) in [
            (beats(4.0, 0.8, 0.3), "little"),
            (cut, "overdriven"),
            (covered, "background"),
        ] {
            let cue = extract(&clip(samples), &mut SpeakerBaseline::default());
            assert!(
                cue.limits.iter().any(|limit| limit.contains(word)),
                "{word}: {:?}",
                cue.limits
            );
            assert!(cue.confidence < clean.confidence);
        }
    }

    #[test]
    fn refuses_a_sample_rate_below_telephone() {
        let mut odd = clip(vec![0.1; 4_000]);
        odd.audio.as_mut().unwrap().sample_rate = 4_000;
        let error = NativeExtractor
            .extract(&odd, &mut SpeakerBaseline::default())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "sample rate is `4000` Hz, expected 8000 to 192000"
        );
    }
}

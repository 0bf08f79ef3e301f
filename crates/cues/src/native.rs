//! The extractor `native`: what this program hears and sees itself, with nothing to download.
//!
//! One sentence says how the voice sounded and which acted emotion it sounded most like, one what
//! the face showed over time (`native/see.rs`); either is left out where there is nothing to say.

mod follow;
mod see;
mod sound;

pub use see::Seen;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use smes_dialogue::{Cue, EmotionSet, Extractor, Feature, Modality, Private, TimeSpan};
use smes_media::{Clip, DecodeOptions, Limits, Picture, Recording, VideoOptions};

use self::follow::NativeFollower;
use self::sound::{FirstHearing, MOST_KEPT_S, Sound};
use crate::describe::describe;
use crate::emotion::{EmotionReader, HeardWindow, UsualVoice, VoiceEmotion};
use crate::face::timeline::Timeline;
use crate::face::{FaceReader, FaceReading, Grey};
use crate::voice::{FEW_VOICED_S, Hearing, Listener, VoiceReading};
use crate::{CueError, CueExtractor, Follower, ReadClip, SpeakerBaseline};

/// Sample rates the measures are defined for, in Hz.
const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;
/// Pictures that may wait to be looked at while the next ones are decoded.
const PICTURES_WAITING: usize = 64;
/// Less voice than this is measured, but its emotion is not put into words, in seconds: on one second
/// of sound the model is clearly less often right than on two (`docs/results.md`).
const ENOUGH_FOR_EMOTION_S: f64 = 0.8;
/// Seconds of voice from which more voice adds no certainty.
const ENOUGH_VOICED_S: f64 = 3.0;

/// Pictures that are looked at: a smile lasts half a second or more, and a face at arm's length is
/// some hundred pixels wide at this size.
const PICTURES: VideoOptions = VideoOptions {
    fps: 8.0,
    max_side: 320,
};

/// Measures the voice with published methods ([`crate::voice`]), names the acted emotion it sounds
/// most like ([`crate::emotion`]), and reads the face ([`crate::face`]).
#[derive(Debug, Clone)]
pub struct NativeExtractor {
    voices: Arc<EmotionReader>,
    faces: Arc<FaceReader>,
}

impl NativeExtractor {
    /// With the models that ship with the program.
    ///
    /// # Errors
    /// As for [`EmotionReader::embedded`] and [`FaceReader::embedded`].
    pub fn embedded() -> Result<Self, CueError> {
        Ok(Self {
            voices: Arc::new(EmotionReader::embedded()?),
            faces: Arc::new(FaceReader::embedded()?),
        })
    }
}

/// What is heard over the time of a sound: what pictures are drawn from.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Contours and measures.
    pub reading: VoiceReading,
    /// Parts of the talk; none without a voice.
    pub windows: Vec<HeardWindow>,
    /// What each of them sounds like, heard by itself.
    pub emotions: Vec<VoiceEmotion>,
}

/// What came of a recording, and what it came from.
#[derive(Debug, Clone)]
pub struct Perceived {
    /// The cue.
    pub read: ReadClip,
    /// What was heard over time, where there was sound.
    pub heard: Option<Heard>,
    /// What was seen over time, where there were pictures.
    pub seen: Option<Seen>,
}

impl NativeExtractor {
    /// Reads a recording of a speaker of whom nothing else is known, and tells what was heard and seen
    /// over time. Pictures (with their time in milliseconds) and sound are handed out as they come.
    ///
    /// # Errors
    /// As for [`CueExtractor::read`].
    pub fn perceive(
        &self,
        recording: Recording<'_>,
        limits: &Limits,
        on_picture: impl FnMut(u64, &Grey) + Send,
        on_sound: impl FnMut(&[f32]) + Send,
    ) -> Result<Perceived, CueError> {
        let mut baseline = SpeakerBaseline::default();
        let watcher = (on_picture, on_sound);
        let (read, basis) =
            self.read_keeping(MOST_KEPT_S, recording, limits, watcher, &mut baseline)?;
        let usual = UsualVoice::default();
        let heard = basis.talk.map(|talk| {
            Ok::<_, CueError>(Heard {
                emotions: self.voices.read(&talk.windows, &usual)?,
                reading: talk.reading,
                windows: talk.windows,
            })
        });
        Ok(Perceived {
            read,
            heard: heard.transpose()?,
            seen: basis.seen.map(|reading| Seen {
                timeline: Timeline::of(&reading, self.expressions().len()),
                reading,
            }),
        })
    }

    /// The windows of a sound that was measured.
    fn listen(
        &self,
        sound: &Sound<'_>,
        reading: &VoiceReading,
    ) -> Result<Vec<HeardWindow>, CueError> {
        let mut listening = self.voices.encoder().begin(sound.sample_rate, reading);
        sound.play(|part| listening.hear(part))?;
        Ok(listening.finish())
    }

    /// The acted emotions of a voice that it tells apart.
    pub fn emotions(&self) -> &EmotionSet {
        self.voices.emotions()
    }
}

impl CueExtractor for NativeExtractor {
    fn id(&self) -> Extractor {
        Extractor {
            name: "native".to_owned(),
            version: "4".to_owned(),
        }
    }

    fn wants(&self) -> DecodeOptions {
        DecodeOptions {
            video: Some(PICTURES),
            ..DecodeOptions::audio_only()
        }
    }

    fn extract(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<Cue, CueError> {
        thread::scope(|scope| {
            let video = clip.video.as_ref();
            let watching = video.map(|video| scope.spawn(|| self.faces.read(video)));
            let seen = || watching.map(joined).transpose();
            Ok(self.cue(Decoded::of(clip), seen, baseline)?.0)
        })
    }

    /// Faces are looked for on a thread of their own while the next pictures are decoded and the voice
    /// is described. Pictures are not kept, nor is sound that is longer than some minutes.
    fn read(
        &self,
        recording: Recording<'_>,
        limits: &Limits,
        baseline: &mut SpeakerBaseline,
    ) -> Result<ReadClip, CueError> {
        let watcher = (|_, _: &Grey| (), |_: &[f32]| ());
        let read = self.read_keeping(MOST_KEPT_S, recording, limits, watcher, baseline)?;
        Ok(read.0)
    }

    fn follow(self: Arc<Self>) -> Option<Box<dyn Follower>> {
        Some(Box::new(NativeFollower::new(self)))
    }
}

impl NativeExtractor {
    /// Reads a recording and keeps so many seconds of its sound at most.
    fn read_keeping(
        &self,
        most_kept_s: u32,
        recording: Recording<'_>,
        limits: &Limits,
        (mut on_picture, mut on_sound): (impl FnMut(u64, &Grey) + Send, impl FnMut(&[f32]) + Send),
        baseline: &mut SpeakerBaseline,
    ) -> Result<(ReadClip, Basis), CueError> {
        let started = Instant::now();
        let wanted = self.wants();
        let n_kept = most_kept_s * wanted.sample_rate;
        let mut first = FirstHearing::new(wanted.clone(), n_kept as usize);
        let mut has_pictures = false;
        thread::scope(|scope| {
            let (pictures, waiting) = mpsc::sync_channel::<(u64, Grey)>(PICTURES_WAITING);
            let watching = scope.spawn(|| {
                let mut watch = self.faces.watch();
                for (time_ms, picture) in waiting {
                    watch.see(time_ms, &picture);
                }
                watch.finish()
            });
            let look = |picture: Picture<'_>| {
                has_pictures = true;
                if let Some(grey) = Grey::of_rgb(picture.width, picture.height, picture.rgb) {
                    on_picture(picture.time_ms, &grey);
                    // A watcher that is gone is reported where it is waited for.
                    let _ = pictures.send((picture.time_ms, grey));
                }
            };
            let listen = |piece: &[f32]| {
                on_sound(piece);
                first.hear(piece);
            };
            let decoded = recording.watch(&wanted, limits, look, listen);
            drop(pictures);
            let (decoded, decoding) = (decoded?, started.elapsed());
            let clip = Decoded {
                duration_ms: decoded.duration_ms,
                limits: &decoded.limits,
                sound: first.sound(recording, has_pictures, limits),
            };
            let seen = || Ok(Some(joined(watching)?).filter(|seen| seen.n_frames > 0));
            let (cue, basis) = self.cue(clip, seen, baseline)?;
            let read = ReadClip {
                cue,
                duration_ms: decoded.duration_ms,
                limits: decoded.limits,
                decoding,
            };
            Ok((read, basis))
        })
    }

    /// The cue of a clip and of what was seen of it, which is asked for after the voice was described.
    fn cue(
        &self,
        clip: Decoded<'_>,
        seen: impl FnOnce() -> Result<Option<FaceReading>, CueError>,
        baseline: &mut SpeakerBaseline,
    ) -> Result<(Cue, Basis), CueError> {
        let mut cue = Cue {
            observation: Private::default(),
            distress: None,
            modalities: Vec::new(),
            span: TimeSpan::try_new(0, clip.duration_ms).ok(),
            extractor: self.id(),
            confidence: Some(0.0),
            features: Vec::new(),
            limits: clip.limits.to_vec(),
        };
        let mut talk = None;
        if let Some(sound) = clip.sound {
            talk = Some(self.hear(&sound, baseline, &mut cue)?);
        } else {
            cue.observation = "No voice could be heard.".into();
            note(&mut cue, "the clip has no sound");
        }
        let seen = seen()?;
        if let Some(seen) = &seen {
            let named = talk.as_ref().and_then(|talk| talk.named.as_ref());
            self.see(seen, named, baseline, &mut cue);
        }
        Ok((cue, Basis { talk, seen }))
    }

    /// Describes the voice.
    fn hear(
        &self,
        sound: &Sound<'_>,
        baseline: &mut SpeakerBaseline,
        cue: &mut Cue,
    ) -> Result<Talk, CueError> {
        let reading = measure(sound)?;
        for limit in limits(&reading) {
            note(cue, limit);
        }
        if reading.hearing != Hearing::Voice {
            cue.observation = unheard(reading.hearing).into();
            return Ok(Talk {
                reading,
                windows: Vec::new(),
                named: None,
            });
        }
        let windows = self.listen(sound, &reading)?;
        let emotion = self.voices.read_clip(&windows, &baseline.voice)?;
        let is_sure =
            !reading.noisy && !reading.over_music && reading.voiced_s >= ENOUGH_FOR_EMOTION_S;
        let confidence = confidence(&reading, baseline);
        let mut features = reading.features.clone();
        for feature in &mut features {
            feature.relative_to_baseline = baseline.relative(feature);
        }
        // What may be of an instrument is no part of how the person usually sounds.
        if !reading.over_music {
            baseline.add(&features);
            baseline.voice.add(&windows);
        }
        let emotions = self.voices.emotions();
        let named = emotion.filter(|_| is_sure);
        let sentence = describe(&features, named.as_ref().map(|emotion| (emotion, emotions)));
        // What is too unsure to be said must not be held against the words either.
        if let Some(emotion) = &named {
            features.extend(self.emotion_features(emotion));
        }
        cue.observation = Private::new(sentence);
        cue.modalities.push(Modality::Audio);
        cue.confidence = Some(confidence);
        cue.features = features;
        Ok(Talk {
            reading,
            windows,
            named,
        })
    }

    /// Probability of each emotion, and what follows from them.
    fn emotion_features(&self, emotion: &VoiceEmotion) -> Vec<Feature> {
        let feature = |name: String, value: f64| Feature {
            name,
            value,
            unit: "1".to_owned(),
            relative_to_baseline: None,
        };
        let names = self.voices.emotions().names();
        names
            .zip(&emotion.probabilities)
            .map(|(name, p)| feature(format!("voice.like_{name}"), *p))
            .chain([
                feature("voice.arousal".to_owned(), emotion.arousal),
                feature("voice.valence".to_owned(), emotion.valence),
            ])
            .collect()
    }
}

/// What a thread found; its panic is passed on.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What was decoded of a clip.
struct Decoded<'c> {
    duration_ms: u64,
    limits: &'c [String],
    sound: Option<Sound<'c>>,
}

impl<'c> Decoded<'c> {
    fn of(clip: &'c Clip) -> Self {
        Self {
            duration_ms: clip.duration_ms,
            limits: &clip.limits,
            sound: clip.audio.as_ref().map(Sound::of),
        }
    }
}

/// What a cue was made of.
struct Basis {
    talk: Option<Talk>,
    seen: Option<FaceReading>,
}

/// What was heard.
struct Talk {
    reading: VoiceReading,
    windows: Vec<HeardWindow>,
    /// What the voice sounded like, where that was put into words.
    named: Option<VoiceEmotion>,
}

/// Measures a sound.
fn measure(sound: &Sound<'_>) -> Result<VoiceReading, CueError> {
    if !SAMPLE_RATES.contains(&sound.sample_rate) {
        return Err(CueError::UnsupportedSampleRate {
            found: sound.sample_rate,
        });
    }
    let mut listener = Listener::new(&sound.extent, sound.sample_rate);
    sound.play(|part| {
        listener.hear(part);
        Ok(())
    })?;
    Ok(listener.finish())
}

/// What is said of a sound in which no voice can be read.
const fn unheard(hearing: Hearing) -> &'static str {
    match hearing {
        Hearing::Silent => "Nothing could be heard.",
        Hearing::Music => "Music could be heard, and no voice apart from it.",
        Hearing::NoVoice | Hearing::Voice => "No voice could be heard.",
    }
}

/// What stands in the way of a good reading, in plain words.
fn limits(reading: &VoiceReading) -> Vec<&'static str> {
    match reading.hearing {
        Hearing::Silent => return vec!["the sound is silent"],
        Hearing::Music => return vec!["music was heard, and no voice apart from it"],
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
            reading.over_music,
            "there may be music: what is said of the voice is unsure",
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
    let noise = if reading.noisy || reading.over_music {
        0.5
    } else {
        1.0
    };
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
    use smes_media::Audio;

    use crate::voice::signals::{RATE, beats, glide, harmonics, noise};

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
        NativeExtractor::embedded()
            .unwrap()
            .extract(clip, baseline)
            .unwrap()
    }

    #[test]
    fn what_it_sounds_like_is_said_with_how_sure_and_never_of_the_person() {
        let cue = extract(&clip(beats(4.0, 4.0, 0.3)), &mut SpeakerBaseline::default());
        let like: f64 = cue
            .features
            .iter()
            .filter(|f| f.name.starts_with("voice.like_"))
            .map(|f| f.value)
            .sum();
        assert!((like - 1.0).abs() < 1e-6, "{like}");
        let sentence = cue.observation.expose();
        let is_named =
            |sentence: &str| sentence.contains("act") || sentence.contains("no emotion stood out");
        assert!(is_named(sentence), "{sentence}");
        assert_eq!(sentence.matches('.').count(), 1, "{sentence}");
        let short = extract(&clip(beats(4.0, 0.6, 0.3)), &mut SpeakerBaseline::default());
        assert!(!is_named(short.observation.expose()));
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
        let tune = harmonics(330.0, &[0.2, 0.2, 0.1, 0.1, 0.1, 0.1], 2.0);
        for (clip, limit, said) in [
            (mute, "the clip has no sound", "No voice could be heard."),
            (
                clip(vec![0.0; 32_000]),
                "the sound is silent",
                "Nothing could be heard.",
            ),
            (
                clip(noise(2, 0.2, 2.0)),
                "no speech was heard",
                "No voice could be heard.",
            ),
            (
                clip(tune),
                "music was heard, and no voice apart from it",
                "Music could be heard, and no voice apart from it.",
            ),
            (
                clip(Vec::new()),
                "the sound is silent",
                "Nothing could be heard.",
            ),
        ] {
            let cue = extract(&clip, &mut baseline);
            assert_eq!(cue.limits, [limit]);
            assert_eq!(cue.observation.expose(), said);
            assert!(cue.features.is_empty() && cue.modalities.is_empty());
        }
        assert_eq!(baseline.n_clips(), 0);
    }

    #[test]
    fn what_may_be_music_is_told_and_is_no_part_of_how_the_person_usually_sounds() {
        let notes = [262.0, 330.0, 392.0];
        let tune = notes.map(|hz| harmonics(hz, &[0.2, 0.15, 0.1, 0.05, 0.05], 0.5));
        let mut clip = clip(tune.concat());
        // Heard at another rate the notes are too short to be music for certain.
        clip.audio.as_mut().unwrap().sample_rate = 22_050;
        let mut baseline = SpeakerBaseline::default();
        let cue = extract(&clip, &mut baseline);
        assert!(
            cue.limits
                .iter()
                .any(|limit| limit.contains("may be music"))
        );
        assert!(cue.modalities.contains(&Modality::Audio), "{cue:?}");
        assert!(cue.feature("voice.like_sadness").is_none(), "{cue:?}");
        assert_eq!(baseline.n_clips(), 0);
    }

    #[test]
    fn short_clipped_and_noisy_recordings_are_told_and_trusted_less() {
        let clean = extract(&clip(beats(4.0, 4.0, 0.3)), &mut SpeakerBaseline::default());
        assert!(clean.limits.is_empty(), "{:?}", clean.limits);
        let cut = glide(120.0, 220.0, 4.0)
            .iter()
            .map(|s| (s * 8.0).clamp(-1.0, 1.0))
            .collect();
        let covered = glide(120.0, 220.0, 4.0)
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

    /// The clip in a container of that kind; its sound begins after its pictures. In some kinds its place
    /// depends on which streams are read.
    fn late_sound(clip: &[u8], kind: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("clip.mp4"), folder.path().join("late"));
        fs_err::write(&from, clip).unwrap();
        let run = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-t", "12", "-i"])
            .arg(&from)
            .args(["-itsoffset", "0.3", "-t", "12", "-i"])
            .arg(&from)
            .args([
                "-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-c:a", "aac", "-f", kind,
            ])
            .arg(&to)
            .status()
            .unwrap();
        assert!(run.success());
        let file = fs_err::read(to).unwrap();
        let probe = Recording::Bytes(&file).probe(&Limits::corpus()).unwrap();
        assert_eq!(probe.has_steady_times(), kind != "mpegts");
        file
    }

    #[test]
    fn the_cue_of_a_recording_is_the_same_whether_its_sound_is_kept_or_decoded_again() {
        let native = NativeExtractor::embedded().unwrap();
        let mut talk = beats(4.0, 20.0, 0.5);
        talk.extend(vec![0.0; 40_000]);
        talk.extend(glide(120.0, 220.0, 6.0));
        let talk = clip(talk).audio.unwrap().to_wav();
        let seen = smes_testkit::shared_data("clips")
            .map(|folder| fs_err::read(folder.join("IronMan.mp4")).unwrap());
        let kinds = ["mpegts", "mp4", "matroska"];
        let late = seen
            .as_deref()
            .map(|seen| kinds.map(|kind| late_sound(seen, kind)));
        for file in seen.iter().chain(late.iter().flatten()).chain([&talk]) {
            let recording = Recording::Bytes(file);
            let (mut usual, mut usual_again) = Default::default();
            for _ in 0..2 {
                let limits = Limits::corpus();
                let kept = native.read(recording, &limits, &mut usual).unwrap();
                let watcher = (|_, _: &Grey| (), |_: &[f32]| ());
                let (again, _) = native
                    .read_keeping(0, recording, &limits, watcher, &mut usual_again)
                    .unwrap();
                assert!(kept.cue.modalities.contains(&Modality::Audio));
                assert_eq!(kept.cue, again.cue);
                assert_eq!(kept.duration_ms, again.duration_ms);
                let clip = recording.decode(&native.wants(), &limits).unwrap();
                assert_eq!(clip.duration_ms, kept.duration_ms);
            }
            assert_eq!(usual, usual_again);
        }
    }

    #[test]
    fn refuses_a_sample_rate_below_telephone() {
        let mut odd = clip(vec![0.1; 4_000]);
        odd.audio.as_mut().unwrap().sample_rate = 4_000;
        let error = NativeExtractor::embedded()
            .unwrap()
            .extract(&odd, &mut SpeakerBaseline::default())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "sample rate is `4000` Hz, expected 8000 to 192000"
        );
    }
}

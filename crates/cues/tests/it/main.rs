//! Cues of synthetic and of real speech.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "helpers of tests")]

mod endpoint;
mod face;
mod network;
mod seen;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use smes_cues::{CueExtractor, NativeExtractor, SpeakerBaseline};
use smes_dialogue::Cue;
use smes_media::{Clip, DecodeOptions, Limits, decode, decode_bytes};

fn sound(path: &Path) -> Clip {
    decode(path, &DecodeOptions::audio_only(), &Limits::live()).unwrap()
}

fn cue(clip: &Clip, baseline: &mut SpeakerBaseline) -> Cue {
    NativeExtractor::embedded()
        .unwrap()
        .extract(clip, baseline)
        .unwrap()
}

fn value(cue: &Cue, name: &str) -> f64 {
    cue.feature(name)
        .unwrap_or_else(|| panic!("no {name}: {:?}", cue.limits))
        .value
}

/// Speech at so many words a minute and a pitch of 0 to 99; `None`, said aloud, without espeak-ng.
fn speak(text: &str, words_per_minute: u32, pitch: u32) -> Option<Clip> {
    let output = Command::new("espeak-ng")
        .args(["--stdout", "-v", "en", "-s", &words_per_minute.to_string()])
        .args(["-p", &pitch.to_string(), text])
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Some(
            decode_bytes(
                &output.stdout,
                &DecodeOptions::audio_only(),
                &Limits::live(),
            )
            .unwrap(),
        ),
        _ => {
            eprintln!("skipped: espeak-ng is not installed");
            None
        }
    }
}

const SENTENCE: &str = "My sister moved to another town in the spring, and since then the house \
    has been very quiet in the evening.";

#[test]
fn faster_speech_has_a_higher_rate_and_higher_speech_a_higher_pitch() {
    let Some(slow) = speak(SENTENCE, 110, 40) else {
        return;
    };
    let read = |clip: &Clip| cue(clip, &mut SpeakerBaseline::default());
    let (fast, high) = (
        speak(SENTENCE, 200, 40).unwrap(),
        speak(SENTENCE, 110, 80).unwrap(),
    );
    let (slow, fast, high) = (read(&slow), read(&fast), read(&high));
    let rate = |cue: &Cue| value(cue, "voice.articulation_rate");
    assert!(
        rate(&fast) > 1.3 * rate(&slow),
        "{} {}",
        rate(&fast),
        rate(&slow)
    );
    assert!(value(&high, "voice.f0_median") > 1.2 * value(&slow, "voice.f0_median"));
    assert!(slow.limits.is_empty(), "{:?}", slow.limits);
}

#[test]
fn the_syllables_of_synthetic_speech_are_counted_about_right() {
    // 30 syllables, counted by hand.
    let Some(clip) = speak(SENTENCE, 140, 50) else {
        return;
    };
    let cue = cue(&clip, &mut SpeakerBaseline::default());
    let talk_s = clip.duration_ms as f64 / 1000.0;
    let counted = value(&cue, "voice.speaking_rate") * talk_s;
    assert!((21.0..36.0).contains(&counted), "{counted}");
}

#[test]
fn a_pause_in_synthetic_speech_is_heard() {
    let Some(clip) = speak(SENTENCE, 160, 50) else {
        return;
    };
    let mut paused = clip.clone();
    let audio = paused.audio.as_mut().unwrap();
    let said = audio.samples.clone();
    audio.samples.extend(vec![0.0; 16_000]);
    audio.samples.extend(said);
    let share = |clip: &Clip| {
        value(
            &cue(clip, &mut SpeakerBaseline::default()),
            "voice.pause_share",
        )
    };
    assert!(share(&paused) > share(&clip) + 0.05);
}

#[test]
fn the_same_person_slower_and_lower_than_before_is_told_so() {
    let Some(clip) = speak(SENTENCE, 190, 60) else {
        return;
    };
    let mut baseline = SpeakerBaseline::default();
    cue(&clip, &mut baseline);
    cue(&clip, &mut baseline);
    let tired = cue(&speak(SENTENCE, 100, 20).unwrap(), &mut baseline);
    let sentence = tired.observation.expose();
    assert!(
        sentence.contains("slower") && sentence.contains("lower in pitch"),
        "{sentence}"
    );
}

/// Acted sadness against acted anger of the same actors. EmoDB's levels are normalised, so
/// loudness cannot be compared there; pace, pitch and tone can.
#[test]
fn acted_sadness_is_slower_lower_and_softer_than_anger_for_most_actors() {
    let Some(folder) = smes_testkit::shared_data("emodb/wav") else {
        return;
    };
    let mut by_actor: BTreeMap<(String, char), Vec<Cue>> = BTreeMap::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (actor, emotion) = (name[..2].to_owned(), name.chars().nth(5).unwrap());
        let of_actor = by_actor.entry((actor, emotion)).or_default();
        if matches!(emotion, 'W' | 'T') && of_actor.len() < 4 {
            of_actor.push(cue(&sound(&path), &mut SpeakerBaseline::default()));
        }
    }
    let mean = |actor: &str, emotion, feature| {
        let cues = &by_actor[&(actor.to_owned(), emotion)];
        cues.iter().map(|cue| value(cue, feature)).sum::<f64>() / cues.len() as f64
    };
    let actors: Vec<_> = by_actor
        .keys()
        .filter(|key| key.1 == 'T')
        .map(|key| &key.0)
        .collect();
    assert_eq!(actors.len(), 8);
    for (feature, direction) in [
        ("voice.articulation_rate", -1.0),
        ("voice.f0_median", -1.0),
        ("voice.alpha_ratio", 1.0),
    ] {
        let change = |actor: &&&String| mean(actor, 'T', feature) - mean(actor, 'W', feature);
        let agreeing = actors
            .iter()
            .filter(|actor| change(actor) * direction > 0.0)
            .count();
        assert!(agreeing >= 6, "{feature}: {agreeing} of 8 actors");
    }
}

#[test]
fn every_real_clip_gives_a_cue_and_those_without_sound_say_so() {
    let Some(folder) = smes_testkit::shared_data("clips") else {
        return;
    };
    let mut mute = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let clip = sound(&entry.unwrap().path());
        let cue = cue(&clip, &mut SpeakerBaseline::default());
        assert!(!cue.observation.expose().is_empty());
        assert!(
            cue.features
                .iter()
                .all(|f| f.value.is_finite() && !f.unit.is_empty())
        );
        mute += usize::from(
            cue.limits
                .iter()
                .any(|limit| limit == "the clip has no sound"),
        );
    }
    assert_eq!(mute, 2);
}

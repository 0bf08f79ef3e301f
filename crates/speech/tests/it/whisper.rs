//! Stage by stage beside transformers, then the whole transcriber.

use std::time::{Duration, Instant};

use smes_nn::whisper::Whisper;
use smes_nn::{NnError, Tensor};
use smes_speech::{Hints, LogMel, SpeechError, Transcriber, WhisperTranscriber};

use crate::support::{Golden, audio, difference, model_folder};

const TOLERANCE: f32 = 1e-4;

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn transcriber() -> WhisperTranscriber {
    WhisperTranscriber::open(&model_folder()).unwrap()
}

fn text(samples: Vec<f32>) -> String {
    let transcript = transcriber().transcribe(&audio(samples), &Hints::default());
    transcript.unwrap().text.into_inner()
}

#[test]
fn spectrograms_equal_those_of_transformers_for_any_number_of_bands() {
    let golden = Golden::read();
    let sound = golden.sound(0);
    for (name, n_bands, n_frames) in [
        ("mel.0", 20, 200),
        ("bands.80", 80, 100),
        ("bands.128", 128, 100),
    ] {
        let found = LogMel::new(n_bands).spectrogram(&sound.samples, n_frames);
        let far = difference(&found, &golden.numbers(name));
        assert!(far < TOLERANCE, "{name}: {far}");
    }
}

#[test]
fn every_stage_equals_transformers_and_greedy_ids_are_the_same() {
    let golden = Golden::read();
    let model = Whisper::open(&model_folder()).unwrap();
    for (number, case) in golden.cases.iter().enumerate() {
        let heard = model.encode(golden.get(&format!("mel.{number}"))).unwrap();
        let close = |stage: &str, found: &[f32]| {
            let far = difference(found, &golden.numbers(&format!("{stage}.{number}")));
            assert!(far < TOLERANCE, "{stage} {number}: {far}");
        };
        close("encoder", &numbers(&heard));
        let fresh = model.start(&heard).unwrap();
        let logits = model.step(&case.forced, &mut fresh.clone()).unwrap();
        close("logits", &numbers(&logits));
        // Token by token, from what is kept of those before.
        let mut cache = fresh.clone();
        let mut rows = Vec::new();
        for token in &case.forced {
            rows.extend(numbers(&model.step(&[*token], &mut cache).unwrap()));
        }
        close("logits", &rows);
        let start = &case.prompt[..1];
        close(
            "first",
            &numbers(&model.step(start, &mut fresh.clone()).unwrap()),
        );
    }
}

#[test]
fn words_and_their_language_are_found_and_noise_is_told_apart() {
    let golden = Golden::read();
    let transcriber = transcriber();
    let mut n_noises = 0;
    for (number, case) in golden.cases.iter().enumerate() {
        let found = transcriber.transcribe(&golden.sound(number), &Hints::default());
        let found = found.unwrap();
        if case.no_speech > 0.9 {
            // The reference believes words that a model is sure of, whatever they are.
            assert!(found.spans[0].no_speech_prob > Some(0.9), "sound {number}");
            n_noises += 1;
            continue;
        }
        assert_eq!(found.text.expose(), &case.text, "sound {number}");
        assert_eq!(found.language.as_ref(), Some(&case.language));
        assert!(!format!("{found:?}").contains(&case.text));
    }
    assert_eq!(n_noises, 1);
}

#[test]
fn a_long_sound_is_written_down_window_by_window() {
    let golden = Golden::read();
    let mut samples = Vec::new();
    // Each word ends well before a window of two seconds does.
    for n_words in 1..=3 {
        samples.extend(golden.sound(0).samples);
        samples.resize(n_words * 29_500, 0.0);
    }
    let found = transcriber()
        .transcribe(&audio(samples.clone()), &Hints::default())
        .unwrap();
    let once = &golden.cases[0].text;
    assert_eq!(found.text.expose(), &format!("{once} {once} {once}"));
    assert_eq!(found.spans[0].start_ms, 0);
    assert!(
        found
            .spans
            .windows(2)
            .all(|two| two[0].end_ms <= two[1].start_ms)
    );
    let end_ms = samples.len() as u64 / 16;
    assert!(found.spans.last().unwrap().end_ms <= end_ms);
}

#[test]
fn what_holds_no_word_is_an_empty_text() {
    assert_eq!(text(Vec::new()), "");
    assert_eq!(text(vec![0.0; 48_000]), "");
    assert_eq!(text(vec![0.3; 200]), "");
}

#[test]
fn another_rate_another_language_and_a_deadline_are_errors() {
    let transcriber = transcriber();
    let mut sound = audio(vec![0.1; 16_000]);
    let hints = |language: &str| Hints {
        language: Some(language.to_owned()),
        ..Hints::default()
    };
    let error = transcriber.transcribe(&sound, &hints("fr")).unwrap_err();
    assert_eq!(error.hint().unwrap(), "it knows de, en");
    let late = Hints {
        deadline: Instant::now().checked_sub(Duration::from_secs(1)),
        ..Hints::default()
    };
    let error = transcriber.transcribe(&sound, &late).unwrap_err();
    assert!(matches!(error, SpeechError::TooSlow), "{error}");
    sound.sample_rate = 44_100;
    let error = transcriber
        .transcribe(&sound, &Hints::default())
        .unwrap_err();
    assert!(
        matches!(error, SpeechError::SampleRate { found: 44_100 }),
        "{error}"
    );
}

#[test]
fn shapes_of_another_model_are_refused() {
    let model = Whisper::open(&model_folder()).unwrap();
    let device = smes_nn::Device::Cpu;
    let wrong = Tensor::zeros((200, 80), smes_nn::DType::F32, &device).unwrap();
    assert!(matches!(
        model.encode(&wrong),
        Err(NnError::InputShape { .. })
    ));
    let heard = model.encode(&Tensor::zeros((200, 20), smes_nn::DType::F32, &device).unwrap());
    let mut cache = model.start(&heard.unwrap()).unwrap();
    assert!(model.step(&[], &mut cache).is_err());
    assert!(model.step(&[0; 25], &mut cache).is_err());
    assert!(model.step(&[999_999], &mut cache).is_err());
}

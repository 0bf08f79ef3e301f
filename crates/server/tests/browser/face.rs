//! A real face that talks, and real voices, as camera and microphone.

use std::path::PathBuf;

use serde_json::json;

use crate::chromium::Setup;
use crate::devices::{Camera, Microphone};
use crate::site::Site;
use crate::visit::{HEAVY_WEEK, Visit};

/// Three sentences of a speaker of EmoDB, said with an emotion that the file names tell.
fn sentences(speaker: &str, emotion: char) -> Option<Vec<PathBuf>> {
    let folder = smes_testkit::shared_data("emodb/wav")?;
    let mut found: Vec<PathBuf> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(speaker) && name.chars().nth(5) == Some(emotion)
        })
        .collect();
    found.sort();
    found.truncate(3);
    (found.len() == 3).then_some(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talking_face_and_a_voice_are_followed_and_told_with_the_turn() {
    let Some(video) = smes_testkit::shared_data("clips/birthday.mp4") else {
        return;
    };
    let Some(glad) = sentences("11", 'F') else {
        return;
    };
    let setup = Setup {
        camera: Camera::Video(&video),
        microphone: Microphone::Recordings(&glad),
        ..Setup::default()
    };
    let Some(visit) = Visit::begin_speaking(Site::start().await, setup).await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#speak").await;
    // What is heard and seen is told while he speaks.
    browser
        .until("document.querySelector('#face-now').textContent === 'face in sight'")
        .await;
    let heights = "new Set(Array.from(document.querySelectorAll('#strip .loud'), (mark) => Math.round(mark.height.baseVal.value))).size";
    browser.until(&format!("{heights} > 4")).await;
    let pitches = "new Set(Array.from(document.querySelectorAll('#strip .pitch'), (mark) => Math.round(mark.y.baseVal.value))).size";
    browser.until(&format!("{pitches} > 4")).await;
    browser.picture("face-speaking").await;
    // The sentences are followed by silence, which ends the recording.
    browser
        .until("document.querySelector('#clip-text').textContent.startsWith('Voice and face, 0:0')")
        .await;
    visit.say(HEAVY_WEEK, 1).await;
    let cue = browser
        .value("document.querySelector('#reading [data-kind=cue]').textContent")
        .await;
    let cue = cue.as_str().unwrap_or_default();
    assert!(
        cue.contains("The voice sounded") && cue.contains("The face was"),
        "{cue}"
    );
    browser.press("#reading summary").await;
    let seen =
        "Number(document.querySelector('[data-feature=\"face.seen_share\"] td').innerText) > 0.5";
    assert_eq!(browser.value(seen).await, json!(true));
    browser.picture("face-light").await;
    visit.close_devices().await;
    visit.end().await;
}

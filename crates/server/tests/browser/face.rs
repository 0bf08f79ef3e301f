//! A real face that talks, and real voices, as camera and microphone.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use smes_reasoning::Reasoner;

use crate::chromium::Setup;
use crate::cue_reader::{self, WORDS};
use crate::devices::{Camera, Microphone};
use crate::site::Site;
use crate::visit::Visit;

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

/// A visit of a man who talks in a video call, with the voice of somebody who acts an emotion; `None`
/// where the recordings or the programs are missing.
async fn visit(site: Site, emotion: char) -> Option<Visit> {
    let video = smes_testkit::shared_data("clips/birthday.mp4")?;
    let voice = sentences("11", emotion)?;
    let setup = Setup {
        camera: Camera::Video(&video),
        microphone: Microphone::Recordings(&voice),
        ..Setup::default()
    };
    Visit::begin_speaking(site, setup).await
}

impl Visit {
    /// Records until the silence after the sentences ends it.
    async fn speak_to_the_end(&self) {
        self.browser.press("#speak").await;
        self.browser
            .until(
                "document.querySelector('#clip-text').textContent.startsWith('Voice and face, 0:')",
            )
            .await;
    }

    /// What a part of the reading says.
    async fn reads(&self, kind: &str) -> String {
        let text =
            format!("document.querySelector('#reading [data-kind={kind}]')?.textContent ?? ''");
        self.browser.value(&text).await.as_str().unwrap().to_owned()
    }

    /// The bars of the user emotion, in percent.
    async fn bars(&self) -> Vec<(String, f64)> {
        let bars = "Array.from(document.querySelectorAll('#reading .bars li'), (bar) => bar.innerText.split('\\n'))";
        let bars = self.browser.value(bars).await;
        let bar = |bar: &Value| {
            let percent = bar[1]
                .as_str()?
                .trim_matches(['<', '>', '%', ' '])
                .parse()
                .ok()?;
            Some((bar[0].as_str()?.to_owned(), percent))
        };
        let bars = bars.as_array().unwrap().iter();
        bars.map(|one| bar(one).expect("a word and per cent"))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talking_face_and_a_voice_are_followed_and_told_with_the_turn() {
    let Some(visit) = visit(Site::start().await, 'F').await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#speak").await;
    // What is heard and seen is told while he speaks.
    browser
        .until("document.querySelector('#face-now').textContent === 'face in sight'")
        .await;
    let marks = |kind: &str, of: &str| {
        format!(
            "Array.from(document.querySelectorAll('#strip .{kind}'), (mark) => mark.{of}.baseVal.value)"
        )
    };
    let louder = format!(
        "((all) => all.length > 2 && Math.max(...all) > 2 * Math.min(...all))({})",
        marks("loud", "height")
    );
    let pitches = format!("new Set({}).size > 2", marks("pitch", "y"));
    browser.until(&pitches).await;
    browser.picture("face-speaking").await;
    browser
        .until("document.querySelector('#clip-text').textContent.startsWith('Voice and face, 0:')")
        .await;
    // The silence that ends it is seen too.
    browser.until(&louder).await;
    visit.say("Everything hurts and I feel so low.", 1).await;
    let cue = visit.reads("cue").await;
    assert!(
        cue.contains("most like acted joy") && cue.contains("The face was mostly smiling"),
        "{cue}"
    );
    // The embedded reasoner plans from the words; that voice and face are no part of them is said.
    let contrast = visit.reads("contrast").await;
    assert!(
        contrast.contains("the voice sounds most like acted joy")
            && contrast.contains("the face looks most like happiness"),
        "{contrast}"
    );
    browser.press("#reading summary").await;
    let seen =
        "Number(document.querySelector('[data-feature=\"face.seen_share\"] td').innerText) > 0.5";
    assert_eq!(browser.value(seen).await, json!(true));
    browser.picture("face-light").await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_with_another_voice_or_none_are_read_and_answered_otherwise() {
    if smes_testkit::shared_data("clips/birthday.mp4").is_none() {
        return;
    }
    let trained = tokio::task::spawn_blocking(cue_reader::train);
    let reasoner: Arc<dyn Reasoner> = Arc::new(trained.await.unwrap());
    let mut found = Vec::new();
    for (voice, emotion, strategy) in [('T', "sadness", "Restatement"), ('F', "joy", "Approval")] {
        let site = Site::start_as(reasoner.clone(), None).await;
        let Some(visit) = visit(site, voice).await else {
            return;
        };
        visit.speak_to_the_end().await;
        visit.say(WORDS, 1).await;
        let cue = visit.reads("cue").await;
        assert!(cue.contains(&format!("most like acted {emotion}")), "{cue}");
        let label =
            |kind| format!("document.querySelector('#reading [data-kind={kind}]').dataset.label");
        let read = visit.browser.value(&label("user-emotion")).await;
        let answered = visit.browser.value(&label("strategy")).await;
        assert_eq!((read, answered), (json!(emotion), json!(strategy)), "{cue}");
        found.push(visit.bars().await);
        visit.browser.picture(&format!("face-plan-{emotion}")).await;
        // Again from the beginning, the words alone.
        visit.browser.press("#erase").await;
        visit.browser.press("#erase-dialog button[value=yes]").await;
        visit.browser.press("#again").await;
        visit.browser.press("#begin-text").await;
        visit.say(WORDS, 1).await;
        assert_eq!(
            visit.browser.value(&label("user-emotion")).await,
            json!("neutral")
        );
        assert_eq!(
            visit.browser.value(&label("strategy")).await,
            json!("Open question")
        );
        found.push(visit.bars().await);
        visit.end().await;
    }
    let [sad, alone, glad, alone_again] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        alone, alone_again,
        "the same words alone are read in the same way"
    );
    assert!(sad != glad && sad != alone && glad != alone, "{found:?}");
}

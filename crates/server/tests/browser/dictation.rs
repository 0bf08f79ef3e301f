//! The browser's own speech recognition: offered where the program has none, chosen by the person,
//! never over what they write, and no turn depends on it.
//!
//! Chromium's recogniser is a service of its maker's: whether it works depends on the machine and its
//! network. So `recogniser.js` replaces it, and the last test takes it away.

use std::time::Duration;

use serde_json::json;
use thirtyfour::prelude::*;

use crate::chromium::{Chromium, Setup};
use crate::site::{HardOfHearing, Site};
use crate::visit::{ANSWERED, Visit};

const TEXT: &str = "document.querySelector('#text').value";
const NOTES: &str = "document.querySelector('#turns').innerText";
const IS_RECORDING: &str =
    "document.querySelector('#clip-text').textContent.startsWith('Recording')";
const N_MADE: &str = "window.ears.made.length";

/// Where the recogniser of the test says that it works.
#[derive(Clone, Copy)]
enum Works {
    Here,
    Elsewhere,
}

/// A visit with microphone and camera, in a browser with the recogniser of the test.
async fn visit(works: Works, site: Site) -> Option<Visit> {
    let is_here = matches!(works, Works::Here);
    let recogniser = include_str!("recogniser.js").replace("ON_DEVICE", &is_here.to_string());
    visit_with(&recogniser, site).await
}

/// A visit with microphone and camera, in a browser that runs a script before the page.
async fn visit_with(script: &str, site: Site) -> Option<Visit> {
    let browser = Chromium::start_with(Setup::default()).await?;
    let script = json!({ "source": script });
    browser
        .tool("Page.addScriptToEvaluateOnNewDocument", script)
        .await;
    let visit = Visit::open(site, browser).await;
    visit.allow_senses().await;
    Some(visit)
}

impl Visit {
    async fn is(&self, expression: &str) {
        let found = self.browser.value(&format!("Boolean({expression})")).await;
        assert_eq!(found, json!(true), "{expression}");
    }

    async fn text_is(&self, expected: &str) {
        let expected = json!(expected);
        self.browser.until(&format!("{TEXT} === {expected}")).await;
    }

    /// Begins a recording that only Stop ends, and waits until the recogniser hears it.
    async fn speak(&self) {
        self.browser.press("#pause option[value='0']").await;
        self.browser.press("#speak").await;
        self.browser
            .until("window.ears.now?.track?.readyState === 'live'")
            .await;
    }

    async fn hear(&self, words: &str, is_final: bool) {
        let words = json!(words);
        self.browser
            .value(&format!("(window.ears.hear({words}, {is_final}), true)"))
            .await;
    }

    async fn stop(&self) {
        // A recording without anything in it is none.
        self.browser
            .until("document.querySelector('#clip-text').textContent >= 'Recording 0:01'")
            .await;
        self.browser.press("#speak").await;
        self.browser
            .until("document.querySelector('#clip-text').textContent.includes('goes with your next message')")
            .await;
    }

    async fn said(&self) -> String {
        let bubble = "document.querySelector('.turn:last-child .bubble').innerText";
        self.browser
            .value(bubble)
            .await
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_hears_until_the_person_chose_it_with_the_keyboard_if_they_like() {
    let Some(visit) = visit(Works::Elsewhere, Site::start().await).await else {
        return;
    };
    let browser = &visit.browser;
    browser
        .until("!document.querySelector('#dictation').hidden")
        .await;
    visit
        .is("!document.querySelector('#browser-writes').checked")
        .await;
    visit.is("document.querySelector('#browser-writes-note').innerText.includes('send the sound to their maker')").await;
    browser.press("#pause option[value='0']").await;
    browser.press("#speak").await;
    browser
        .until("document.querySelector('#clip-text').textContent === 'Recording 0:02'")
        .await;
    visit.stop().await;
    visit.is(&format!("{N_MADE} === 0 && {TEXT} === ''")).await;
    browser.press("#drop-clip").await;

    browser
        .value("document.querySelector('#browser-writes').focus()")
        .await;
    browser.keys(Key::Space).await;
    visit
        .is("document.querySelector('#browser-writes').checked")
        .await;
    browser.press("#speak").await;
    browser.until("window.ears.now").await;
    visit.close_devices().await;
    browser.until("!window.ears.now").await;
    visit
        .is("document.querySelector('#dictation').hidden")
        .await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_come_as_they_are_spoken_and_can_be_corrected_before_they_are_sent() {
    let Some(visit) = visit(Works::Elsewhere, Site::start().await).await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#browser-writes").await;
    browser.press("#text").await;
    browser.keys("Well,").await;
    visit.speak().await;
    visit.is("((r) => r.lang === navigator.language && r.continuous && r.interimResults && !r.processLocally && r.track.kind === 'audio')(window.ears.now)").await;
    visit.hear("i worked", false).await;
    visit.text_is("Well, i worked").await;
    visit.hear("I worked lead", false).await;
    visit.text_is("Well, I worked lead").await;
    browser.look_in_light_and_dark("dictating").await;
    visit.hear("I worked lead again.", true).await;
    visit.hear(" and nobody", false).await;
    visit.text_is("Well, I worked lead again. and nobody").await;
    // What was said last arrives after the end of the recording.
    browser
        .value("window.ears.lastWords = 'And nobody said a word.'")
        .await;
    visit.stop().await;
    visit
        .text_is("Well, I worked lead again. And nobody said a word.")
        .await;
    visit
        .is("window.ears.made.at(-1).endedBy === 'stop' && !window.ears.now")
        .await;
    assert_eq!(
        browser.value(ANSWERED).await,
        json!(0),
        "nothing is sent before it was seen"
    );
    browser
        .value(&format!("{TEXT} = {TEXT}.replace('lead', 'late')"))
        .await;
    browser.press("#send").await;
    browser.until(&format!("{ANSWERED} === 1")).await;
    let said = visit.said().await;
    assert!(
        said.starts_with("Well, I worked late again. And nobody said a word."),
        "{said}"
    );
    browser
        .until("document.querySelector('#reading [data-kind=cue]').textContent.length > 10")
        .await;
    let kept = "localStorage.length + sessionStorage.length + document.cookie.length";
    assert_eq!(browser.value(kept).await, json!(0));
    browser.press("#close-reading").await;
    for width in [360, 320] {
        browser.screen(width, 740).await;
        assert!(!visit.has_sideways_scroll().await, "{width} px");
        browser.picture(&format!("dictation-{width}")).await;
    }
    browser.screen(1280, 860).await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_writes_along_is_theirs() {
    let Some(visit) = visit(Works::Elsewhere, Site::start().await).await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#browser-writes").await;
    visit.speak().await;
    visit.hear("I worked lead", false).await;
    visit.text_is("I worked lead").await;
    // The last word is corrected while it is still guessed at.
    browser
        .keys(Key::Backspace + Key::Backspace + Key::Backspace)
        .await;
    browser.keys("ate").await;
    visit.hear("I worked lead again", false).await;
    visit.text_is("I worked late again").await;
    visit.hear("I worked lead again and again", true).await;
    visit.text_is("I worked late again and again").await;
    // The browser ends by itself; hearing goes on, and counts anew.
    browser.value("(window.ears.was = window.ears.now, setTimeout(() => window.ears.was.end(), 600), true)").await;
    browser
        .until("window.ears.now && window.ears.now !== window.ears.was")
        .await;
    visit.hear("today", true).await;
    visit.text_is("I worked late again and again today").await;
    visit.stop().await;
    visit.text_is("I worked late again and again today").await;

    browser
        .value("(window.ears.track = {readyState: 'live'}, window.ears.made.length = 0, true)")
        .await;
    let along = browser
        .driver
        .execute(
            format!(
                "return (async () => {{ {} }})();",
                include_str!("typed_along.js")
            ),
            vec![],
        )
        .await
        .expect("the recordings are made");
    let along = along.json();
    assert_eq!(along["wrong"], json!([]));
    assert!(
        along["nTyped"].as_u64() > Some(1000) && along["nMoved"].as_u64() > Some(5000),
        "{along}"
    );
    browser.press("#drop-clip").await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_is_told_and_the_turn_goes_on() {
    let Some(visit) = visit(Works::Elsewhere, Site::start().await).await else {
        return;
    };
    let browser = &visit.browser;
    for (code, told, lasts) in [
        ("network", "could not reach the service", false),
        ("audio-capture", "gets no sound", false),
        ("aborted", "was taken away", false),
        ("not-allowed", "does not allow", true),
        ("language-not-supported", "in your language", true),
    ] {
        let choice = "document.querySelector('#browser-writes').checked";
        if browser.value(choice).await == json!(false) {
            browser.press("#browser-writes").await;
        }
        visit.speak().await;
        visit.hear("I tried", false).await;
        browser
            .value(&format!("(window.ears.now.fail('{code}'), true)"))
            .await;
        browser.until(&format!("{NOTES}.includes('{told}')")).await;
        visit.is(IS_RECORDING).await;
        assert_eq!(browser.value(choice).await, json!(!lasts), "{code}");
        visit.text_is("I tried").await;
        visit.stop().await;
        browser.press("#drop-clip").await;
        browser.value(&format!("({TEXT} = '', true)")).await;
    }
    // Silence is no fault while it lasts.
    browser.press("#browser-writes").await;
    visit.speak().await;
    browser.value("(window.ears.was = window.ears.now, setTimeout(() => window.ears.was.fail('no-speech'), 600), true)").await;
    browser
        .until("window.ears.now && window.ears.now !== window.ears.was")
        .await;
    visit
        .is(&format!("!{NOTES}.includes('heard no words')"))
        .await;
    browser
        .until("document.querySelector('#clip-text').textContent >= 'Recording 0:06'")
        .await;
    visit.stop().await;
    browser
        .until(&format!("{NOTES}.includes('heard no words')"))
        .await;
    visit.say("I tried to tell them.", 1).await;
    let said = visit.said().await;
    assert!(
        said.starts_with("I tried to tell them.") && said.contains("spoken"),
        "{said}"
    );
    browser
        .until("document.querySelector('#reading [data-kind=cue]').textContent.length > 10")
        .await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_this_device_is_preferred_and_a_pause_sends_what_was_heard() {
    let Some(visit) = visit(Works::Here, Site::start().await).await else {
        return;
    };
    let browser = &visit.browser;
    browser
        .until(
            "document.querySelector('#browser-writes-note').innerText.includes('on this device')",
        )
        .await;
    browser.press("#browser-writes").await;
    browser.press("#send-at-once").await;
    browser
        .value("(window.ears.lastWords = 'nobody said a single word', true)")
        .await;
    browser.press("#speak").await;
    browser.until("window.ears.now").await;
    visit.is("window.ears.now.processLocally").await;
    visit.hear("I worked late and", true).await;
    // The sentence before the microphone is followed by silence.
    browser.until(&format!("{ANSWERED} === 1")).await;
    let said = visit.said().await;
    assert!(
        said.starts_with("I worked late and nobody said a single word"),
        "{said}"
    );
    // Removed in the middle: nothing is heard any more, and what stood stays to be used or deleted.
    browser.press("#speak").await;
    browser.until("window.ears.now").await;
    visit.hear("never mind", false).await;
    browser.press("#drop-clip").await;
    browser.until("!window.ears.now").await;
    visit
        .is("window.ears.made.at(-1).endedBy === 'abort'")
        .await;
    visit.text_is("never mind").await;
    // Erased: the choice is forgotten too.
    browser.press("#erase").await;
    browser.press("#erase-dialog button[value=yes]").await;
    browser
        .until("!document.querySelector('#ended').hidden")
        .await;
    visit
        .is(&format!(
            "!document.querySelector('#browser-writes').checked && {TEXT} === ''"
        ))
        .await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_down_what_is_said_leaves_the_browser_out() {
    let writer = std::sync::Arc::new(HardOfHearing);
    let site = Site::start_writing(Duration::ZERO, Some(writer)).await;
    let Some(visit) = visit(Works::Here, site).await else {
        return;
    };
    visit
        .is("document.querySelector('#dictation').hidden")
        .await;
    visit
        .browser
        .value("(document.querySelector('#browser-writes').checked = true, true)")
        .await;
    visit.browser.press("#speak").await;
    visit.text_is("I worked lead again.").await;
    assert_eq!(visit.browser.value(N_MADE).await, json!(0));
    visit.browser.press("#drop-clip").await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_a_recogniser_offers_none_and_the_turn_goes_on() {
    let taken_away = "window.SpeechRecognition = window.webkitSpeechRecognition = undefined;";
    let Some(visit) = visit_with(taken_away, Site::start().await).await else {
        return;
    };
    let browser = &visit.browser;
    let told = browser.value(NOTES).await;
    // Even chosen it is not asked.
    browser
        .value("(document.querySelector('#browser-writes').checked = true, true)")
        .await;
    browser.press("#pause option[value='0']").await;
    browser.press("#speak").await;
    visit.stop().await;
    visit
        .is(&format!(
            "document.querySelector('#dictation').hidden && {TEXT} === ''"
        ))
        .await;
    assert_eq!(browser.value(NOTES).await, told, "nothing failed");
    visit.say("I worked late again.", 1).await;
    let said = visit.said().await;
    assert!(
        said.starts_with("I worked late again.") && said.contains("spoken"),
        "{said}"
    );
    visit.close_devices().await;
    visit.end().await;
}

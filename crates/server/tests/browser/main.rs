//! The page in a real Chromium, with the real program behind it, and a microphone and a camera
//! that play files.
//!
//! Needs Debian's `chromium`, `chromium-driver`, `ffmpeg` and `espeak-ng`; without them each test
//! says `skipped:` and why. Pictures of the page are left in `target/tmp/page/` for people to look
//! at. A binary of its own, so that it can be chosen or left out by name (`--test browser`).

#![allow(clippy::print_stderr, reason = "a test that cannot run here says why")]
#![allow(clippy::unwrap_used, reason = "an unmet expectation fails the test")]

mod checks;
mod chromium;
mod cue_reader;
mod devices;
mod dictation;
mod face;
mod rating;
mod site;
#[path = "../support/study.rs"]
mod study;
mod visit;
mod wire_http;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::chromium::{Chromium, Permission, Setup};
use crate::site::{HardOfHearing, Site};
use crate::visit::{ANSWERED, Visit};

const HEAVY_WEEK: &str = "I worked late every day this week and nobody seems to notice.";
const NEVER_ENOUGH: &str = "It feels like nothing I do is ever enough for them.";
const DANGER: &str = "I want to kill myself tonight.";

#[tokio::test(flavor = "multi_thread")]
async fn a_written_turn_is_answered_and_its_reading_can_be_corrected() {
    let Some(visit) = Visit::begin(Site::start().await, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    let card = browser
        .value("document.querySelector('#consent').innerText")
        .await;
    for promise in ["not a therapist", "infers emotion", "Nothing", "person now"] {
        assert!(
            card.as_str().is_some_and(|card| card.contains(promise)),
            "{promise}: {card}"
        );
    }
    assert_eq!(
        visit.site.state.n_sessions(),
        0,
        "nothing begins before a choice"
    );
    browser.picture("consent-light").await;
    browser.press("#begin-text").await;
    visit.say(HEAVY_WEEK, 1).await;
    let answer = browser
        .value("document.querySelector('.answer > p').textContent")
        .await;
    assert!(
        answer.as_str().is_some_and(|answer| answer.len() > 10),
        "{answer}"
    );
    for kind in ["user-emotion", "strategy", "system-emotion"] {
        let found = format!("document.querySelector('#reading [data-kind={kind}]')?.dataset.label");
        assert!(browser.value(&found).await.is_string(), "{kind}");
    }
    let bars = "document.querySelectorAll('#reading .bars li').length";
    assert!(
        browser.value(bars).await.as_u64() > Some(1),
        "a distribution is shown"
    );
    browser.press("[data-key=not-right]").await;
    browser.press("[data-choose=sadness]").await;
    browser.until("document.querySelector('#reading').innerText.includes('It is used from your next message on')").await;
    visit.say(NEVER_ENOUGH, 2).await;
    browser
        .until("document.querySelectorAll('.columns button').length === 2")
        .await;
    browser.press(".columns button:nth-child(1)").await;
    browser
        .until("document.querySelector('.turn').hasAttribute('data-selected')")
        .await;
    browser
        .until("document.querySelector('.stepper').innerText.includes('Turn 1 of 2')")
        .await;
    browser.picture("written-light").await;
    visit.end().await;
}

/// Records until Stop is pressed.
async fn record_four_seconds(browser: &Chromium) {
    browser.press("#pause option[value='0']").await;
    assert_eq!(
        browser
            .value("document.querySelector('#send-at-once').disabled")
            .await,
        true,
        "there is no pause to send after"
    );
    browser.press("#speak").await;
    browser
        .until("document.querySelector('#clip-text').textContent === 'Recording 0:04'")
        .await;
    // What the program hears comes back while the person still speaks.
    browser
        .until("document.querySelectorAll('#strip .loud').length > 8 && document.querySelector('#strip .pitch')")
        .await;
    browser.picture("speaking").await;
    browser.press("#speak").await;
    browser
        .until("/^Voice and face, 0:[012]/.test(document.querySelector('#clip-text').textContent)")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_turn_shows_what_was_heard() {
    let Some(visit) = Visit::begin(Site::start().await, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    visit.allow_senses().await;
    let level =
        "new DOMMatrix(getComputedStyle(document.querySelector('#level-bar')).transform).a > 0.2";
    browser.until(level).await;
    record_four_seconds(browser).await;
    visit.say("", 1).await;
    let spoken = "/^\\(spoken, 0:[012]/.test(document.querySelector('.bubble').innerText)";
    assert_eq!(browser.value(spoken).await, json!(true));
    let cue = browser
        .value("document.querySelector('#reading [data-kind=cue]').textContent")
        .await;
    assert!(
        cue.as_str()
            .is_some_and(|cue| cue.contains("voice") || cue.contains("sp")),
        "{cue}"
    );
    browser.press("#reading summary").await;
    let pitch = browser
        .value("document.querySelector('[data-feature=\"voice.f0_median\"] td').innerText")
        .await;
    assert!(
        pitch.as_str().is_some_and(|pitch| pitch.ends_with("Hz")),
        "{pitch}"
    );
    browser.picture("spoken-light").await;
    browser.colours("dark").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    browser.picture("spoken-dark").await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_speech_ends_a_turn_and_sends_it_where_that_is_asked_for() {
    let Some(visit) = Visit::begin(Site::start().await, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#begin-senses").await;
    browser
        .until("!document.querySelector('#ending').hidden")
        .await;
    browser.press("#speak").await;
    browser
        .until("document.querySelector('#clip-text').textContent.includes('goes with your next message')")
        .await;
    let said = browser
        .value("document.querySelector('#clip-text').textContent")
        .await;
    assert!(
        said.as_str().is_some_and(|said| said.starts_with("Voice")),
        "{said}"
    );
    browser.picture("pause").await;
    browser.press("#drop-clip").await;
    browser.press("#send-at-once").await;
    browser.press("#speak").await;
    browser.until(&format!("{ANSWERED} === 1")).await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_is_told_from_the_room_by_its_loudness() {
    let Some(visit) = Visit::begin_writing().await else {
        return;
    };
    // Loudness every 40 ms: (dB, milliseconds) one after the other; the time at which it ended.
    let ended = "(async () => {
        const { Pause } = await import('./js/pause.js');
        const run = (limit, ...parts) => {
            const pause = new Pause(limit);
            let time = 0;
            for (const [dB, ms] of parts) {
                for (const end = time + ms; time < end; time += 40) if (pause.hears(dB, time)) return time;
            }
            return null;
        };
        window.found = {
            speech: run(800, [-65, 1000], [-25, 2000], [-65, 2000]),
            atOnce: run(800, [-25, 2000], [-65, 2000]),
            breath: run(800, [-65, 1000], [-25, 1000], [-65, 600], [-25, 1000], [-65, 2000]),
            noisyRoom: run(800, [-40, 3000], [-20, 2000], [-40, 2000]),
            nothing: run(800, [-65, 20000]),
            knock: run(800, [-65, 1000], [-20, 120], [-65, 5000]),
            humThatStays: run(800, [-45, 60000]),
            never: run(0, [-65, 1000], [-25, 2000], [-65, 5000]),
        };
    })()";
    visit.browser.value(ended).await;
    visit.browser.until("window.found").await;
    let found = visit.browser.value("window.found").await;
    let near = |name: &str, expected: f64| {
        let at = found[name].as_f64().unwrap_or(f64::NAN);
        assert!((at - expected).abs() <= 80.0, "{name}: {found}");
    };
    near("speech", 3800.0);
    near("atOnce", 2800.0);
    near("breath", 4400.0);
    near("noisyRoom", 5800.0);
    for name in ["nothing", "knock", "humThatStays", "never"] {
        assert_eq!(found[name], Value::Null, "{name}: {found}");
    }
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_written_down_and_can_be_corrected_before_it_is_sent() {
    let site = Site::start_writing(Duration::ZERO, Some(Arc::new(HardOfHearing))).await;
    let Some(visit) = Visit::begin(site, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    let card = "document.querySelector('#consent').innerText.includes('sent to ears.example.org')";
    browser.until(card).await;
    browser.press("#begin-senses").await;
    browser
        .until("document.querySelector('#mic').ariaPressed === 'true'")
        .await;
    browser.press("#speak").await;
    browser
        .until("document.querySelector('#clip-text').textContent === 'Recording 0:03'")
        .await;
    browser.press("#speak").await;
    let text = "document.querySelector('#text').value";
    browser
        .until(&format!("{text} === 'I worked lead again.'"))
        .await;
    browser.picture("written-down").await;
    let answered = browser.value(ANSWERED).await;
    assert_eq!(answered, json!(0), "nothing is sent before it was seen");
    let correct = format!("{text} = {text}.replace('lead', 'late')");
    browser.value(&correct).await;
    browser.press("#send").await;
    browser.until(&format!("{ANSWERED} === 1")).await;
    let bubble = browser
        .value("document.querySelector('.bubble').innerText")
        .await;
    let bubble = bubble.as_str().unwrap();
    assert!(bubble.starts_with("I worked late again."), "{bubble}");
    let cue = "document.querySelector('#reading [data-kind=cue]').textContent.length > 10";
    browser.until(cue).await;
    visit.close_devices().await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_camera_leaves_writing_as_it_was() {
    let Some(visit) = Visit::begin(Site::start().await, Permission::Refused).await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#begin-senses").await;
    browser
        .until("document.querySelector('#turns').innerText.includes('Writing works just as well')")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('#mic').ariaPressed")
            .await,
        "false"
    );
    visit.say(HEAVY_WEEK, 1).await;
    browser.picture("refused").await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_line_loses_nothing() {
    let site = Site::start_with(Duration::from_millis(1500)).await;
    let Some(visit) = Visit::begin(site, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#begin-text").await;
    browser.until("document.body.dataset.link === 'open'").await;
    browser.say(HEAVY_WEEK).await;
    browser
        .until("document.querySelector('.thinking') && !document.querySelector('.answer').hidden")
        .await;
    browser.picture("thinking").await;
    visit.site.cut();
    browser
        .until("document.querySelector('#status').innerText.includes('Nothing is lost')")
        .await;
    browser.say(NEVER_ENOUGH).await;
    browser
        .until(
            "document.querySelector('.turn:last-child').innerText.includes('Waiting to be sent')",
        )
        .await;
    browser.picture("reconnecting").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    visit.site.mend();
    browser.until(&format!("{ANSWERED} === 2")).await;
    browser.until("document.body.dataset.link === 'open'").await;
    assert_eq!(
        visit.site.state.n_sessions(),
        1,
        "the session was taken up again"
    );
    let said = "Array.from(document.querySelectorAll('.bubble > p:first-child'), (said) => said.textContent)";
    assert_eq!(browser.value(said).await, json!([HEAVY_WEEK, NEVER_ENOUGH]));
    let doubled = "Array.from(document.querySelectorAll('.answer > p'), (p) => p.textContent).some((text) => text.length > 12 && text.indexOf(text.slice(0, 12), 1) > 0)";
    assert_eq!(
        browser.value(doubled).await,
        json!(false),
        "no piece of an answer came twice"
    );
    visit.end_after_a_cut().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let Some(visit) = Visit::begin(Site::start().await, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    tab_to(browser, "begin-text").await;
    let outline = "parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2 && getComputedStyle(document.activeElement).outlineStyle === 'solid'";
    assert_eq!(
        browser.value(outline).await,
        json!(true),
        "the focus is visible"
    );
    browser.keys(Key::Enter).await;
    browser.until("document.activeElement.id === 'text'").await;
    browser.keys(HEAVY_WEEK).await;
    browser.keys(Key::Enter).await;
    browser.until(&format!("{ANSWERED} === 1")).await;
    browser
        .until("document.querySelector('#reading [data-kind=strategy]')")
        .await;
    tab_to(browser, "close-reading").await;
    tab_to_key(browser, "not-right").await;
    browser.keys(Key::Enter).await;
    browser
        .until("document.activeElement.matches('.choice')")
        .await;
    browser.keys(Key::Enter).await;
    browser
        .until("document.querySelector('#reading').innerText.includes('You said')")
        .await;
    browser
        .until("document.activeElement.id === 'reading-body'")
        .await;
    tab_to_key(browser, "term-0").await;
    let meaning =
        "getComputedStyle(document.activeElement.nextElementSibling).visibility === 'visible'";
    browser.until(meaning).await;
    tab_to(browser, "mic").await;
    browser.keys(Key::Space).await;
    browser
        .until("document.querySelector('#sense-dialog').open")
        .await;
    browser.keys(Key::Escape).await;
    browser
        .until(
            "!document.querySelector('#sense-dialog').open && document.activeElement.id === 'mic'",
        )
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('#mic').ariaPressed")
            .await,
        "false"
    );
    visit.end().await;
}

async fn tab_to(browser: &Chromium, id: &str) {
    tab_until(browser, &format!("document.activeElement.id === '{id}'")).await;
}

async fn tab_to_key(browser: &Chromium, key: &str) {
    tab_until(
        browser,
        &format!("document.activeElement.dataset.key === '{key}'"),
    )
    .await;
}

async fn tab_until(browser: &Chromium, is_there: &str) {
    for _ in 0..60 {
        if browser.value(is_there).await == json!(true) {
            return;
        }
        browser.keys(Key::Tab).await;
    }
    panic!("the tab key never leads to {is_there}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_has_room_for_everything() {
    let Some(visit) = Visit::begin_writing().await else {
        return;
    };
    let browser = &visit.browser;
    browser.press("#toggle-reading").await;
    browser.screen(360, 740).await;
    visit.say(HEAVY_WEEK, 1).await;
    visit.say(NEVER_ENOUGH, 2).await;
    browser.picture("phone").await;
    for width in [360, 320] {
        browser.screen(width, 740).await;
        assert!(!visit.has_sideways_scroll().await, "{width} px");
        let send = "(() => { const { left, right, bottom } = document.querySelector('#send').getBoundingClientRect(); return left >= 0 && right <= innerWidth && bottom <= innerHeight; })()";
        assert_eq!(
            browser.value(send).await,
            json!(true),
            "send is in reach at {width} px"
        );
        browser.picture(&format!("phone-{width}")).await;
    }
    browser.screen(360, 740).await;
    browser.press(".turn:last-child .under .link").await;
    browser.until("!document.querySelector('#reading').hidden && document.querySelector('.stepper').innerText.includes('Turn 2 of 2')").await;
    let sheet = "(() => { const { left, right, bottom } = document.querySelector('#reading').getBoundingClientRect(); return left >= 0 && right <= innerWidth && Math.round(bottom) === innerHeight; })()";
    browser.until(sheet).await;
    browser.picture("phone-reading").await;
    browser.keys(Key::Escape).await;
    browser.until("document.querySelector('#reading').hidden && document.activeElement.id === 'toggle-reading'").await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn type_twice_as_large_fits_a_small_phone() {
    let setup = Setup {
        type_px: 2 * Setup::default().type_px,
        ..Setup::default()
    };
    let Some(browser) = Chromium::start_with(setup).await else {
        return;
    };
    let visit = Visit::open(Site::start().await, browser).await;
    let browser = &visit.browser;
    browser.screen(320, 640).await;
    let height = "parseFloat(getComputedStyle(document.body).fontSize)";
    assert!(browser.value(height).await.as_f64() > Some(32.0));
    assert!(!visit.has_sideways_scroll().await, "the consent card");
    browser.press("#begin-senses").await;
    browser
        .until("document.querySelector('#cam').ariaPressed === 'true'")
        .await;
    visit.say(HEAVY_WEEK, 1).await;
    assert!(!visit.has_sideways_scroll().await, "the conversation");
    browser.picture("large-type").await;
    browser.say(DANGER).await;
    browser
        .until("document.querySelector('.steady .lines li')")
        .await;
    assert!(!visit.has_sideways_scroll().await, "the steady page");
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crisis_gets_a_steady_page() {
    let Some(visit) = Visit::begin_writing().await else {
        return;
    };
    let browser = &visit.browser;
    visit.say(HEAVY_WEEK, 1).await;
    browser.say(DANGER).await;
    browser
        .until("document.querySelector('.steady .lines li')")
        .await;
    browser
        .until("document.body.hasAttribute('data-steady')")
        .await;
    let is_hidden =
        |selector: &str| format!("!document.querySelector('{selector}').checkVisibility()");
    for competing in ["#reading", "#toggle-reading", "#mic", ".turn:first-of-type"] {
        assert_eq!(
            browser.value(&is_hidden(competing)).await,
            json!(true),
            "{competing}"
        );
    }
    for needed in [
        "#text",
        "#send",
        "#nearest-help",
        "#erase",
        ".steady .contact",
    ] {
        assert_eq!(
            browser.value(&is_hidden(needed)).await,
            json!(false),
            "{needed}"
        );
    }
    let told = browser
        .value("document.querySelector('#announce-now').textContent")
        .await;
    assert!(
        told.as_str().is_some_and(|told| told.len() > 20),
        "a screen reader hears it at once"
    );
    browser.look_in_light_and_dark("crisis").await;
    browser.screen(360, 740).await;
    assert!(!visit.has_sideways_scroll().await);
    browser.picture("crisis-phone").await;
    browser.press(".steady .calm").await;
    browser
        .until("document.querySelector('.turn').checkVisibility()")
        .await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_forgets_here_and_in_the_program() {
    let Some(visit) = Visit::begin_writing().await else {
        return;
    };
    let browser = &visit.browser;
    visit.say(HEAVY_WEEK, 1).await;
    browser.press("#erase").await;
    browser.press("#erase-dialog button[value=no]").await;
    assert_eq!(
        browser.value(ANSWERED).await,
        json!(1),
        "a second thought keeps everything"
    );
    browser.press("#erase").await;
    browser.press("#erase-dialog button[value=yes]").await;
    browser
        .until("!document.querySelector('#ended').hidden")
        .await;
    let page = browser.value("document.body.textContent").await;
    assert!(
        page.as_str().is_some_and(|page| !page.contains(HEAVY_WEEK)),
        "{page}"
    );
    let kept = "localStorage.length + sessionStorage.length + document.cookie.length";
    assert_eq!(browser.value(kept).await, json!(0));
    browser
        .until("document.body.dataset.link === 'closed'")
        .await;
    browser.picture("erased").await;
    browser.press("#again").await;
    browser.press("#begin-text").await;
    visit.say(NEVER_ENOUGH, 1).await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_copy_holds_the_conversation_and_how_it_was_read() {
    let Some(visit) = Visit::begin_writing().await else {
        return;
    };
    let browser = &visit.browser;
    visit.say(HEAVY_WEEK, 1).await;
    // Files cannot be fetched from a headless browser's downloads in the same way everywhere, so
    // the copy is read where the page makes it.
    let catch = "(() => { window.saved = []; const make = URL.createObjectURL; \
                 URL.createObjectURL = (blob) => { window.saved.push(blob); return make.call(URL, blob); }; return true; })()";
    browser.value(catch).await;
    for (n, form) in ["json", "markdown"].into_iter().enumerate() {
        browser.press("#save").await;
        browser
            .press(&format!("#save-dialog button[value={form}]"))
            .await;
        browser
            .until(&format!("window.saved.length === {}", n + 1))
            .await;
    }
    let texts = "return Promise.all(window.saved.map((blob) => blob.text()))";
    let texts = browser
        .driver
        .execute(texts, vec![])
        .await
        .expect("the copies can be read");
    let texts = texts.json().clone();
    let copy: Value = serde_json::from_str(texts[0].as_str().expect("a text")).expect("JSON");
    assert_eq!(copy["turns"][0]["said"], HEAVY_WEEK);
    assert!(
        copy["turns"][0]["user_emotion"][0]["prob"].is_number(),
        "{copy}"
    );
    assert!(copy["turns"][0]["response"].is_string(), "{copy}");
    let page = texts[1].as_str().expect("a text");
    assert!(
        page.contains(&format!("> {HEAVY_WEEK}")) && page.contains("## Timeline"),
        "{page}"
    );
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_passes_the_accessibility_scan_in_light_and_dark() {
    let Some(visit) = Visit::begin(Site::start().await, Permission::Granted).await else {
        return;
    };
    let browser = &visit.browser;
    browser.hold_still().await;
    browser.look_in_light_and_dark("consent").await;
    browser.press("#begin-senses").await;
    browser
        .until("document.querySelector('#cam').ariaPressed === 'true'")
        .await;
    visit.say(HEAVY_WEEK, 1).await;
    visit.say(NEVER_ENOUGH, 2).await;
    browser.press("[data-key=not-right]").await;
    browser.look_in_light_and_dark("conversation").await;
    browser.press("#erase").await;
    browser.scan("a dialog").await;
    visit.end().await;
}

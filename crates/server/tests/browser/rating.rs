//! The rating page in a real Chromium: three scripted raters whose answers give a known table.
//!
//! The raters only do what a person does: read the two answers on the page and press keys.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use smes_rating::{
    Answers, Question, QuestionReport, RaterId, ReportOptions, Store, Study, report,
};
use smes_server::rate::{RateLimits, RateState};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::chromium::{Chromium, Permission};
use crate::study::{N_TASKS, study};

/// The site on a port of its own, and a browser.
struct RatingVisit {
    browser: Chromium,
    study: Study,
    address: SocketAddr,
    program: Option<Program>,
    _folder: TempDir,
}

impl RatingVisit {
    async fn begin() -> Option<Self> {
        let browser = Chromium::start(Permission::Refused).await?;
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let (address, program) = open_site(&study, 0).await;
        browser.begin_empty().await;
        Some(Self {
            browser,
            study,
            address,
            program: Some(program),
            _folder: folder,
        })
    }

    /// Invites a rater; gives their link.
    fn invite(&self) -> (RaterId, String) {
        let invited = self.study.invite(1).unwrap().remove(0);
        let link = format!(
            "http://{}/rate/#code={}",
            self.address,
            invited.code.expose()
        );
        (invited.rater, link)
    }

    /// Opens a link as a person does: in a page of its own.
    async fn open(&self, link: &str) {
        self.browser.driver.goto("about:blank").await.unwrap();
        self.browser.driver.goto(link).await.unwrap();
    }

    /// Begins from the first card, by keys: the link to helplines, then the button.
    async fn start(&self, link: &str) {
        self.open(link).await;
        self.browser
            .until("document.body.dataset.view === 'intro'")
            .await;
        self.browser.keys(Key::Tab).await;
        self.browser.keys(Key::Tab).await;
        self.browser.keys(Key::Enter).await;
        self.at(1).await;
    }

    /// Waits until the moment of that number, from 1, is shown.
    async fn at(&self, moment: usize) {
        let said = format!("Moment {moment} of {N_TASKS}");
        let announced = format!("document.querySelector('#announce').textContent === '{said}'");
        self.browser.until(&announced).await;
    }

    async fn saved(&self) {
        self.browser
            .until("document.body.dataset.saved === 'saved'")
            .await;
    }

    /// What stands first and second.
    async fn pair(&self) -> (String, String) {
        let texts = "[document.querySelector('#first').innerText, document.querySelector('#second').innerText]";
        let texts = self.browser.value(texts).await;
        let text = |at: usize| texts[at].as_str().unwrap().to_owned();
        (text(0), text(1))
    }

    /// Rates from the moment `from`, from 1, to the end, by keys alone.
    async fn rate(&self, from: usize, prefers: Preference) {
        for moment in from..=N_TASKS {
            self.at(moment).await;
            let (first, second) = self.pair().await;
            self.browser.keys(keys_for(&first, &second, prefers)).await;
            self.browser
                .until("!document.querySelector('#next').disabled")
                .await;
            self.browser.keys(Key::Enter).await;
        }
        self.browser
            .until("document.body.dataset.view === 'done'")
            .await;
        self.saved().await;
    }

    async fn checked(&self) -> Value {
        let checked = "Array.from(document.querySelectorAll('#questions :checked'), (input) => [input.name, input.value])";
        self.browser.value(checked).await
    }

    fn answers(&self, rater: RaterId) -> Answers {
        let path = self
            .study
            .folder()
            .join("ratings")
            .join(format!("{rater}.jsonl"));
        Answers::load(&path, N_TASKS).unwrap()
    }

    async fn end(self) {
        self.browser.is_content().await;
        self.browser.asked_only(self.address, 8).await;
        self.browser.quit().await;
        self.program.unwrap().close().await;
    }
}

/// The site, answering until it is closed.
struct Program {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Program {
    /// Closes the site as Ctrl-C does, and waits until the study is free.
    async fn close(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn open_site(study: &Study, port: u16) -> (SocketAddr, Program) {
    let store = Store::open(study.folder()).unwrap();
    let listener = smes_server::bind("127.0.0.1", port).await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = RateState::new(store, RateLimits::default(), true);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        let _ = smes_server::rate::serve(listener, state, stopped).await;
    });
    (address, Program { stop, task })
}

/// Whether `ours` is better at a moment in a question: a number above 0; equal: 0.
type Preference = fn(moment: usize, question: Question) -> i32;

/// The five digits that a rater presses at a pair of answers.
fn keys_for(first: &str, second: &str, prefers: Preference) -> String {
    let asked = [first, second]
        .into_iter()
        .position(|text| text.starts_with("This is a check"));
    if let Some(at) = asked {
        let text = [first, second][at];
        let key = if text.contains("“equal”") {
            "2"
        } else if text.contains("this answer") == (at == 0) {
            "1"
        } else {
            "3"
        };
        return key.repeat(5);
    }
    let is_ours_first = first.starts_with("Half an hour");
    let number = first.rsplit('(').next().unwrap().trim_end_matches(')');
    let moment: usize = number.parse().unwrap();
    let key = |question: Question| match (prefers(moment, question).signum(), is_ours_first) {
        (0, _) => '2',
        (1, true) | (-1, false) => '1',
        _ => '3',
    };
    Question::ALL.into_iter().map(key).collect()
}

fn ana(moment: usize, question: Question) -> i32 {
    match question {
        Question::Identification => i32::from(moment < 4),
        Question::Comfort => 0,
        _ => 1,
    }
}

fn ben(moment: usize, question: Question) -> i32 {
    match question {
        Question::Suggestion => -1,
        other => ana(moment, other),
    }
}

fn cleo(_: usize, question: Question) -> i32 {
    match question {
        Question::Fluency => 1,
        Question::Identification | Question::Overall => -1,
        Question::Comfort | Question::Suggestion => 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_raters_with_keys_alone_give_the_table_that_their_answers_mean() {
    let Some(visit) = RatingVisit::begin().await else {
        return;
    };
    for prefers in [ana as Preference, ben, cleo] {
        let (_, link) = visit.invite();
        visit.start(&link).await;
        visit.rate(1, prefers).await;
    }
    let made = report(&visit.study, &ReportOptions::default()).unwrap();
    let counts = |row: &QuestionReport| [row.win.n, row.tie.n, row.loss.n];
    // By hand: six moments; two against one decides, one against one is a tie.
    let expected = [[6, 0, 0], [4, 0, 2], [0, 6, 0], [0, 6, 0], [6, 0, 0]];
    let ratings = [[18, 0, 0], [8, 4, 6], [0, 18, 0], [6, 6, 6], [12, 0, 6]];
    let p = [2.0 / 64.0, 44.0 / 64.0, 1.0, 1.0, 2.0 / 64.0];
    let p_holm = [10.0 / 64.0, 1.0, 1.0, 1.0, 10.0 / 64.0];
    // Fleiss by hand: agreement 1/3 in `overall` beside 5/9 by chance; 0 beside 1/3 in `suggestion`.
    let kappa = [None, Some(-0.5), None, Some(-0.5), Some(-0.5)];
    for (at, row) in made.questions.iter().enumerate() {
        assert_eq!(counts(row), expected[at], "{row:?}");
        assert_eq!(row.ratings, ratings[at], "{row:?}");
        assert!(
            (row.p - p[at]).abs() < 1e-12 && (row.p_holm - p_holm[at]).abs() < 1e-12,
            "{row:?}"
        );
        let found = row.agreement.fleiss_kappa;
        if row.question != Question::Identification {
            assert_eq!(found.is_some(), kappa[at].is_some(), "{row:?}");
            assert!(
                (found.unwrap_or_default() - kappa[at].unwrap_or_default()).abs() < 1e-12,
                "{row:?}"
            );
        }
    }
    for rater in &made.raters {
        assert_eq!((rater.n_whole, rater.left_out.as_deref()), (N_TASKS, None));
        assert_eq!((rater.checks.n_right, rater.checks.n), (2, 2));
        assert_eq!((rater.repeats.n_right, rater.repeats.n), (5, 5));
        assert!(rater.pace_s.unwrap() > 0.0);
    }
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_goes_on_in_the_middle_of_a_moment_and_answers_can_be_taken_back() {
    let Some(visit) = RatingVisit::begin().await else {
        return;
    };
    let browser = &visit.browser;
    let (rater, link) = visit.invite();
    visit.start(&link).await;
    for moment in 1..=2 {
        visit.at(moment).await;
        browser.keys("12321").await;
        browser
            .until("!document.querySelector('#next').disabled")
            .await;
        browser.keys(Key::Enter).await;
    }
    visit.at(3).await;
    browser.keys("13").await;
    visit.saved().await;
    browser.driver.refresh().await.unwrap();
    visit.at(3).await;
    assert_eq!(
        visit.checked().await,
        json!([["fluency", "left"], ["identification", "right"]])
    );
    let focus = "document.activeElement.name";
    assert_eq!(
        browser.value(focus).await,
        json!("comfort"),
        "the first open question has the focus"
    );
    assert_eq!(visit.answers(rater).n_whole(), 2);
    // Taken back: the latest answer, then one of the moment before.
    browser.keys("2").await;
    browser
        .until("document.querySelectorAll('#questions :checked').length === 3")
        .await;
    browser.keys(Key::Backspace).await;
    browser
        .until("document.querySelectorAll('#questions :checked').length === 2")
        .await;
    visit.saved().await;
    assert_eq!(
        visit.answers(rater).tasks[2].choices[Question::Comfort.idx()],
        None
    );
    assert_eq!(
        browser
            .value("document.querySelector('#undo').disabled")
            .await,
        json!(true)
    );
    browser.press("#back").await;
    visit.at(2).await;
    assert_eq!(visit.checked().await.as_array().unwrap().len(), 5);
    let (before, _) = visit.pair().await;
    browser.press("#next").await;
    visit.at(3).await;
    assert_ne!(visit.pair().await.0, before);
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_refused_in_words_and_the_right_one_opens() {
    let Some(visit) = RatingVisit::begin().await else {
        return;
    };
    let browser = &visit.browser;
    let (_, link) = visit.invite();
    let code = link.split_once("#code=").unwrap().1;
    visit.open(&format!("http://{}/", visit.address)).await;
    browser.until("document.activeElement.id === 'code'").await;
    visit.browser.scan("the first card").await;
    browser.picture("rating-code").await;
    browser.keys("r1-AAAA-BBBB-CCCC-DDDD").await;
    browser.keys(Key::Enter).await;
    browser
        .until("document.querySelector('#enter-note').textContent.includes('opens nothing here')")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('#desk').hidden")
            .await,
        json!(true)
    );
    visit.browser.scan("a refusal").await;
    browser.picture("rating-refused").await;
    browser
        .value("(document.querySelector('#code').value = '', true)")
        .await;
    browser.keys(code.to_lowercase()).await;
    browser.keys(Key::Enter).await;
    browser
        .until("document.body.dataset.view === 'intro'")
        .await;
    // The browser itself notes a refused request; nothing else may be there.
    let complaints = browser.complaints().await;
    assert!(
        complaints.len() == 1 && complaints[0].contains("403"),
        "{complaints:?}"
    );
    visit.browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_given_while_the_program_is_away_is_saved_when_it_is_back() {
    let Some(mut visit) = RatingVisit::begin().await else {
        return;
    };
    let (rater, link) = visit.invite();
    visit.start(&link).await;
    visit.browser.keys("1").await;
    visit.saved().await;
    let address = visit.address;
    visit.program.take().unwrap().close().await;
    visit.browser.keys("3").await;
    visit
        .browser
        .until("document.querySelector('#saved').textContent === 'Not saved yet; trying again'")
        .await;
    visit.browser.picture("rating-waiting").await;
    let (_, program) = open_site(&visit.study, address.port()).await;
    visit.saved().await;
    visit.browser.keys("2").await;
    visit
        .browser
        .until("document.querySelectorAll('#questions :checked').length === 3")
        .await;
    visit.saved().await;
    let kept = visit.answers(rater).tasks[0].choices;
    assert_eq!(kept.iter().flatten().count(), 3, "{kept:?}");
    visit.browser.quit().await;
    program.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_can_be_read_in_light_and_dark_and_on_a_phone() {
    let Some(visit) = RatingVisit::begin().await else {
        return;
    };
    let browser = &visit.browser;
    browser.hold_still().await;
    let (_, link) = visit.invite();
    visit.open(&link).await;
    browser
        .until("document.body.dataset.view === 'intro'")
        .await;
    browser.look_in_light_and_dark("rating-intro").await;
    browser.press("#begin").await;
    visit.at(1).await;
    browser.keys("132").await;
    visit.saved().await;
    browser.look_in_light_and_dark("rating-moment").await;
    browser.keys("?").await;
    browser.until("document.querySelector('#keys').open").await;
    browser.look_in_light_and_dark("rating-keys").await;
    browser.keys(Key::Escape).await;
    for (name, width, height) in [
        ("phone", 360, 740),
        ("narrow", 320, 568),
        ("tablet", 820, 1100),
        ("wide", 2200, 1200),
    ] {
        browser.screen(width, height).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!browser.scrolls_sideways("main").await, "{name}");
        browser.picture(&format!("rating-{name}")).await;
    }
    browser.screen(1280, 860).await;
    browser.keys("11").await;
    browser
        .until("!document.querySelector('#next').disabled")
        .await;
    browser.keys(Key::Enter).await;
    visit.rate(2, ana).await;
    browser.look_in_light_and_dark("rating-done").await;
    visit.end().await;
}

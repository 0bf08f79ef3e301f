//! A person at the page of the conversation.

use serde_json::json;

use crate::chromium::{Chromium, Permission, Setup};
use crate::site::Site;

/// The number of turns that have an answer.
pub(crate) const ANSWERED: &str =
    "document.querySelectorAll('.turn .answer:not([hidden]):not(:has(.thinking)) > p').length";

/// The program and a browser in which its page is open.
pub(crate) struct Visit {
    /// The program.
    pub(crate) site: Site,
    /// The browser.
    pub(crate) browser: Chromium,
}

impl Visit {
    /// Opens the page; `None` when there is no browser to open it in.
    pub(crate) async fn begin(site: Site, permission: Permission) -> Option<Self> {
        let browser = Chromium::start(permission).await?;
        Some(Self::open(site, browser).await)
    }

    /// Opens the page with these devices, and chooses voice and camera.
    pub(crate) async fn begin_speaking(site: Site, setup: Setup<'_>) -> Option<Self> {
        let browser = Chromium::start_with(setup).await?;
        let visit = Self::open(site, browser).await;
        visit.allow_senses().await;
        Some(visit)
    }

    /// Opens the page and chooses text only.
    pub(crate) async fn begin_writing() -> Option<Self> {
        let visit = Self::begin(Site::start().await, Permission::Granted).await?;
        visit.browser.press("#begin-text").await;
        visit
            .browser
            .until("document.body.dataset.link === 'open'")
            .await;
        Some(visit)
    }

    /// Opens the page in a browser.
    pub(crate) async fn open(site: Site, browser: Chromium) -> Self {
        let visit = Self { site, browser };
        visit.browser.begin_empty().await;
        let opened = visit.browser.driver.goto(visit.site.url()).await;
        opened.expect("the page opens");
        visit
            .browser
            .until("document.querySelector('#consent .lines li')")
            .await;
        visit
    }

    /// Chooses voice and camera, and waits until both are there.
    pub(crate) async fn allow_senses(&self) {
        let browser = &self.browser;
        browser.press("#begin-senses").await;
        browser.until("document.querySelector('#mic').ariaPressed === 'true' && document.querySelector('#cam').ariaPressed === 'true'").await;
        browser
            .until("document.querySelector('#self-view').videoWidth > 0")
            .await;
        browser.until("document.body.dataset.link === 'open'").await;
    }

    /// Says something and waits until `n_answers` turns are answered.
    pub(crate) async fn say(&self, words: &str, n_answers: usize) {
        self.browser.say(words).await;
        self.browser
            .until(&format!("{ANSWERED} === {n_answers}"))
            .await;
        self.browser
            .until("!document.querySelector('.turn[data-state=sent], .turn[data-state=received]')")
            .await;
    }

    /// Closes microphone and camera.
    pub(crate) async fn close_devices(&self) {
        let browser = &self.browser;
        browser.press("#mic").await;
        browser.press("#cam").await;
        browser
            .until(
                "document.querySelector('#speak').hidden && document.querySelector('#self').hidden",
            )
            .await;
        let is_dark = "document.querySelector('#self-view').srcObject === null";
        assert_eq!(
            browser.value(is_dark).await,
            json!(true),
            "the camera is closed"
        );
    }

    /// Ends the visit: nothing was complained about and nothing left this machine.
    pub(crate) async fn end(self) {
        self.browser.is_content().await;
        self.end_after_a_cut().await;
    }

    /// As [`Visit::end`], where the browser rightly complains of a line that was cut.
    pub(crate) async fn end_after_a_cut(self) {
        self.browser.asked_only(self.site.address, 10).await;
        self.browser.quit().await;
    }

    /// Whether something reaches beyond the page or the messages.
    pub(crate) async fn has_sideways_scroll(&self) -> bool {
        self.browser.scrolls_sideways("#log").await
    }
}

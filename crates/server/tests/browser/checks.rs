//! What is checked of every page: who was asked, what a scan for accessibility says, whether it fits.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use crate::chromium::Chromium;

impl Chromium {
    /// Shows an empty page; what the browser's own first page asked for is forgotten.
    pub(crate) async fn begin_empty(&self) {
        self.driver.goto("about:blank").await.unwrap();
        self.requested().await;
    }

    /// Since then the page asked for `at_least` things, and nobody but `address`.
    pub(crate) async fn asked_only(&self, address: SocketAddr, at_least: usize) {
        let requested = self.requested().await;
        assert!(requested.len() >= at_least, "{requested:?}");
        // With the slash: a longer port is somebody else.
        let here = format!("{address}/");
        let is_elsewhere = |url: &&String| {
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            let is_inner = ["data:", "blob:", "about:blank"]
                .iter()
                .any(|inner| url.starts_with(inner));
            !rest.starts_with(&here) && !is_inner
        };
        let elsewhere: Vec<_> = requested.iter().filter(is_elsewhere).collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
        let with_code: Vec<_> = requested.iter().filter(|url| url.contains("r1-")).collect();
        assert!(with_code.is_empty(), "a code of invitation: {with_code:?}");
    }

    /// Nothing was complained about.
    pub(crate) async fn is_content(&self) {
        assert_eq!(self.complaints().await, Vec::<String>::new());
    }

    /// The accessibility scan of what is shown finds nothing.
    pub(crate) async fn scan(&self, what: &str) {
        let scan = self
            .driver
            .execute(include_str!("scan.js"), vec![])
            .await
            .expect("the scan runs");
        assert_eq!(*scan.json(), json!([]), "{what}");
    }

    /// Shows the page to somebody who wants no motion.
    pub(crate) async fn hold_still(&self) {
        let still = json!({"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]});
        self.tool("Emulation.setEmulatedMedia", still).await;
    }

    /// A picture and a scan in light and in dark.
    pub(crate) async fn look_in_light_and_dark(&self, name: &str) {
        for scheme in ["light", "dark"] {
            self.colours(scheme).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.picture(&format!("{name}-{scheme}")).await;
            self.scan(&format!("{name}, {scheme}")).await;
        }
    }

    /// Whether something reaches beyond the page or beyond the part of it that a selector names.
    pub(crate) async fn scrolls_sideways(&self, part: &str) -> bool {
        let wider = format!(
            "document.documentElement.scrollWidth > innerWidth + 1 || document.body.scrollWidth > innerWidth + 1 \
             || document.querySelector('{part}').scrollWidth > document.querySelector('{part}').clientWidth + 1"
        );
        self.value(&wider).await == json!(true)
    }
}

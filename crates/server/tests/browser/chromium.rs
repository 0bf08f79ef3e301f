//! A real Chromium, driven through its own driver, with everything it logs and asks for kept.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::Capabilities;
use thirtyfour::prelude::*;

use crate::devices::{Camera, Devices, Microphone};
use crate::wire_http::PlainHttp;

/// How long anything on the page may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(40);

/// What the browser does when the page asks for microphone and camera.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Opens them, from files.
    Granted,
    /// Refuses.
    Refused,
}

/// What a browser is started with.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'p> {
    /// Whether the page may open microphone and camera.
    pub(crate) permission: Permission,
    /// Height of ordinary type, in pixels.
    pub(crate) type_px: u32,
    /// What is before the camera.
    pub(crate) camera: Camera<'p>,
    /// What is before the microphone.
    pub(crate) microphone: Microphone<'p>,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            permission: Permission::Granted,
            type_px: 16,
            camera: Camera::TestPicture,
            microphone: Microphone::Sentence,
        }
    }
}

/// A browser with one page.
pub(crate) struct Chromium {
    /// The driver, for what this type does not wrap.
    pub(crate) driver: WebDriver,
    // In this order the session ends first, then its driver, then their files, also on a panic.
    _chromedriver: Ended,
    _folder: tempfile::TempDir,
}

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Chromium {
    /// Starts a browser; `None`, with a line that says so, when it is not installed.
    pub(crate) async fn start(permission: Permission) -> Option<Self> {
        let setup = Setup {
            permission,
            ..Setup::default()
        };
        Self::start_with(setup).await
    }

    /// As [`Chromium::start`], with a choice of everything.
    pub(crate) async fn start_with(setup: Setup<'_>) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Some(devices) = Devices::make(folder.path(), setup.camera, setup.microphone) else {
            eprintln!("skipped: espeak-ng or ffmpeg is not installed");
            return None;
        };
        let port = free_port();
        let spawned = Command::new("chromedriver")
            .args([format!("--port={port}"), "--silent".to_owned()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(chromedriver) = spawned else {
            eprintln!(
                "skipped: chromedriver is not installed (Debian: `apt install chromium-driver`)"
            );
            return None;
        };
        let chromedriver = Ended(chromedriver);
        let capabilities = capabilities(&folder, &devices, setup);
        let url = format!("http://127.0.0.1:{port}");
        let started = Instant::now();
        let driver = loop {
            let connecting = WebDriver::builder(&url, capabilities.clone()).client(PlainHttp);
            match connecting.connect().await {
                Ok(driver) => break driver,
                Err(error) if started.elapsed() > PATIENCE => {
                    panic!("chromium did not start: {error}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        Some(Self {
            driver,
            _chromedriver: chromedriver,
            _folder: folder,
        })
    }

    /// Ends the browser.
    pub(crate) async fn quit(self) {
        self.driver.clone().quit().await.expect("the browser ends");
    }

    /// Runs a command of the browser's developer tools.
    pub(crate) async fn tool(&self, method: &str, parameters: Value) -> Value {
        let sent = self.driver.cdp().send_raw(method, parameters).await;
        sent.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The value of a JavaScript expression on the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let result = self
            .driver
            .execute(format!("return ({expression});"), vec![])
            .await;
        let result = result.unwrap_or_else(|error| panic!("{expression}: {error}"));
        result.json().clone()
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let started = Instant::now();
        while self.value(&format!("Boolean({expression})")).await != json!(true) {
            if started.elapsed() > PATIENCE {
                let page = self.value("document.body.innerText").await;
                self.picture("gave-up").await;
                panic!("waited in vain for `{expression}`; the page says:\n{page:#}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses the control that a selector names.
    pub(crate) async fn press(&self, selector: &str) {
        let found = self.driver.find(By::Css(selector)).await;
        let element = found.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element
            .click()
            .await
            .unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Presses keys wherever the focus is.
    pub(crate) async fn keys(&self, keys: impl Into<TypingData>) {
        let chain = self.driver.action_chain().send_keys(keys.into());
        chain.perform().await.expect("keys are pressed");
    }

    /// Writes a message and sends it.
    pub(crate) async fn say(&self, words: &str) {
        let field = self
            .driver
            .find(By::Id("text"))
            .await
            .expect("a place to write");
        field.send_keys(words).await.expect("words are written");
        field
            .send_keys(TypingData::from(Key::Enter))
            .await
            .expect("enter is pressed");
    }

    /// Shows the page as on a screen of that size.
    pub(crate) async fn screen(&self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tool("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Shows the page as on a system with light or dark colours.
    pub(crate) async fn colours(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.tool("Emulation.setEmulatedMedia", json!({"features": [feature]}))
            .await;
    }

    /// Keeps a picture of the page under the target folder, for people to look at.
    pub(crate) async fn picture(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
        fs_err::create_dir_all(&folder).expect("the target folder can be written");
        let path = folder.join(format!("{name}.png"));
        self.driver
            .screenshot(&path)
            .await
            .expect("a picture is taken");
    }

    /// What the page wrote to its console at the levels of warning and error.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        self.logged("browser").await
    }

    /// Every address that the page asked for.
    pub(crate) async fn requested(&self) -> Vec<String> {
        let events = self.logged("performance").await;
        let address = |event: &String| {
            let event: Value = serde_json::from_str(event).ok()?;
            let event = &event["message"];
            let url = match event["method"].as_str()? {
                "Network.requestWillBeSent" => &event["params"]["request"]["url"],
                "Network.webSocketCreated" => &event["params"]["url"],
                _ => return None,
            };
            url.as_str().map(str::to_owned)
        };
        events.iter().filter_map(address).collect()
    }

    /// What was logged since the last time.
    async fn logged(&self, kind: &str) -> Vec<String> {
        let entries = self.driver.get_log(kind).await;
        let entries = entries.expect("the browser hands out its log");
        entries.into_iter().map(|entry| entry.message).collect()
    }
}

fn free_port() -> u16 {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    probe
        .local_addr()
        .expect("a bound port has an address")
        .port()
}

fn capabilities(folder: &tempfile::TempDir, devices: &Devices, setup: Setup<'_>) -> Capabilities {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en-GB",
        "--window-size=1280,860",
        "--use-fake-device-for-media-stream",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!(
        "--user-data-dir={}",
        folder.path().join("profile").display()
    ));
    arguments.push(format!(
        "--use-file-for-fake-audio-capture={}",
        devices.voice.display()
    ));
    arguments.push(format!(
        "--use-file-for-fake-video-capture={}",
        devices.picture.display()
    ));
    arguments.push(format!(
        "--blink-settings=defaultFontSize={}",
        setup.type_px
    ));
    let setting = match setup.permission {
        Permission::Granted => 1,
        Permission::Refused => 2,
    };
    let options = json!({
        "args": arguments,
        "prefs": {"profile.default_content_setting_values": {
            "media_stream_mic": setting, "media_stream_camera": setting,
        }},
    });
    let set = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "WARNING", "performance": "ALL"},
    });
    set.as_object().cloned().unwrap_or_default().into()
}

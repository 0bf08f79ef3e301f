//! The real program on a port of its own, behind a line that a test can cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use smes_cues::NativeExtractor;
use smes_dialogue::{DialogueContext, EmotionSet, Plan, Reply, StrategySet};
use smes_media::Audio;
use smes_reasoning::{Reasoner, ReasoningError};
use smes_server::safety::CrisisDetector;
use smes_server::{AppState, Engine, Hosts, Limits};
use smes_speech::{Hints, SpeechError, Transcriber, Transcript};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The program and the line to it; both end with the test.
pub(crate) struct Site {
    /// Where the page is.
    pub(crate) address: SocketAddr,
    /// What the program shares between its requests.
    pub(crate) state: AppState,
    line: watch::Sender<bool>,
}

impl Site {
    /// Starts the program with the embedded reasoner.
    pub(crate) async fn start() -> Self {
        Self::start_with(Duration::ZERO).await
    }

    /// Starts the program with a reasoner that takes its time before it plans.
    pub(crate) async fn start_with(pause: Duration) -> Self {
        Self::start_writing(pause, None).await
    }

    /// Starts the program with somebody who writes down what is said.
    pub(crate) async fn start_writing(
        pause: Duration,
        writer: Option<Arc<dyn Transcriber>>,
    ) -> Self {
        let inner = smes_reasoning::open("starter").expect("the embedded reasoner opens");
        Self::start_as(Arc::new(Unhurried { inner, pause }), writer).await
    }

    /// Starts the program with a reasoner.
    pub(crate) async fn start_as(
        reasoner: Arc<dyn Reasoner>,
        writer: Option<Arc<dyn Transcriber>>,
    ) -> Self {
        let engine = Engine::new(
            reasoner,
            Some(Arc::new(NativeExtractor::embedded().unwrap())),
            CrisisDetector::embedded(),
            smes_media::Limits::live(),
        );
        let engine = engine.with_transcriber(writer);
        let state = AppState::new(engine, Limits::default(), Hosts::loopback());
        let program = smes_server::bind("127.0.0.1", 0)
            .await
            .expect("a free port");
        let behind = program.local_addr().expect("a bound port has an address");
        let served = state.clone();
        tokio::spawn(smes_server::serve(program, served, std::future::pending()));
        let (line, is_up) = watch::channel(true);
        let front = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = front.local_addr().expect("a bound port has an address");
        tokio::spawn(carry(front, behind, is_up));
        Self {
            address,
            state,
            line,
        }
    }

    /// The page's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Drops every connection, and takes none until [`Site::mend`].
    pub(crate) fn cut(&self) {
        self.line.send_replace(false);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.line.send_replace(true);
    }
}

/// Hears the same sentence in every sound that is loud enough, with a mistake in it.
pub(crate) struct HardOfHearing;

impl Transcriber for HardOfHearing {
    fn id(&self) -> String {
        "hard-of-hearing".to_owned()
    }

    fn sends_to(&self) -> Option<&str> {
        Some("ears.example.org")
    }

    fn transcribe(&self, sound: &Audio, _hints: &Hints) -> Result<Transcript, SpeechError> {
        let is_loud = sound.samples.iter().any(|sample| sample.abs() > 0.05);
        let text = if is_loud { "I worked lead again." } else { "" };
        Ok(Transcript {
            text: text.into(),
            ..Transcript::default()
        })
    }
}

async fn carry(front: TcpListener, behind: SocketAddr, line: watch::Receiver<bool>) {
    while let Ok((mut near, _)) = front.accept().await {
        let mut line = line.clone();
        if !*line.borrow_and_update() {
            continue;
        }
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(behind).await else {
                return;
            };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = line.wait_for(|is_up| !is_up) => {}
            }
        });
    }
}

/// A reasoner that thinks for a while first, so that a test can look at the page meanwhile.
struct Unhurried {
    inner: Box<dyn Reasoner>,
    pause: Duration,
}

impl Reasoner for Unhurried {
    fn id(&self) -> String {
        self.inner.id()
    }

    fn emotions(&self) -> &EmotionSet {
        self.inner.emotions()
    }

    fn strategies(&self) -> &StrategySet {
        self.inner.strategies()
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        std::thread::sleep(self.pause);
        self.inner.plan(context)
    }

    fn respond(
        &self,
        context: &DialogueContext,
        plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        self.inner.respond(context, plan, on_text)
    }
}

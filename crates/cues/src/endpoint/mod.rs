//! The extractor `endpoint`: any OpenAI-compatible server that sees or hears.
//!
//! The two questions of the paper (section 3.1): what is seen and heard, and, in a turn of its own and
//! only where asked for, which distress may lie behind it. Servers differ in what they take, so each
//! clip goes down a ladder ([`ladder`]) until it is understood, and what was learnt of the server is
//! remembered. What this program measures itself goes along in words where the server cannot hear, and
//! stands in for an answer that is of no use, where the caller wants that.

mod answer;
mod ladder;
mod parts;
mod probe;
mod questions;

use std::sync::{Arc, Mutex, PoisonError};

use smes_dialogue::{Cue, Extractor, Private};
use smes_endpoint::{Client, EndpointError, Message, Talk};
use smes_media::{Clip, DecodeOptions, VideoOptions};

use crate::follow::VoiceFollower;
use crate::{CueError, CueExtractor, Follower, NativeExtractor, SpeakerBaseline};
use answer::Flaw;
use ladder::{Known, Media, Rung};
use parts::Shown;
use probe::Silence;

/// Samples a second of the sound that is decoded for it.
const SAMPLE_RATE: u32 = 16_000;
/// Pictures a second: what vision models sample by default.
const FPS: f64 = 2.0;
/// Longest side of a picture, in pixels: faces stay readable and requests small.
const MAX_SIDE: u32 = 448;
/// How often it is tried to find out what a server takes, while it gives no answer; no more often
/// than ends a run over a corpus, which so goes on without a medium that is too much for the server.
const N_FIRST_TRIES: u32 = 3;

/// Asks a server about each clip.
pub struct EndpointExtractor {
    client: Client,
    native: NativeExtractor,
    known: Mutex<Known>,
    /// How often it may still be tried to find out what the server takes.
    first_tries: Mutex<u32>,
    asks_distress: bool,
    stands_in: bool,
}

/// What the server said to the questions of a clip.
struct Answered {
    rung: Rung,
    has: Media,
    observation: Result<String, Flaw>,
    distress: Option<String>,
    notes: Vec<String>,
}

impl EndpointExtractor {
    /// Asks through this client; nothing is sent yet.
    ///
    /// # Errors
    /// As for [`NativeExtractor::embedded`].
    pub fn new(client: Client) -> Result<Self, CueError> {
        Ok(Self {
            client,
            native: NativeExtractor::embedded()?,
            known: Mutex::default(),
            first_tries: Mutex::new(0),
            asks_distress: false,
            stands_in: false,
        })
    }

    /// The same, asking which distress may lie behind what is seen, too.
    #[must_use]
    pub fn asking_distress(self, asks_distress: bool) -> Self {
        Self {
            asks_distress,
            ..self
        }
    }

    /// The same, finding out before the first clip what the server takes, with something made up: a server
    /// may say yes to a medium and leave it out.
    #[must_use]
    pub fn trying_first(self) -> Self {
        Self {
            first_tries: Mutex::new(N_FIRST_TRIES),
            ..self
        }
    }

    /// The same, where a server that gives no answer does not cost the cue: what is measured here
    /// stands in for it, and the cue says so. For live talk; a corpus should rather lack a cue.
    #[must_use]
    pub fn standing_in(self) -> Self {
        Self {
            stands_in: true,
            ..self
        }
    }

    /// The client, which knows what was spent.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Finds out what the server takes; others wait, so that they know it too.
    fn try_first(&self) -> Result<(), EndpointError> {
        let tries = self.first_tries.lock();
        let mut n_left = tries.unwrap_or_else(PoisonError::into_inner);
        if *n_left > 0 {
            *n_left -= 1;
            let silence = match *n_left {
                0 => Silence::TakeAsNo,
                _ => Silence::ComeBack,
            };
            let refused = probe::refused(&self.client, &self.native, silence)?;
            *n_left = 0;
            self.known().refuse(refused);
        }
        Ok(())
    }

    /// Asks, going down the ladder.
    fn ask(&self, clip: &Clip, measured: &Cue) -> Result<Answered, EndpointError> {
        let shown = Shown::new(clip, measured);
        let before = *self.known();
        let has = shown.has();
        let rungs = before.rungs(has);
        let (mut refused, mut notes) = (Vec::new(), Vec::new());
        for (i, rung) in rungs.iter().enumerate() {
            let Some(parts) = shown.parts(*rung) else {
                notes.push(format!("{} could not be made ready", rung.what()));
                continue;
            };
            match self.put_questions(parts) {
                Ok((observation, distress)) => {
                    self.known().learn(&refused, rung.needs(has));
                    if Known::default().rungs(has).first() != Some(rung) {
                        notes.push(format!("the model was shown {}", rung.what()));
                    }
                    return Ok(Answered {
                        rung: *rung,
                        has,
                        observation,
                        distress,
                        notes,
                    });
                }
                Err(error) if error.is_about_form() && i + 1 < rungs.len() => {
                    refused.push(rung.needs(has));
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("words alone are always a rung, and are made ready")
    }

    /// Puts the first question, and the second after its answer.
    fn put_questions(
        &self,
        parts: Vec<smes_endpoint::Part>,
    ) -> Result<(Result<String, Flaw>, Option<String>), EndpointError> {
        let mut talk = Talk {
            system: questions::SYSTEM.to_owned(),
            messages: vec![Message::Question(parts)],
        };
        let first = self.client.talk(&talk)?;
        let observation = answer::observation(first.text.expose());
        let Ok(said) = &observation else {
            return Ok((observation, None));
        };
        if !self.asks_distress {
            return Ok((observation, None));
        }
        talk.messages.push(Message::Answer(said.as_str().into()));
        talk.messages
            .push(Message::Question(vec![questions::distress()]));
        // The first answer is there; it is not thrown away for want of a second.
        let second = self.client.talk(&talk);
        let distress = second
            .ok()
            .and_then(|it| answer::distress(it.text.expose()));
        Ok((observation, distress))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cue of an answer; what was measured stays with it as evidence.
    fn cue(&self, measured: Cue, answered: Answered) -> Cue {
        let Answered {
            rung,
            has,
            observation,
            distress,
            notes,
        } = answered;
        let mut cue = Cue {
            extractor: self.made_from(&rung.name(has)),
            confidence: None,
            distress: distress.map(Private::new),
            ..measured
        };
        cue.limits.extend(notes);
        match observation {
            Ok(said) => {
                cue.observation = said.into();
                for modality in rung.modalities(has) {
                    if !cue.modalities.contains(&modality) {
                        cue.modalities.push(modality);
                    }
                }
            }
            Err(flaw) => self.without_answer(&mut cue, flaw.words()),
        }
        cue
    }

    /// What is measured here stands in, and the cue says why.
    fn without_answer(&self, cue: &mut Cue, why: &str) {
        cue.extractor = self.made_from("measured");
        cue.limits.push(format!(
            "the model gave no usable answer ({why}): what was measured is told instead"
        ));
    }

    /// Name and method, and after a `+` what the server was shown.
    fn made_from(&self, what: &str) -> Extractor {
        let Extractor { name, version } = self.id();
        Extractor {
            name,
            version: format!("{version}+{what}"),
        }
    }
}

impl CueExtractor for EndpointExtractor {
    fn id(&self) -> Extractor {
        let questions = if self.asks_distress {
            "1-distress"
        } else {
            "1"
        };
        Extractor {
            name: format!("endpoint:{}", self.client.model()),
            version: questions.to_owned(),
        }
    }

    fn sends_to(&self) -> Option<&str> {
        (!self.client.is_local()).then(|| self.client.host())
    }

    fn wants(&self) -> DecodeOptions {
        DecodeOptions {
            video: Some(VideoOptions {
                fps: FPS,
                max_side: MAX_SIDE,
            }),
            sample_rate: SAMPLE_RATE,
        }
    }

    /// What is heard of a moment is measured here; the server is asked once, about the whole.
    fn follow(self: Arc<Self>) -> Option<Box<dyn Follower>> {
        Some(Box::new(VoiceFollower::new(self, SAMPLE_RATE)))
    }

    fn remember(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<(), CueError> {
        self.native.remember(clip, baseline)
    }

    fn extract(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<Cue, CueError> {
        let mut measured = self.native.extract(clip, baseline)?;
        match self.try_first().and_then(|()| self.ask(clip, &measured)) {
            Ok(answered) => Ok(self.cue(measured, answered)),
            Err(error) if self.stands_in => {
                self.without_answer(&mut measured, why(&error));
                Ok(measured)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a person is told of an endpoint's error.
const fn why(error: &EndpointError) -> &'static str {
    match error {
        EndpointError::GaveUp { .. } => "it did not answer in time",
        EndpointError::Budget { .. } => "its budget is spent",
        EndpointError::NotTheProtocol { .. } => "it answered nonsense",
        _ => "it refused",
    }
}

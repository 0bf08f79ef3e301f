//! One turn of the conversation, from what arrived to the answer.
//!
//! The paper's chain `cue -> E -> S -> SE -> R`, with the safety check before it and the output
//! check after it. This is the only implementation of a live turn: the WebSocket, `/api/v1/turn`,
//! `smes chat` and `smes turn` all call [`Engine::run_turn`] and differ in where its events go.
//! No async, no sockets and no clock beyond timings here; history lives in memory only.

use std::sync::Arc;
use std::time::Instant;

use smes_cues::{CueExtractor, SpeakerBaseline};
use smes_dialogue::{
    ContextUtterance, DialogueContext, Distribution, Emotion, Label, Plan, Private, Reply, Role,
    Strategy,
};
use smes_reasoning::{Reasoner, ReasoningError, contrast};
use smes_speech::Transcriber;

use crate::gate::OutputGate;
use crate::reading::{Followed, read_clip};
use crate::refusal::Refusal;
use crate::safety::{Assessment, CrisisDetector};
use crate::wire::{HelpLine, LabelInfo, Scored, ServerEvent, Timings};

/// Said instead of an answer that does not pass the output check. An open question: it neither
/// judges nor advises.
const INSTEAD_OF_A_WITHHELD_REPLY: &str = "I want to be careful with my words here. Could you tell me a little more about how this is for you?";

/// Everything that a turn needs and all sessions share.
pub struct Engine {
    reasoner: Arc<dyn Reasoner>,
    cues: Option<Arc<dyn CueExtractor>>,
    safety: CrisisDetector,
    pub(crate) media_limits: smes_media::Limits,
    pub(crate) transcriber: Option<Arc<dyn Transcriber>>,
}

/// What the person brings to a turn.
pub struct TurnInput {
    /// Name of the turn, echoed in its events.
    pub id: String,
    /// What was typed or transcribed; may be empty when there is a clip.
    pub text: Private<String>,
    /// The clip, as it was recorded.
    pub clip: Option<Private<Vec<u8>>>,
    /// What was decoded of that clip while it was recorded.
    pub followed: Option<Followed>,
    /// Preferred language and region, for the help lines: `en-GB`.
    pub locale: Option<String>,
    /// When the turn had arrived whole; the total time counts from here.
    pub arrived: Instant,
}

impl TurnInput {
    /// Words without a clip, arriving now.
    pub fn text(id: impl Into<String>, text: impl Into<Private<String>>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
            clip: None,
            followed: None,
            locale: None,
            arrived: Instant::now(),
        }
    }
}

/// What one conversation remembers between its turns.
#[derive(Clone, Default)]
pub struct Conversation {
    context: DialogueContext,
    /// Turn of each utterance of `context`; `None` for history that was brought along.
    turn_ids: Vec<Option<String>>,
    baseline: SpeakerBaseline,
    /// The latest message's assessment, when the protocol answered it: it asked a direct question.
    last_crisis: Option<Assessment>,
    n_crisis_answers: usize,
}

/// What a finished turn adds to its conversation.
pub struct TurnDone {
    id: String,
    seeker: ContextUtterance,
    supporter: ContextUtterance,
    baseline: Option<SpeakerBaseline>,
    crisis: Option<Assessment>,
}

/// Why a turn has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TurnError {
    /// No words, and no cue could be read from the clip.
    #[error("the turn has no words and nothing could be read from its clip")]
    NothingToRead,
    /// The reasoner failed.
    #[error("the reasoner failed")]
    Reasoning {
        /// Why.
        source: Box<ReasoningError>,
    },
}

impl From<ReasoningError> for TurnError {
    fn from(source: ReasoningError) -> Self {
        Self::Reasoning {
            source: Box::new(source),
        }
    }
}

impl TurnError {
    /// The refusal that tells a person about it.
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::NothingToRead => Refusal::NothingToRead,
            Self::Reasoning { .. } => Refusal::ReasonerFailed,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NothingToRead => {
                Some("give words with `--text`, or a clip with speech or a face in it".to_owned())
            }
            Self::Reasoning { .. } => None,
        }
    }
}

impl Conversation {
    /// A conversation that goes on from an earlier history.
    ///
    /// The seeker's words are assessed again, so that a "yes" to the question whether they think of
    /// ending their life is understood as one.
    pub fn from_history(context: DialogueContext, safety: &CrisisDetector) -> Self {
        let mut conversation = Self {
            turn_ids: vec![None; context.utterances.len()],
            ..Self::default()
        };
        for utterance in &context.utterances {
            if utterance.role != Role::Seeker {
                continue;
            }
            let said = utterance.text.expose();
            let assessment = match &conversation.last_crisis {
                Some(last) => safety.assess_follow_up(said, last),
                None => safety.assess(said),
            };
            conversation.n_crisis_answers += usize::from(assessment.is_crisis());
            conversation.last_crisis = assessment.is_crisis().then_some(assessment);
        }
        conversation.context = context;
        conversation
    }

    /// What was said so far.
    pub const fn context(&self) -> &DialogueContext {
        &self.context
    }

    /// What a turn with these words is answered from.
    pub(crate) fn context_with(&self, text: &Private<String>) -> DialogueContext {
        let mut context = self.context.clone();
        context
            .utterances
            .push(ContextUtterance::seeker(text.clone()));
        context
    }

    /// Takes over what a turn added; the oldest utterances beyond `n_max` are forgotten, and given
    /// back so that a reasoner can forget them too.
    pub fn add(&mut self, done: TurnDone, n_max: usize) -> DialogueContext {
        self.context
            .utterances
            .extend([done.seeker, done.supporter]);
        self.turn_ids.extend([Some(done.id), None]);
        if let Some(baseline) = done.baseline {
            self.baseline = baseline;
        }
        self.n_crisis_answers += usize::from(done.crisis.is_some());
        self.last_crisis = done.crisis;
        let n_over = self.context.utterances.len().saturating_sub(n_max);
        self.turn_ids.drain(..n_over);
        DialogueContext {
            utterances: self.context.utterances.drain(..n_over).collect(),
        }
    }

    /// Sets the emotion that the person says turn `id` had. `false` when the turn is not known.
    pub fn correct(&mut self, id: &str, emotion: &Emotion) -> bool {
        let found = self
            .turn_ids
            .iter()
            .position(|turn| turn.as_deref() == Some(id));
        if let Some(idx) = found {
            self.context.utterances[idx].corrected_emotion = Some(emotion.clone());
        }
        found.is_some()
    }

    /// Forgets how the person's voice usually sounds.
    pub fn forget_voice(&mut self) {
        self.baseline = SpeakerBaseline::default();
    }
}

impl Engine {
    /// An engine from its parts; `cues` is `None` where voice and face are not read.
    pub fn new(
        reasoner: Arc<dyn Reasoner>,
        cues: Option<Arc<dyn CueExtractor>>,
        safety: CrisisDetector,
        media_limits: smes_media::Limits,
    ) -> Self {
        Self {
            reasoner,
            cues,
            safety,
            media_limits,
            transcriber: None,
        }
    }

    /// The model that plans and answers.
    pub fn reasoner(&self) -> &dyn Reasoner {
        &*self.reasoner
    }

    /// The same, for those who hold conversations of it.
    pub(crate) fn shared_reasoner(&self) -> Arc<dyn Reasoner> {
        Arc::clone(&self.reasoner)
    }

    /// Name of the cue extractor: `native@1`, or `none`.
    pub fn cues_name(&self) -> String {
        self.cues.as_ref().map_or_else(
            || "none".to_owned(),
            |cues| {
                let id = cues.id();
                format!("{}@{}", id.name, id.version)
            },
        )
    }

    /// Begins to decode and read a recording that goes on; none where that cannot be.
    pub(crate) fn follow(&self, sound: bool, picture: bool) -> Option<Followed> {
        let extractor = Arc::clone(self.cues.as_ref()?);
        Followed::begin(extractor, (sound, picture), &self.media_limits)
    }

    /// The other machines that recordings are sent to.
    pub fn recordings_go_to(&self) -> Vec<&str> {
        let cues = self.cues.as_deref().and_then(CueExtractor::sends_to);
        let transcriber = self.transcriber().and_then(Transcriber::sends_to);
        let mut places: Vec<&str> = cues.into_iter().chain(transcriber).collect();
        places.dedup();
        places
    }

    /// Where human help is, for a locale such as `en-GB`.
    pub fn help_lines(&self, locale: Option<&str>) -> Vec<HelpLine> {
        self.safety.help_lines(locale)
    }

    /// The strategies with their definitions, in index order.
    pub fn strategies(&self) -> Vec<LabelInfo> {
        let info = |spec: &smes_dialogue::LabelSpec<Strategy>| LabelInfo {
            label: spec.label.name().to_owned(),
            definition: spec.definition.clone(),
        };
        self.reasoner.strategies().labels.iter().map(info).collect()
    }

    /// Runs one turn after `conversation`; `emit` receives its events in the order of
    /// [`ServerEvent`], each as soon as it is known. The conversation is not changed: the caller
    /// [adds](Conversation::add) the result if it still wants it.
    ///
    /// A clip that cannot be read never stops the turn: the cue event says what is missing.
    ///
    /// # Errors
    /// [`TurnError::NothingToRead`] when there are neither words nor a cue;
    /// [`TurnError::Reasoning`] when the reasoner fails. Events before the failure were emitted.
    pub fn run_turn(
        &self,
        conversation: &Conversation,
        input: TurnInput,
        emit: &mut dyn FnMut(ServerEvent),
    ) -> Result<TurnDone, TurnError> {
        let id = input.id.clone();
        emit(ServerEvent::Received { id: id.clone() });
        let assessment = match &conversation.last_crisis {
            Some(last) => self.safety.assess_follow_up(input.text.expose(), last),
            None => self.safety.assess(input.text.expose()),
        };
        if assessment.is_crisis() {
            return Ok(self.answer_crisis(conversation, assessment, input, emit));
        }
        let mut timings = Timings::default();
        let recorded = input.clip.as_ref().map(|bytes| (bytes, input.followed));
        let reading = read_clip(
            self.cues.as_deref(),
            &self.media_limits,
            recorded,
            &conversation.baseline,
            &mut timings,
        );
        emit(ServerEvent::Cue {
            id: id.clone(),
            cue: reading.cue.clone(),
            notes: reading.notes,
        });
        let has_words = !input.text.expose().trim().is_empty();
        if !has_words && reading.cue.is_none() {
            return Err(TurnError::NothingToRead);
        }
        let seeker = ContextUtterance {
            cue: reading.cue,
            ..ContextUtterance::seeker(input.text)
        };
        let mut context = conversation.context.clone();
        context.utterances.push(seeker.clone());
        let plan = self.plan(&id, &context, &mut timings, emit)?;
        let reply = if has_words {
            self.respond(&id, &context, &plan, &mut timings, emit)?
        } else {
            ask_for_words(&plan)
        };
        timings.total_ms = ms_since(input.arrived);
        let supporter =
            ContextUtterance::supporter(reply.text.clone(), Some(reply.strategy.clone()));
        emit(ServerEvent::Response {
            id: id.clone(),
            text: reply.text,
            strategy: reply.strategy,
            timings,
        });
        Ok(TurnDone {
            id,
            seeker,
            supporter,
            baseline: reading.baseline,
            crisis: None,
        })
    }

    /// The safety layer.
    pub const fn safety(&self) -> &CrisisDetector {
        &self.safety
    }

    /// The reviewed answer and nothing else of the chain. The conversation goes on after it.
    fn answer_crisis(
        &self,
        conversation: &Conversation,
        assessment: Assessment,
        input: TurnInput,
        emit: &mut dyn FnMut(ServerEvent),
    ) -> TurnDone {
        let answer = self.safety.crisis_answer_at(
            &assessment,
            input.locale.as_deref(),
            conversation.n_crisis_answers,
        );
        let text = Private::new(answer.text);
        emit(ServerEvent::Crisis {
            id: input.id.clone(),
            text: text.clone(),
            help: answer.help,
        });
        TurnDone {
            id: input.id,
            seeker: ContextUtterance::seeker(input.text),
            supporter: ContextUtterance::supporter(text, None),
            baseline: None,
            crisis: Some(assessment),
        }
    }

    fn plan(
        &self,
        id: &str,
        context: &DialogueContext,
        timings: &mut Timings,
        emit: &mut dyn FnMut(ServerEvent),
    ) -> Result<Plan, TurnError> {
        let started = Instant::now();
        let plan = self.reasoner.plan(context)?;
        timings.plan_ms = ms_since(started);
        emit(ServerEvent::UserEmotion {
            id: id.to_owned(),
            distribution: scored(&plan.user_emotion),
            contrast: self.contrast(context, &plan),
        });
        emit(ServerEvent::Strategy {
            id: id.to_owned(),
            distribution: scored(&plan.strategy),
        });
        emit(ServerEvent::SystemEmotion {
            id: id.to_owned(),
            distribution: scored(&plan.system_emotion),
        });
        Ok(plan)
    }

    /// What voice and face say beside the words, where the plan read the words alone.
    fn contrast(&self, context: &DialogueContext, plan: &Plan) -> Option<String> {
        let said = context.utterances.last()?;
        if self.reasoner.reads_cues() || said.text.expose().trim().is_empty() {
            return None;
        }
        contrast(&plan.user_emotion, said.cue.as_ref()?)
    }

    /// Words the answer; what does not pass the output check is replaced.
    fn respond(
        &self,
        id: &str,
        context: &DialogueContext,
        plan: &Plan,
        timings: &mut Timings,
        emit: &mut dyn FnMut(ServerEvent),
    ) -> Result<Reply, TurnError> {
        let started = Instant::now();
        let mut gate = OutputGate::new(|text: &str| self.safety.check_output(text));
        let mut emit_delta = |text: String| {
            emit(ServerEvent::ResponseDelta {
                id: id.to_owned(),
                text: Private::new(text),
            });
        };
        let reply = self.reasoner.respond(context, plan, &mut |piece| {
            if let Some(text) = gate.push(piece) {
                emit_delta(text);
            }
        })?;
        let passes = gate.is_open() && self.safety.check_output(reply.text.expose());
        let reply = if passes {
            if let Some(rest) = gate.finish() {
                emit_delta(rest);
            }
            reply
        } else {
            tracing::warn!(source = %reply.source, "an answer did not pass the output check and was replaced");
            self.instead_of(&reply)
        };
        timings.respond_ms = ms_since(started);
        Ok(reply)
    }

    fn instead_of(&self, reply: &Reply) -> Reply {
        Reply {
            text: INSTEAD_OF_A_WITHHELD_REPLY.into(),
            strategy: self
                .reasoner
                .strategies()
                .parse("Open question")
                .unwrap_or_else(|_| reply.strategy.clone()),
            source: "output-check".to_owned(),
        }
    }
}

fn scored<L: Label>(distribution: &Distribution<L>) -> Vec<Scored> {
    distribution
        .iter()
        .map(|(label, prob)| Scored {
            label: label.name().to_owned(),
            prob,
        })
        .collect()
}

pub(crate) fn ms_since(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

/// What is said to a recording without words: its words are not understood, so nothing of the
/// chain, the crisis protocol least of all, can answer what was said in it.
fn ask_for_words(plan: &Plan) -> Reply {
    Reply {
        text: "I could hear your voice, but I can't make out words yet. Would you type what you \
               said? If you need someone right now, \u{201c}Human help\u{201d} below lists people to call."
            .into(),
        strategy: plan.strategy.top().clone(),
        source: "fixed:no-words".to_owned(),
    }
}

//! The network as a [`Reasoner`].

use std::path::Path;

use smes_dialogue::{
    DialogueContext, Distribution, EmotionSet, Label, LabelSet, Plan, Reply, StrategySet,
};
use smes_nn::blenderbot::{self, Blenderbot, DecodingWeights};
use smes_nn::generation::{Decoding, GenerationSettings, Session};

use super::folder::{SequenceFile, model_folder};
use super::likelihood::token_likelihoods;
use super::stream::TextStream;
use crate::history::{correction, lean_towards};
use crate::sequence::{
    Choice, ChosenLabels, CuePlace, LabelDecoding, LabelKind, Sequence, Target, TargetText,
    decode_labels, feed_labels,
};
use crate::{LabelTasks, Likelihood, Reasoner, ReasonerOptions, ReasoningError, SaidTurn, Weights};

/// A trained network with its tokenizer, layout and decoding.
#[derive(Debug)]
pub struct BlenderbotReasoner {
    model: Blenderbot,
    sequence: Sequence,
    decoding: GenerationSettings,
    labels: LabelDecoding,
    weights: Weights,
}

impl BlenderbotReasoner {
    /// Its name among the reasoners.
    pub const NAME: &str = "blenderbot";

    /// Loads a run folder or a model folder.
    ///
    /// # Errors
    /// When a file is missing, cut short or does not fit the others.
    pub fn load(dir: &Path, options: ReasonerOptions) -> Result<Self, ReasoningError> {
        let folder = model_folder(dir);
        let file = SequenceFile::read(&folder)?;
        let sequence = file.sequence(&folder)?;
        let (config, params) = blenderbot::open(&folder)?;
        params.freeze(|_| true);
        let model = Blenderbot::load(&params.loader(), &config)?;
        params.check_all_used()?;
        let (n_model, n_tokenizer) = (config.vocab_size, sequence.tokenizer().vocab_size());
        if n_model != n_tokenizer {
            return Err(ReasoningError::OtherVocabulary {
                folder,
                n_model,
                n_tokenizer,
            });
        }
        file.check_positions(&folder, config.max_position_embeddings)?;
        let model = match options.weights {
            Weights::F32 => model,
            Weights::Bf16 => model.for_decoding(DecodingWeights::Bf16)?,
            Weights::Int8 => model.for_decoding(DecodingWeights::Int8)?,
        };
        let mut decoding = file.decoding(sequence.labels());
        if let (Some(seed), Decoding::Sample(sampling)) = (options.seed, &mut decoding.decoding) {
            sampling.seed = seed;
        }
        Ok(Self {
            labels: seeded(options.labels, options.seed),
            weights: options.weights,
            model,
            sequence,
            decoding,
        })
    }

    /// Begins the output of a history.
    fn begin(&self, context: &DialogueContext) -> Result<Session<'_>, ReasoningError> {
        let source = self.sequence.source(context)?;
        Ok(Session::begin(&self.model, &[source])?)
    }
}

/// The way of decoding with the seed of the command line.
fn seeded(labels: LabelDecoding, seed: Option<u64>) -> LabelDecoding {
    match (labels, seed) {
        (LabelDecoding::FirstStep(Choice::Nucleus { p, .. }), Some(seed)) => {
            LabelDecoding::FirstStep(Choice::Nucleus { p, seed })
        }
        _ => labels,
    }
}

impl Reasoner for BlenderbotReasoner {
    fn id(&self) -> String {
        let labels = (self.labels != LabelDecoding::Sequential).then(|| self.labels.to_string());
        let weights = (self.weights != Weights::F32).then(|| self.weights.to_string());
        let named = labels.into_iter().chain(weights);
        named.fold(format!("{}@1", Self::NAME), |id, way| id + "+" + &way)
    }

    fn emotions(&self) -> &EmotionSet {
        self.sequence.emotions()
    }

    fn strategies(&self) -> &StrategySet {
        self.sequence.strategies()
    }

    fn tasks(&self) -> LabelTasks {
        let labels = self.sequence.layout().labels;
        LabelTasks {
            user_emotion: labels.user_emotion,
            strategy: labels.strategy,
            system_emotion: labels.system_emotion,
        }
    }

    fn reads_cues(&self) -> bool {
        self.sequence.layout().cue != CuePlace::Off
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        let mut session = self.begin(context)?;
        let told = correction(context);
        let emotions = self.sequence.emotions();
        let mut adjust = |_: usize, kind: LabelKind, probs: &mut [f32]| {
            if let (Some((emotion, weight)), LabelKind::UserEmotion) = (told, kind) {
                lean_towards(probs, emotions.index_of(emotion), weight);
            }
        };
        let (prefix, labels) = (self.sequence.layout().labels, self.sequence.labels());
        let decoded = decode_labels(&mut session, prefix, labels, self.labels, &mut adjust)?;
        let one = decoded
            .into_iter()
            .next()
            .ok_or(ReasoningError::EmptyHistory)?;
        // What was drawn by chance need not be the likeliest; then the plan is what was drawn.
        let is_drawn = matches!(
            self.labels,
            LabelDecoding::FirstStep(Choice::Nucleus { .. })
        );
        let strategies = self.sequence.strategies();
        Ok(Plan {
            user_emotion: distribution(
                emotions,
                &one.user_emotion,
                is_drawn.then_some(one.chosen.user_emotion),
            )?,
            strategy: distribution(
                strategies,
                &one.strategy,
                is_drawn.then_some(one.chosen.strategy),
            )?,
            system_emotion: distribution(
                emotions,
                &one.system_emotion,
                is_drawn.then_some(one.chosen.system_emotion),
            )?,
        })
    }

    fn respond(
        &self,
        context: &DialogueContext,
        plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        let chosen = ChosenLabels::of_plan(plan, self.emotions(), self.strategies())?;
        let mut session = self.begin(context)?;
        let (prefix, labels) = (self.sequence.layout().labels, self.sequence.labels());
        feed_labels(&mut session, prefix, labels, &[chosen])?;
        let mut stream = TextStream::new(self.sequence.tokenizer());
        session.generate(&self.decoding, &mut |_, token| {
            if let Some(piece) = stream.push(token) {
                on_text(&piece);
            }
        })?;
        let (text, rest) = stream.finish();
        if !rest.is_empty() {
            on_text(&rest);
        }
        Ok(Reply {
            text: text.into(),
            strategy: plan.strategy.top().clone(),
            source: self.id(),
        })
    }

    /// By the weights as they are kept, of the words and the end token of its own kind of target, cut at the longest it has learnt;
    /// the right labels stand before, and label tokens neither count nor can they be chosen.
    fn likelihood(
        &self,
        context: &DialogueContext,
        turn: &SaidTurn<'_>,
    ) -> Result<Option<Likelihood>, ReasoningError> {
        let layout = self.sequence.layout();
        let known = turn
            .labels
            .places(layout.labels, self.emotions(), self.strategies());
        let has_cue = layout.target == TargetText::WordsAndCue;
        let (Ok(labels), true) = (known, turn.cue.is_some() || !has_cue) else {
            return Ok(None);
        };
        let target = self.sequence.target(&Target {
            labels,
            words: turn.words.expose(),
            cue: turn.cue,
        })?;
        let source = self.sequence.source(context)?;
        let tokens = token_likelihoods(&self.model, &self.sequence, &[source], &[target])?;
        let words = tokens.iter().flatten().filter_map(|one| one.among_words);
        let (log_prob, n_tokens) = words.fold((0.0, 0), |(sum, n), one| (sum + one, n + 1));
        Ok(Some(Likelihood {
            log_prob,
            n_tokens,
            has_cue,
        }))
    }
}

fn distribution<L: Label>(
    set: &LabelSet<L>,
    probs: &[f32],
    drawn: Option<usize>,
) -> Result<Distribution<L>, ReasoningError> {
    if let Some(label) = drawn.and_then(|idx| set.get(idx)) {
        return Ok(Distribution::certain(label.clone()));
    }
    let pairs = set.iter().cloned().zip(probs.iter().copied()).collect();
    Distribution::try_new(pairs).ok_or(ReasoningError::NotADistribution { kind: L::KIND })
}

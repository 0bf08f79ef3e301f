//! The starter as a [`Reasoner`]: loads the files, plans, chooses the response.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use smes_dialogue::{
    ContextUtterance, DialogueContext, Distribution, EmotionSet, Label, Plan, Reply, Strategy,
    StrategySet, emotion_set, strategy_set,
};
use smes_nn::tokenizer::TextTokenizer;
use smes_nn::{Device, NnError, Params, Pass, Tensor};

use super::memory::VectorMemory;
use super::model::probabilities;
use super::readable::{readable, sentences};
use super::{
    DialogueInputs, DialogueOutputs, Ensemble, StarterConfig, UtteranceEncoder, cue_words,
    surface_features,
};
use crate::bank::{Candidate, ResponseBank};
use crate::history::{correction, lean_towards};
use crate::{Reasoner, ReasoningError};

/// Name of the configuration in a model folder.
pub const CONFIG_FILE: &str = "config.toml";
/// Name of the tokenizer in a model folder.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// Name of the frozen encoder's weights in a model folder.
pub const ENCODER_FILE: &str = "encoder.safetensors";
/// Name of the trained weights in a model folder. They stand apart because they are a tenth of
/// the whole and the only part that a new training changes.
pub const HEADS_FILE: &str = "heads.safetensors";

/// Utterances whose vectors are remembered: the longest histories of some thirty conversations, 12 MB.
const N_REMEMBERED: usize = 4096;
/// Themes that are at hand without the seeker naming a matter.
const NOT_NAMED: [&str; 3] = ["general", "greeting", "silence"];
/// Weight of the cosine between a response and what the seeker said last, beside the ranker's.
const NEAR_IN_MEANING: f32 = 0.6;
/// Added to the cosine of a response that is about what the seeker named. The spread of cosines
/// among eligible responses is about 0.2; chosen by reading forty openings, not by a corpus.
const ABOUT_IT: f32 = 0.1;
/// Taken from the cosine of a response too short to stand alone.
const BARE: f32 = 0.4;
/// Fewer words than these are bare.
const FEWEST_WORDS: usize = 6;

/// A response in the two spaces in which it is compared.
#[derive(Debug, Clone)]
struct RankKey {
    /// In the ranker's space.
    learnt: Vec<f32>,
    /// In the encoder's, at unit length.
    sentence: Vec<f32>,
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The contents of a model folder.
pub(super) struct ModelFiles<'b> {
    pub(super) config: &'b [u8],
    pub(super) tokenizer: &'b [u8],
    pub(super) encoder: &'b [u8],
    pub(super) heads: &'b [u8],
}

/// The embedded reasoner.
#[derive(Debug)]
pub struct StarterReasoner {
    config: StarterConfig,
    emotions: EmotionSet,
    strategies: StrategySet,
    encoder: UtteranceEncoder,
    /// Vectors of what was said, until [`Reasoner::forget`].
    memory: Mutex<VectorMemory>,
    model: Ensemble,
    bank: ResponseBank,
    /// Keys of responses that are given as they stand in the bank, by their place in it. Filled
    /// slots hold a person's words and are never kept.
    bank_keys: Mutex<HashMap<usize, RankKey>>,
}

impl StarterReasoner {
    /// Its name among the reasoners.
    pub const NAME: &str = "starter";

    /// Loads a model folder, as `smes train` writes it.
    ///
    /// # Errors
    /// When a file is missing, cut short or does not fit the others.
    pub fn load(dir: &Path) -> Result<Self, ReasoningError> {
        let read = |name: &str| {
            let path = dir.join(name);
            fs_err::read(&path).map_err(|source| ReasoningError::ModelFile { path, source })
        };
        let files = ModelFiles {
            config: &read(CONFIG_FILE)?,
            tokenizer: &read(TOKENIZER_FILE)?,
            encoder: &read(ENCODER_FILE)?,
            heads: &read(HEADS_FILE)?,
        };
        Self::from_files(&files, &dir.display().to_string())
    }

    /// Loads a model from its files' contents; `origin` names their folder in errors.
    pub(super) fn from_files(files: &ModelFiles<'_>, origin: &str) -> Result<Self, ReasoningError> {
        let config = parse_config(files.config, origin)?;
        let (emotions, strategies) = label_sets(&config, origin)?;
        let tokenizer =
            TextTokenizer::from_bytes(files.tokenizer, &format!("{origin}/{TOKENIZER_FILE}"))?;
        let params = |bytes: &[u8], name: &str| -> Result<Params, NnError> {
            let params = Params::from_bytes(bytes, &format!("{origin}/{name}"))?;
            params.freeze(|_| true);
            Ok(params)
        };
        let weights = params(files.encoder, ENCODER_FILE)?;
        let encoder = UtteranceEncoder::load(&weights.loader(), tokenizer, &config)?;
        weights.check_all_used()?;
        let heads = params(files.heads, HEADS_FILE)?;
        let place = heads.loader().part("dialogue");
        let model = Ensemble::load(&place, &config, emotions.len(), strategies.len())?;
        heads.check_all_used()?;
        Ok(Self {
            config,
            emotions,
            strategies,
            encoder,
            memory: Mutex::new(VectorMemory::new(N_REMEMBERED)),
            model,
            bank: ResponseBank::embedded()?,
            bank_keys: Mutex::default(),
        })
    }

    /// The chain at the end of the history: logits `[E]`, `[S]`, `[E]` and the query `[R]`.
    fn run(&self, context: &DialogueContext) -> Result<DialogueOutputs, ReasoningError> {
        let history = readable(&context.utterances);
        if history.is_empty() {
            return Err(ReasoningError::EmptyHistory);
        }
        let texts: Vec<&str> = history
            .iter()
            .map(|one| one.text.expose().as_str())
            .collect();
        let surface = surface_features(&history, &self.strategies)?;
        let cues = self.cue_vectors(&history)?;
        let inputs = DialogueInputs {
            utterances: self.vectors(&texts)?.unsqueeze(0).map_err(NnError::from)?,
            surface: rows_to_tensor(&surface)?
                .unsqueeze(0)
                .map_err(NnError::from)?,
            cues,
            told_emotion: None,
        };
        let outputs = self.model.forward(&inputs, &mut Pass::eval())?;
        let last = |x: &Tensor| x.get(0)?.get(history.len() - 1);
        let at_end = || -> Result<DialogueOutputs, candle_core::Error> {
            Ok(DialogueOutputs {
                user_emotion: last(&outputs.user_emotion)?,
                strategy: last(&outputs.strategy)?,
                system_emotion: last(&outputs.system_emotion)?,
                query: last(&outputs.query)?,
            })
        };
        Ok(at_end().map_err(NnError::from)?)
    }

    /// Vectors of utterances, `[U, taps * D]`; those said before come from memory.
    fn vectors(&self, texts: &[&str]) -> Result<Tensor, NnError> {
        let mut rows: HashMap<&str, Tensor> = HashMap::new();
        let mut unknown: Vec<&str> = Vec::new();
        let mut memory = held(&self.memory);
        for &text in texts {
            match memory.get(text) {
                Some(vector) => drop(rows.insert(text, vector)),
                None if !unknown.contains(&text) => unknown.push(text),
                None => {}
            }
        }
        drop(memory);
        if !unknown.is_empty() {
            let encoded = self.encoder.encode(&unknown)?;
            let mut memory = held(&self.memory);
            for (idx, &text) in unknown.iter().enumerate() {
                // A copy: a row by itself would keep all of its batch alive.
                let vector = encoded.get(idx)?.copy()?;
                memory.put(text, vector.clone());
                rows.insert(text, vector);
            }
        }
        let rows: Vec<&Tensor> = texts.iter().map(|text| &rows[text]).collect();
        Ok(Tensor::stack(&rows, 0)?)
    }

    /// Vectors of the history's cues, `[1, U, taps * D]`, for a model that reads them.
    fn cue_vectors(&self, history: &[ContextUtterance]) -> Result<Option<Tensor>, NnError> {
        if !self.config.reads_cues {
            return Ok(None);
        }
        let cues: Vec<Option<String>> = history
            .iter()
            .map(|one| one.cue.as_ref().map(cue_words))
            .collect();
        let vectors = self.encoder.some(&cues, |words| self.vectors(words))?;
        Ok(Some(vectors.unsqueeze(0)?))
    }

    /// The candidate that fits best: near to where the ranker expects the next response, near in
    /// meaning to what the seeker said last, and about what they named.
    fn choose(
        &self,
        query: &Tensor,
        said: &[f32],
        candidates: Vec<Candidate>,
    ) -> Result<Option<Candidate>, ReasoningError> {
        if candidates.is_empty() {
            return Ok(None);
        }
        let query = query.to_vec1::<f32>().map_err(NnError::from)?;
        let keys = self.keys(&candidates)?;
        let fit = |(key, candidate): (&RankKey, &Candidate)| {
            dot(&key.learnt, &query)
                + NEAR_IN_MEANING * dot(&key.sentence, said)
                + self.closeness(candidate)
        };
        let scores: Vec<f32> = keys.iter().zip(&candidates).map(fit).collect();
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        Ok(best.and_then(|best| candidates.into_iter().nth(best)))
    }

    /// Sentence embedding of what the seeker said last; zeros before they have spoken.
    fn last_said(&self, context: &DialogueContext) -> Result<Vec<f32>, ReasoningError> {
        let Some(utterance) = context.last_seeker() else {
            return Ok(vec![0.0; self.config.encoder.hidden_size]);
        };
        let vectors = self.vectors(&[utterance.text.expose().as_str()])?;
        let sentence = self.encoder.sentence_embeddings(&vectors)?;
        Ok(sentence
            .get(0)
            .and_then(|one| one.to_vec1())
            .map_err(NnError::from)?)
    }

    /// How much closer than a general word a response is to what the seeker brought up. Eligible
    /// responses about a theme or with a slot are so because the seeker named it.
    ///
    /// The corpus alone would teach otherwise: there the next utterance is often a bare "Okay",
    /// because a subtitle row is a fraction of a turn. In a chat one message is the whole turn.
    fn closeness(&self, candidate: &Candidate) -> f32 {
        let response = &self.bank.responses()[candidate.response_idx];
        let is_named = |theme: &String| !NOT_NAMED.contains(&theme.as_str());
        let is_about_it = response.themes.iter().all(is_named) || response.text.contains('{');
        let n_words = response.text.split_whitespace().count();
        let is_bare = n_words < FEWEST_WORDS;
        f32::from(u8::from(is_about_it)) * ABOUT_IT - f32::from(u8::from(is_bare)) * BARE
    }

    /// Where each candidate lies in the ranker's space.
    fn keys(&self, candidates: &[Candidate]) -> Result<Vec<RankKey>, ReasoningError> {
        let known = held(&self.bank_keys);
        let mut keys: Vec<Option<RankKey>> = candidates
            .iter()
            .map(|one| known.get(&one.response_idx).cloned())
            .collect();
        drop(known);
        let is_new: Vec<usize> = (0..keys.len()).filter(|&idx| keys[idx].is_none()).collect();
        let new: Vec<&Candidate> = is_new.iter().map(|&idx| &candidates[idx]).collect();
        for (idx, key) in is_new.into_iter().zip(self.compute_keys(&new)?) {
            let response_idx = candidates[idx].response_idx;
            if &self.bank.responses()[response_idx].text == candidates[idx].text.expose() {
                held(&self.bank_keys).insert(response_idx, key.clone());
            }
            keys[idx] = Some(key);
        }
        Ok(keys.into_iter().flatten().collect())
    }

    fn compute_keys(&self, candidates: &[&Candidate]) -> Result<Vec<RankKey>, ReasoningError> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<&str> = candidates
            .iter()
            .map(|one| one.text.expose().as_str())
            .collect();
        let embeddings = self
            .encoder
            .sentence_embeddings(&self.encoder.encode(&texts)?)?;
        let learnt = self
            .model
            .keys(&embeddings)?
            .to_vec2()
            .map_err(NnError::from)?;
        let sentences = embeddings.to_vec2().map_err(NnError::from)?;
        let pairs = learnt.into_iter().zip(sentences);
        Ok(pairs
            .map(|(learnt, sentence)| RankKey { learnt, sentence })
            .collect())
    }
}

impl Reasoner for StarterReasoner {
    fn id(&self) -> String {
        format!("{}@{}", Self::NAME, self.config.version)
    }

    fn emotions(&self) -> &EmotionSet {
        &self.emotions
    }

    fn strategies(&self) -> &StrategySet {
        &self.strategies
    }

    fn reads_cues(&self) -> bool {
        self.config.reads_cues
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        let outputs = self.run(context)?;
        let temperatures = self.config.temperatures;
        let mut user = probabilities(&outputs.user_emotion, temperatures.user_emotion)?;
        if let Some((emotion, weight)) = correction(context) {
            lean_towards(&mut user, self.emotions.index_of(emotion), weight);
        }
        let strategy = probabilities(&outputs.strategy, temperatures.strategy)?;
        let system = probabilities(&outputs.system_emotion, temperatures.system_emotion)?;
        Ok(Plan {
            user_emotion: distribution(self.emotions.iter(), &user)?,
            strategy: distribution(self.strategies.iter(), &strategy)?,
            system_emotion: distribution(self.emotions.iter(), &system)?,
        })
    }

    fn forget(&self, context: &DialogueContext) {
        let mut memory = held(&self.memory);
        for utterance in &context.utterances {
            memory.forget(utterance.text.expose());
            if let Some(cue) = &utterance.cue {
                memory.forget(&cue_words(cue));
            }
            for piece in sentences(utterance) {
                memory.forget(piece.text.expose());
            }
        }
    }

    fn warm_up(&self) {
        // In small parts, so that a turn that comes meanwhile finds a core free between them. An
        // error here comes again, with its place, in the turn that needs the keys.
        for part in self.unslotted().chunks(16) {
            if self.keys(part).is_err() {
                return;
            }
        }
    }

    fn respond(
        &self,
        context: &DialogueContext,
        plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        let query = self.run(context)?.query;
        let said = self.last_said(context)?;
        let emotion = plan.user_emotion.top();
        for (strategy, _) in plan.strategy.iter() {
            let candidates = self.bank.eligible(context, strategy, emotion);
            if let Some(chosen) = self.choose(&query, &said, candidates)? {
                on_text(chosen.text.expose());
                return Ok(self.reply(chosen, strategy));
            }
        }
        Err(ReasoningError::BankExhausted)
    }
}

impl StarterReasoner {
    /// The sentence embeddings of its encoder, at unit length, one a text.
    ///
    /// # Errors
    /// When tokens or tensors cannot be made.
    pub fn sentence_embeddings(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ReasoningError> {
        let vectors = self.encoder.encode(texts)?;
        let sentences = self.encoder.sentence_embeddings(&vectors)?;
        Ok(sentences.to_vec2().map_err(NnError::from)?)
    }

    /// As [`StarterReasoner::sentence_embeddings`], and remembered until [`Reasoner::forget`]: for the
    /// texts of a history, most of which come again with the next turn.
    ///
    /// # Errors
    /// As for [`StarterReasoner::sentence_embeddings`].
    pub fn remembered_embeddings(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ReasoningError> {
        let sentences = self.encoder.sentence_embeddings(&self.vectors(texts)?)?;
        Ok(sentences.to_vec2().map_err(NnError::from)?)
    }

    /// The encoder of its utterances.
    pub const fn encoder(&self) -> &UtteranceEncoder {
        &self.encoder
    }

    /// Every response of the bank that has no slot.
    fn unslotted(&self) -> Vec<Candidate> {
        let responses = self.bank.responses().iter().enumerate();
        let unslotted = responses.filter(|(_, response)| !response.text.contains('{'));
        unslotted
            .map(|(response_idx, response)| Candidate {
                response_idx,
                text: response.text.as_str().into(),
            })
            .collect()
    }

    fn reply(&self, chosen: Candidate, strategy: &Strategy) -> Reply {
        let id = &self.bank.responses()[chosen.response_idx].id;
        Reply {
            source: format!("bank:{id}"),
            text: chosen.text,
            strategy: strategy.clone(),
        }
    }
}

/// The guard of a mutex; a panic while it was held left whole entries behind.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn distribution<'l, L: Label + 'l>(
    labels: impl Iterator<Item = &'l L>,
    probs: &[f32],
) -> Result<Distribution<L>, ReasoningError> {
    let pairs = labels.cloned().zip(probs.iter().copied()).collect();
    Distribution::try_new(pairs).ok_or(ReasoningError::NotADistribution { kind: L::KIND })
}

fn rows_to_tensor(rows: &[Vec<f32>]) -> Result<Tensor, NnError> {
    let shape = (rows.len(), rows.first().map_or(0, Vec::len));
    Ok(Tensor::from_vec(rows.concat(), shape, &Device::Cpu)?)
}

fn parse_config(bytes: &[u8], origin: &str) -> Result<StarterConfig, ReasoningError> {
    let invalid = |reason: String| ReasoningError::ModelConfig {
        path: format!("{origin}/{CONFIG_FILE}"),
        reason,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
    let config: StarterConfig = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
    if config.version != StarterConfig::VERSION {
        return Err(invalid(format!(
            "format version {}, expected {}",
            config.version,
            StarterConfig::VERSION
        )));
    }
    Ok(config)
}

fn label_sets(
    config: &StarterConfig,
    origin: &str,
) -> Result<(EmotionSet, StrategySet), ReasoningError> {
    let unknown = |set: &str| ReasoningError::ModelConfig {
        path: format!("{origin}/{CONFIG_FILE}"),
        reason: format!("unknown label set `{set}`"),
    };
    let emotions = emotion_set(&config.emotions).ok_or_else(|| unknown(&config.emotions))?;
    let strategies = strategy_set(&config.strategies).ok_or_else(|| unknown(&config.strategies))?;
    Ok((emotions, strategies))
}

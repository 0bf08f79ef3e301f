//! Dialogues as numbers: vectors from the frozen encoder, surface features, targets.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use smes_corpus::{Corpus, CueMap};
use smes_dialogue::{ContextUtterance, Dialogue, EmotionSet, Role, Split, SplitKind, StrategySet};
use smes_nn::{Device, NnError, Tensor};
use smes_reasoning::starter::{DialogueInputs, UtteranceEncoder, cue_words, surface_features};

use crate::{Progress, TrainingError};

/// Texts encoded between two reports of progress.
const CHUNK: usize = 512;

/// Targets of one position: what holds after its utterance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Targets {
    /// Emotion of this utterance, when it is the seeker's.
    pub(super) seeker_emotion: Option<u32>,
    /// Emotion of the latest seeker utterance up to here.
    pub(super) user_emotion: Option<u32>,
    /// Strategy of the next utterance, when it is the supporter's.
    pub(super) strategy: Option<u32>,
    /// Emotion of the next utterance, when it is the supporter's.
    pub(super) system_emotion: Option<u32>,
}

/// One dialogue, ready for batches.
#[derive(Debug)]
pub(super) struct Prepared {
    /// `[U, taps * D]`.
    pub(super) utterances: Tensor,
    /// `U` rows.
    pub(super) surface: Vec<Vec<f32>>,
    /// `U` of them.
    pub(super) targets: Vec<Targets>,
    /// Vectors of the cues, `[U, taps * D]`, zeros where there is none; `None` when words alone are
    /// read.
    pub(super) cues: Option<Tensor>,
    /// Sentence embeddings `[U, D]`.
    pub(super) sentences: Tensor,
    /// Equal for equal texts.
    pub(super) text_ids: Vec<u64>,
}

impl Prepared {
    pub(super) const fn len(&self) -> usize {
        self.targets.len()
    }

    /// Positions after which the supporter speaks: the instances of MESC.
    pub(super) fn instances(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|&idx| self.targets[idx].strategy.is_some())
    }
}

/// What dialogues are prepared with.
pub(super) struct Preparation<'a> {
    pub(super) encoder: &'a UtteranceEncoder,
    pub(super) emotions: &'a EmotionSet,
    pub(super) strategies: &'a StrategySet,
    pub(super) corpus: &'a Corpus,
    /// Extractor whose cues are read.
    pub(super) extractor: Option<&'a str>,
}

impl Preparation<'_> {
    /// Prepares all dialogues of a split; each distinct text is encoded once.
    pub(super) fn prepare<K: SplitKind>(
        &self,
        split: &Split<K>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Prepared>, TrainingError> {
        let vectors = encode_distinct(split, self.encoder, progress)?;
        let cues = self.cues_of(split)?;
        let n_dialogues = split.dialogues().len() as u64;
        if cues.is_some() {
            progress.begin(&format!("cues of {}", split.name()), n_dialogues);
        }
        let prepared = split.dialogues().iter().map(|dialogue| {
            progress.advance(u64::from(cues.is_some()));
            self.prepare_one(dialogue, &vectors, cues.as_ref())
        });
        let prepared = prepared.collect();
        if cues.is_some() {
            progress.end();
        }
        prepared
    }

    fn cues_of<K: SplitKind>(&self, split: &Split<K>) -> Result<Option<CueMap>, TrainingError> {
        let Some(extractor) = self.extractor else {
            return Ok(None);
        };
        let ids = split.dialogues().iter().map(|dialogue| &dialogue.id);
        let cues = self.corpus.cues_of(extractor, &ids.collect())?;
        if cues.is_empty() {
            return Err(TrainingError::NoCues {
                corpus: self.corpus.manifest().name.clone(),
                split: K::NAME,
                extractor: extractor.to_owned(),
            });
        }
        Ok(Some(cues))
    }

    fn prepare_one(
        &self,
        dialogue: &Dialogue,
        vectors: &HashMap<&str, Tensor>,
        cues: Option<&CueMap>,
    ) -> Result<Prepared, TrainingError> {
        let said = || dialogue.utterances.iter();
        let rows: Vec<&Tensor> = said()
            .map(|one| &vectors[one.text.expose().as_str()])
            .collect();
        let utterances = Tensor::stack(&rows, 0).map_err(NnError::from)?;
        let history: Vec<ContextUtterance> = said().map(ContextUtterance::from).collect();
        let cues = cues.map(|cues| {
            let words = |idx| cues.get(&(dialogue.id.clone(), idx)).map(cue_words);
            let words: Vec<Option<String>> = (0..history.len()).map(words).collect();
            self.encoder.encode_some(&words)
        });
        Ok(Prepared {
            sentences: self.encoder.sentence_embeddings(&utterances)?,
            utterances,
            cues: cues.transpose()?,
            surface: surface_features(&history, self.strategies)?,
            targets: targets(dialogue, self.emotions, self.strategies)?,
            text_ids: said().map(|one| text_id(one.text.expose())).collect(),
        })
    }
}

pub(super) fn encode_distinct<'d, K: SplitKind>(
    split: &'d Split<K>,
    encoder: &UtteranceEncoder,
    progress: &mut dyn Progress,
) -> Result<HashMap<&'d str, Tensor>, TrainingError> {
    let utterances = split
        .dialogues()
        .iter()
        .flat_map(|dialogue| &dialogue.utterances);
    let mut texts: Vec<&str> = utterances.map(|one| one.text.expose().as_str()).collect();
    texts.sort_unstable_by_key(|text| (text.len(), *text));
    texts.dedup();
    progress.begin(&format!("encoding {}", split.name()), texts.len() as u64);
    let mut vectors = HashMap::new();
    for chunk in texts.chunks(CHUNK) {
        let encoded = encoder.encode(chunk)?;
        for (row, text) in chunk.iter().enumerate() {
            vectors.insert(*text, encoded.get(row).map_err(NnError::from)?);
        }
        progress.advance(chunk.len() as u64);
    }
    progress.end();
    Ok(vectors)
}

fn text_id(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.to_lowercase().hash(&mut hasher);
    hasher.finish()
}

fn targets(
    dialogue: &Dialogue,
    emotions: &EmotionSet,
    strategies: &StrategySet,
) -> Result<Vec<Targets>, TrainingError> {
    let missing = |utterance_idx, missing| TrainingError::Unlabelled {
        dialogue: dialogue.id.to_string(),
        utterance_idx,
        missing,
    };
    let index = |idx: Option<usize>| idx.and_then(|idx| u32::try_from(idx).ok());
    let emotion_of = |idx: usize| {
        let emotion = dialogue.utterances[idx].emotion.as_ref();
        index(emotion.and_then(|emotion| emotions.index_of(emotion)))
            .ok_or_else(|| missing(idx, "emotion"))
    };
    let mut user_emotion = None;
    let mut targets = Vec::with_capacity(dialogue.utterances.len());
    for (idx, utterance) in dialogue.utterances.iter().enumerate() {
        let mut target = Targets::default();
        if utterance.role == Role::Seeker {
            user_emotion = Some(emotion_of(idx)?);
            target.seeker_emotion = user_emotion;
        }
        target.user_emotion = user_emotion;
        if let Some(next) = dialogue.utterances.get(idx + 1)
            && next.role == Role::Supporter
        {
            let strategy = next
                .strategy
                .as_ref()
                .and_then(|label| strategies.index_of(label));
            target.strategy = Some(index(strategy).ok_or_else(|| missing(idx + 1, "strategy"))?);
            target.system_emotion = Some(emotion_of(idx + 1)?);
        }
        targets.push(target);
    }
    Ok(targets)
}

/// A padded batch.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) inputs: DialogueInputs,
    /// `B * U` targets, row by row; padding has none.
    pub(super) targets: Vec<Targets>,
    /// Flat positions of the instances.
    pub(super) instances: Vec<u32>,
    /// Sentence embedding of the response of each instance, `[N, D]`.
    pub(super) responses: Tensor,
    /// Equal for equal responses.
    pub(super) response_ids: Vec<u64>,
}

/// Pads dialogues to the longest. With `told`, the strategy head is told the gold user emotion.
pub(super) fn batch(dialogues: &[&Prepared], told: Option<usize>) -> Result<Batch, NnError> {
    let longest = dialogues.iter().map(|one| one.len()).max().unwrap_or(0);
    let (mut utterances, mut surface, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    let mut cues = Vec::new();
    let (mut instances, mut responses, mut response_ids) = (Vec::new(), Vec::new(), Vec::new());
    for (row, dialogue) in dialogues.iter().enumerate() {
        let n_padding = longest - dialogue.len();
        utterances.push(dialogue.utterances.pad_with_zeros(0, 0, n_padding)?);
        surface.push(
            Tensor::new(dialogue.surface.clone(), &Device::Cpu)?.pad_with_zeros(0, 0, n_padding)?,
        );
        if let Some(of_dialogue) = &dialogue.cues {
            cues.push(of_dialogue.pad_with_zeros(0, 0, n_padding)?);
        }
        targets.extend(dialogue.targets.iter().copied());
        targets.extend(std::iter::repeat_n(Targets::default(), n_padding));
        for idx in dialogue.instances() {
            instances.push(u32::try_from(row * longest + idx).expect("a batch has few utterances"));
            responses.push(dialogue.sentences.get(idx + 1)?);
            response_ids.push(dialogue.text_ids[idx + 1]);
        }
    }
    let told_emotion = told.map(|n_emotions| told_emotion(&targets, n_emotions, dialogues.len()));
    Ok(Batch {
        inputs: DialogueInputs {
            utterances: Tensor::stack(&utterances, 0)?,
            surface: Tensor::stack(&surface, 0)?,
            cues: (!cues.is_empty())
                .then(|| Tensor::stack(&cues, 0))
                .transpose()?,
            told_emotion: told_emotion.transpose()?,
        },
        targets,
        instances,
        responses: Tensor::stack(&responses, 0)?,
        response_ids,
    })
}

fn told_emotion(
    targets: &[Targets],
    n_emotions: usize,
    n_dialogues: usize,
) -> Result<Tensor, NnError> {
    let mut one_hot = vec![0.0_f32; targets.len() * n_emotions];
    for (row, target) in targets.iter().enumerate() {
        if let Some(emotion) = target.user_emotion {
            one_hot[row * n_emotions + emotion as usize] = 1.0;
        }
    }
    let shape = (n_dialogues, targets.len() / n_dialogues.max(1), n_emotions);
    Ok(Tensor::from_vec(one_hot, shape, &Device::Cpu)?)
}

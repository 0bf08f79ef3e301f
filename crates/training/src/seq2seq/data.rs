//! Dialogues as sources and targets: one example for every instance of the published protocol.

use std::collections::HashSet;

use smes_corpus::{Corpus, CueMap};
use smes_dialogue::{Dialogue, DialogueContext, DialogueId, Split, SplitKind};
use smes_evaluation::{Instance, instances};
use smes_reasoning::sequence::{ChosenLabels, KnownLabels, Sequence, Target};

use super::Seq2seqRecipe;
use crate::{Progress, TrainingError};

/// One instance as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// The history, never empty.
    pub(super) source: Vec<u32>,
    /// Labels, response, end token.
    pub(super) target: Vec<u32>,
    /// The gold labels; 0 for one that the layout lacks.
    pub(super) gold: ChosenLabels,
}

impl Example {
    /// What its cost grows with.
    pub(super) fn length(&self) -> usize {
        self.source.len() + self.target.len()
    }
}

/// The dialogues of a split with the cues of the recipe.
pub(super) struct Material {
    dialogues: Vec<Dialogue>,
    cues: CueMap,
}

impl Material {
    /// Reads the split.
    pub(super) fn read<K: SplitKind>(
        corpus: &Corpus,
        recipe: &Seq2seqRecipe,
    ) -> Result<Self, TrainingError> {
        let split: Split<K> = corpus.split()?;
        let ids: HashSet<&DialogueId> = split.dialogues().iter().map(|one| &one.id).collect();
        let cues = match recipe.extractor() {
            Some(extractor) => corpus.cues_of(extractor, &ids)?,
            None => CueMap::new(),
        };
        let has_instances = split
            .dialogues()
            .iter()
            .any(|dialogue| !instances(dialogue, corpus.emotions()).is_empty());
        if !has_instances {
            return Err(TrainingError::EmptySplit {
                corpus: corpus.manifest().name.clone(),
                split: K::NAME,
            });
        }
        if recipe.extractor().is_some() && cues.is_empty() {
            return Err(TrainingError::NoCues {
                corpus: corpus.manifest().name.clone(),
                split: K::NAME,
                extractor: recipe.cues.clone(),
            });
        }
        Ok(Self {
            dialogues: split.dialogues().to_vec(),
            cues,
        })
    }

    /// Everything that is said, and what the cues say: what a tokenizer is learnt from.
    pub(super) fn texts(&self) -> Vec<&str> {
        let utterances = self.dialogues.iter().flat_map(|one| &one.utterances);
        let mut texts: Vec<&str> = utterances.map(|one| one.text.expose().as_str()).collect();
        // In the order of the dialogues, whatever the order of the map.
        let places = self.dialogues.iter().flat_map(|dialogue| {
            let of_dialogue = 0..dialogue.utterances.len();
            of_dialogue.map(|idx| (dialogue.id.clone(), idx))
        });
        for cue in places.filter_map(|place| self.cues.get(&place)) {
            texts.push(cue.observation.expose());
            texts.extend(cue.distress.iter().map(|text| text.expose().as_str()));
        }
        texts
    }

    /// The examples, in corpus order.
    pub(super) fn examples(
        &self,
        sequence: &Sequence,
        stage: &str,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Example>, TrainingError> {
        let mut examples = Vec::new();
        progress.begin(stage, self.dialogues.len() as u64);
        for dialogue in &self.dialogues {
            for instance in instances(dialogue, sequence.emotions()) {
                examples.push(self.example(dialogue, &instance, sequence)?);
            }
            progress.advance(1);
        }
        progress.end();
        Ok(examples)
    }

    fn example(
        &self,
        dialogue: &Dialogue,
        instance: &Instance,
        sequence: &Sequence,
    ) -> Result<Example, TrainingError> {
        let idx = instance.utterance_idx;
        let cue_of = |idx: usize| self.cues.get(&(dialogue.id.clone(), idx));
        let mut context = DialogueContext::before(&dialogue.utterances, idx);
        for (idx, utterance) in context.utterances.iter_mut().enumerate() {
            utterance.cue = cue_of(idx).cloned();
        }
        let unlabelled = |missing| TrainingError::Unlabelled {
            dialogue: dialogue.id.to_string(),
            utterance_idx: idx,
            missing,
        };
        let gold = gold_labels(instance, sequence).map_err(unlabelled)?;
        let target = Target {
            labels: gold,
            words: dialogue.utterances[idx].text.expose(),
            cue: cue_of(idx),
        };
        Ok(Example {
            source: sequence.source(&context)?,
            target: sequence.target(&target)?,
            gold,
        })
    }
}

/// The gold labels by their places; the kind of one that is missing where the layout needs it.
fn gold_labels(instance: &Instance, sequence: &Sequence) -> Result<ChosenLabels, &'static str> {
    let gold = &instance.gold;
    let known = KnownLabels {
        user_emotion: gold.user_emotion.as_ref(),
        strategy: gold.strategy.as_ref(),
        system_emotion: gold.system_emotion.as_ref(),
    };
    let (emotions, strategies) = (sequence.emotions(), sequence.strategies());
    known.places(sequence.layout().labels, emotions, strategies)
}

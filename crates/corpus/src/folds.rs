//! Cross-validation: a corpus cut into folds, each a corpus folder of its own.
//!
//! For questions that the published splits cannot answer, such as what cues are worth when only
//! some dialogues have any. Folds are by dialogue, and depend on the ids and the seed alone.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use smes_dialogue::{DialogueId, SplitName};

use crate::writer::{CorpusWriter, Description};
use crate::{Corpus, CorpusError, SplitFile};

/// Fewest folds: one to report on, one to choose on, one to fit on.
pub const MIN_FOLDS: usize = 3;

/// How to cut a corpus into folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldPlan {
    /// The splits whose dialogues are dealt out.
    pub of: Vec<SplitName>,
    /// Number of folds, at least [`MIN_FOLDS`].
    pub n_folds: usize,
    /// Seed of the order in which dialogues are dealt.
    pub seed: u64,
    /// Whether the dialogues of the other splits are fitted on in every fold; they are left out
    /// otherwise.
    pub keep_rest: bool,
}

/// Writes the folds of a corpus as the folders `out/0`, `out/1`, ...
///
/// In fold `i` the `i`-th part of the dialogues is the test split, the next part the validation
/// split, and the others are fitted on. Every dialogue dealt is tested once.
///
/// # Errors
/// [`CorpusError::TooFewFolds`], [`CorpusError::TooFewDialogues`], and whatever reading or writing
/// a corpus may give. A fold is either whole or not there.
pub fn write_folds(
    corpus: &Corpus,
    plan: &FoldPlan,
    out: &Path,
) -> Result<Vec<PathBuf>, CorpusError> {
    if plan.n_folds < MIN_FOLDS {
        return Err(CorpusError::TooFewFolds {
            n_folds: plan.n_folds,
        });
    }
    let dealt = deal(corpus.splits(), plan);
    if dealt.len() < plan.n_folds {
        return Err(CorpusError::TooFewDialogues {
            path: corpus.folder().to_owned(),
            n_dialogues: dealt.len(),
            n_folds: plan.n_folds,
        });
    }
    (0..plan.n_folds)
        .map(|fold| {
            let target = out.join(fold.to_string());
            write_fold(corpus, &splits_of(corpus, plan, &dealt, fold), &target)?;
            Ok(target)
        })
        .collect()
}

/// The dialogues to deal, in an order that the seed and their ids decide.
fn deal(splits: &SplitFile, plan: &FoldPlan) -> Vec<DialogueId> {
    let ids: HashSet<&DialogueId> = plan.of.iter().flat_map(|of| splits.ids(*of)).collect();
    let mut ids: Vec<(Vec<u8>, DialogueId)> = ids
        .into_iter()
        .map(|id| {
            let digest = Sha256::digest(format!("{}\n{id}", plan.seed));
            (digest.to_vec(), id.clone())
        })
        .collect();
    ids.sort();
    ids.into_iter().map(|(_, id)| id).collect()
}

fn splits_of(corpus: &Corpus, plan: &FoldPlan, dealt: &[DialogueId], fold: usize) -> SplitFile {
    let of: Vec<&str> = plan.of.iter().map(|split| split.as_str()).collect();
    let rest = if plan.keep_rest {
        "fitted on"
    } else {
        "left out"
    };
    let mut splits = SplitFile {
        origin: format!(
            "fold {fold} of {} over {} of {}, seed {}; other dialogues {rest}",
            plan.n_folds,
            of.join(" and "),
            corpus.manifest().name,
            plan.seed
        ),
        ..SplitFile::default()
    };
    for (position, id) in dealt.iter().enumerate() {
        let split = match (position + plan.n_folds - fold) % plan.n_folds {
            0 => SplitName::Test,
            1 => SplitName::Validation,
            _ => SplitName::Train,
        };
        splits.ids_mut(split).push(id.clone());
    }
    if plan.keep_rest {
        let taken: HashSet<&DialogueId> = dealt.iter().collect();
        let rest = SplitName::ALL
            .into_iter()
            .flat_map(|split| corpus.splits().ids(split))
            .filter(|id| !taken.contains(id))
            .cloned();
        splits.train.extend(rest);
    }
    splits
}

fn write_fold(corpus: &Corpus, splits: &SplitFile, target: &Path) -> Result<(), CorpusError> {
    let wanted: HashMap<&DialogueId, SplitName> = splits.by_id();
    let mut writer = CorpusWriter::create(target)?;
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue?;
        if wanted.contains_key(&dialogue.id) {
            writer.write_dialogue(&dialogue)?;
        }
    }
    for extractor in corpus.extractors()? {
        for record in corpus.cues(&extractor)? {
            let record = record?;
            if wanted.contains_key(&record.dialogue) {
                writer.write_cue(&record)?;
            }
        }
    }
    let manifest = corpus.manifest();
    let description = Description {
        name: manifest.name.clone(),
        licence: manifest.licence.clone(),
        emotions: manifest.emotions.clone(),
        strategies: manifest.strategies.clone(),
        provenance: manifest.provenance.clone(),
    };
    writer.finish(&description, splits)?;
    Ok(())
}

//! The gold instances of a corpus's split.

use std::collections::HashSet;

use anyhow::anyhow;
use smes_corpus::Corpus;
use smes_dialogue::{Dialogue, DialogueId, Split, SplitName, Train};
use smes_evaluation::{CorpusRef, GoldSet, GoldSource, InstanceError};

use crate::commands::reasoners::{bad_corpus, cue_texts};
use crate::exit::Advice;

/// Reads what predictions on a split are scored against; `target_cues` is the extractor whose cues are
/// part of the published target texts.
pub(crate) fn load(
    corpus: &Corpus,
    split: SplitName,
    target_cues: &str,
) -> anyhow::Result<GoldSet> {
    let Some(strategies) = corpus.strategies() else {
        return Err(Advice::bad_input(
            None,
            anyhow!(
                "corpus `{}` has no strategies to score",
                corpus.manifest().name
            ),
        ));
    };
    let wanted: HashSet<&DialogueId> = corpus.splits().ids(split).iter().collect();
    let dialogues = corpus
        .dialogues()
        .filter(|dialogue| {
            let is_other = |dialogue: &Dialogue| !wanted.contains(&dialogue.id);
            !dialogue.as_ref().is_ok_and(is_other)
        })
        .collect::<Result<Vec<Dialogue>, _>>()
        .map_err(bad_corpus)?;
    let train: Split<Train> = corpus.split().map_err(bad_corpus)?;
    let gold = GoldSet::new(GoldSource {
        corpus: CorpusRef {
            name: corpus.manifest().name.clone(),
            checksum: corpus.checksum().to_owned(),
        },
        split,
        emotions: corpus.emotions(),
        strategies,
        train: train.dialogues(),
        dialogues,
        cues: cue_texts(corpus, target_cues).map_err(bad_corpus)?,
    });
    if gold.n_instances() == 0 {
        let error = InstanceError::NoInstances {
            corpus: gold.corpus.name,
            split,
        };
        return Err(Advice::bad_input(error.hint(), error));
    }
    Ok(gold)
}

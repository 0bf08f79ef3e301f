//! Gold sets and prediction files for the tests.

use std::collections::{HashMap, HashSet};

use smes_corpus::Corpus;
use smes_dialogue::{Dialogue, DialogueId, Private, Split, SplitName, Train};
use smes_evaluation::{
    CorpusRef, FORMAT, GoldSet, GoldSource, Header, Predicted, PredictionWriter, Record, VERSION,
};

/// The invented corpus's split.
pub(crate) fn fixture_gold(split: SplitName) -> GoldSet {
    gold(&Corpus::open(smes_testkit::corpus_folder()).unwrap(), split)
}

/// A corpus's split, with the texts of its first extractor's cues.
pub(crate) fn gold(corpus: &Corpus, split: SplitName) -> GoldSet {
    let train: Split<Train> = corpus.split().unwrap();
    GoldSet::new(GoldSource {
        corpus: CorpusRef {
            name: corpus.manifest().name.clone(),
            checksum: corpus.checksum().to_owned(),
        },
        split,
        emotions: corpus.emotions(),
        strategies: corpus.strategies().unwrap(),
        train: train.dialogues(),
        dialogues: dialogues(corpus, split),
        cues: cues(corpus),
    })
}

fn dialogues(corpus: &Corpus, split: SplitName) -> Vec<Dialogue> {
    let wanted: HashSet<&DialogueId> = corpus.splits().ids(split).iter().collect();
    let all = corpus.dialogues().map(Result::unwrap);
    all.filter(|dialogue| wanted.contains(&dialogue.id))
        .collect()
}

fn cues(corpus: &Corpus) -> HashMap<(DialogueId, usize), Private<String>> {
    let extractors = corpus.extractors().unwrap();
    let Some(extractor) = extractors.first() else {
        return HashMap::new();
    };
    let records = corpus.cues(extractor).unwrap().map(Result::unwrap);
    records
        .map(|record| {
            let distress = record.cue.distress.map(Private::into_inner);
            let text = [Some(record.cue.observation.into_inner()), distress];
            let text: Vec<String> = text.into_iter().flatten().collect();
            ((record.dialogue, record.utterance), text.join(" ").into())
        })
        .collect()
}

/// The lines of a file that predicts nothing.
pub(crate) fn silent_file(gold: &GoldSet) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    write(&path, gold, |_| (Predicted::default(), None));
    let text = fs_err::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Writes predictions made by `answer` from each instance's place.
pub(crate) fn write(
    path: &std::path::Path,
    gold: &GoldSet,
    answer: impl Fn(usize) -> (Predicted, Option<Private<String>>),
) {
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: gold.corpus.clone(),
        split: gold.split,
        n_instances: gold.n_instances(),
        reasoner: "invented@1".to_owned(),
        model: None,
        config_hash: "0".to_owned(),
        emotions: gold.emotions.iter().cloned().collect(),
        strategies: gold.strategies.iter().cloned().collect(),
        majority: gold.majority.clone(),
        created_with: "test".to_owned(),
        seed: None,
    };
    let mut writer = PredictionWriter::create(path, &header).unwrap();
    for (idx, (dialogue, one)) in gold.instances().enumerate() {
        let (predicted, response) = answer(idx);
        let record = Record {
            dialogue: dialogue.id.clone(),
            utterance: one.instance.utterance_idx,
            gold: one.instance.gold.clone(),
            user_emotion_from: one.instance.user_emotion_from,
            predicted,
            response,
            target_log_prob: None,
            last_strategy: one.instance.last_strategy.clone(),
            continues_turn: one.instance.continues_turn,
            timings: None,
        };
        writer.write(&record).unwrap();
    }
    writer.finish().unwrap();
}

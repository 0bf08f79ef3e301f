//! `smes predict`: a reasoner over a split of a corpus, its plans into a prediction file.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use smes_corpus::{Corpus, CorpusError, CueMap};
use smes_dialogue::{Dialogue, DialogueContext, DialogueId, Plan, SplitName, StrategySet};
use smes_evaluation::protocol::Target;
use smes_evaluation::{
    CorpusRef, FORMAT, Header, Instance, InstanceError, Majority, Predicted, PredictionTimings,
    PredictionWriter, Record, TargetLogProb, VERSION, config_hash, instances, train_majority,
};
use smes_reasoning::sequence::KnownLabels;
use smes_reasoning::{LabelTasks, Reasoner, SaidTurn};

use super::engine::ReasonerArgs;
use super::reasoners::{self, bad_corpus, bad_reasoner, model_hash};
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes predict --corpus corpora/mesc --split test --reasoner starter --out predictions.jsonl
  smes score predictions.jsonl

The instances are those of the published protocol: every supporter utterance but a dialogue's
first utterance. The reasoner sees the words so far and the supporter's past strategies, never an
emotion label; cues only with --cues.";

/// Where the supporter's strategies in a history come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryStrategies {
    /// The corpus's labels, as in the published protocol.
    #[default]
    Gold,
    /// The reasoner's own predictions, as in a live conversation.
    Predicted,
    /// Nowhere.
    None,
}

impl HistoryStrategies {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Predicted => "predicted",
            Self::None => "none",
        }
    }
}

/// Runs a reasoner over a split and writes its predictions.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct PredictArgs {
    /// Folder of the corpus, as `smes corpus import` makes it.
    #[arg(long, value_name = "DIR")]
    pub(crate) corpus: PathBuf,
    /// Part of the corpus: train, validation or test.
    #[arg(long, default_value = "test")]
    pub(crate) split: SplitName,
    /// The reasoner: a name, or a name and its place, such as `starter:DIR`.
    #[arg(long, default_value = "starter", value_name = "NAME[:PLACE]")]
    pub(crate) reasoner: String,
    /// File to write; it appears when it is complete.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Stops after the first N instances.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Gives the reasoner the corpus's cues of this extractor, beside the words. The embedded
    /// `starter` does not read them.
    #[arg(long, value_name = "EXTRACTOR")]
    pub(crate) cues: Option<String>,
    /// Words the responses too, not only the labels.
    #[arg(long)]
    pub(crate) responses: bool,
    /// Strategies of the supporter in the history: as the corpus has them, as predicted before in
    /// the same dialogue, or none.
    #[arg(long, value_enum, default_value_t = HistoryStrategies::Gold)]
    pub(crate) history_strategies: HistoryStrategies,
    #[command(flatten)]
    pub(crate) options: ReasonerArgs,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &PredictArgs, console: &Console) -> anyhow::Result<()> {
    let corpus = Corpus::open(&args.corpus).map_err(bad_corpus)?;
    let header = write(args, &corpus, console)?;
    told(args, console, &header)
}

/// Predicts and writes the file; gives its header.
pub(crate) fn write(
    args: &PredictArgs,
    corpus: &Corpus,
    console: &Console,
) -> anyhow::Result<Header> {
    let reasoner = reasoners::open(
        &args.reasoner,
        args.options.options(),
        Some(corpus),
        console,
    )?;
    same_labels(corpus, reasoner.as_ref())?;
    let work = work(args, corpus)?;
    let cues = match &args.cues {
        Some(extractor) => cues(corpus, extractor, &work).map_err(bad_corpus)?,
        None => CueMap::new(),
    };
    let header = header(args, corpus, reasoner.as_ref(), &work)?;
    let predictor = Predictor {
        reasoner: reasoner.as_ref(),
        cues,
        responses: args.responses,
        history_strategies: args.history_strategies,
    };
    let n_instances = header.n_instances;
    let mut writer = PredictionWriter::create(&args.out, &header)?;
    let bar = console.progress(n_instances as u64, "predicting");
    predictor.run(&work, |records| {
        bar.inc(records.len() as u64);
        records.iter().try_for_each(|record| writer.write(record))?;
        Ok(())
    })?;
    bar.finish_and_clear();
    writer.finish()?;
    Ok(header)
}

fn told(args: &PredictArgs, console: &Console, header: &Header) -> anyhow::Result<()> {
    let out = args.out.display();
    if console.is_json() {
        return console.json(&serde_json::json!({
            "predictions": args.out,
            "n_instances": header.n_instances,
            "split": header.split,
            "reasoner": header.reasoner,
            "model": header.model,
            "config_hash": header.config_hash,
        }));
    }
    console.line(&format!(
        "{} predictions of {} on the {} split in {out}; next: smes score {out}",
        header.n_instances, header.reasoner, header.split
    ));
    Ok(())
}

/// A dialogue with the instances of it that are to be predicted.
type Work = Vec<(Dialogue, Vec<Instance>)>;

/// The dialogues of the split in corpus order, up to the limit of instances.
fn work(args: &PredictArgs, corpus: &Corpus) -> anyhow::Result<Work> {
    let wanted: HashSet<&DialogueId> = corpus.splits().ids(args.split).iter().collect();
    let mut left = args.limit.unwrap_or(usize::MAX);
    let mut work = Work::new();
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue.map_err(bad_corpus)?;
        if left == 0 {
            break;
        }
        if !wanted.contains(&dialogue.id) {
            continue;
        }
        let mut found = instances(&dialogue, corpus.emotions());
        found.truncate(left);
        left -= found.len();
        if !found.is_empty() {
            work.push((dialogue, found));
        }
    }
    if work.is_empty() {
        let error = InstanceError::NoInstances {
            corpus: corpus.manifest().name.clone(),
            split: args.split,
        };
        return Err(Advice::bad_input(error.hint(), error));
    }
    Ok(work)
}

fn cues(corpus: &Corpus, extractor: &str, work: &Work) -> Result<CueMap, CorpusError> {
    let wanted = work.iter().map(|(dialogue, _)| &dialogue.id).collect();
    corpus.cues_of(extractor, &wanted)
}

fn majority(corpus: &Corpus) -> Result<Majority, CorpusError> {
    let train: HashSet<&DialogueId> = corpus.splits().ids(SplitName::Train).iter().collect();
    let mut dialogues = Vec::new();
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue?;
        if train.contains(&dialogue.id) {
            dialogues.push(dialogue);
        }
    }
    Ok(train_majority(&dialogues, corpus.emotions()))
}

fn header(
    args: &PredictArgs,
    corpus: &Corpus,
    reasoner: &dyn Reasoner,
    work: &Work,
) -> anyhow::Result<Header> {
    let id = reasoner.id();
    let model = model_hash(&args.reasoner)?;
    let limit = args.limit.map_or_else(String::new, |n| n.to_string());
    let seed = args
        .options
        .seed
        .map_or_else(String::new, |n| n.to_string());
    Ok(Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: CorpusRef {
            name: corpus.manifest().name.clone(),
            checksum: corpus.checksum().to_owned(),
        },
        split: args.split,
        n_instances: work.iter().map(|(_, instances)| instances.len()).sum(),
        config_hash: config_hash(&[
            ("reasoner", &id),
            ("model", model.as_deref().unwrap_or_default()),
            ("program", env!("CARGO_PKG_VERSION")),
            ("corpus", corpus.checksum()),
            ("split", args.split.as_str()),
            ("cues", args.cues.as_deref().unwrap_or_default()),
            ("responses", if args.responses { "yes" } else { "no" }),
            ("limit", &limit),
            ("history_strategies", args.history_strategies.as_str()),
            ("seed", &seed),
        ]),
        reasoner: id,
        model,
        emotions: reasoner.emotions().iter().cloned().collect(),
        strategies: reasoner.strategies().iter().cloned().collect(),
        majority: majority(corpus).map_err(bad_corpus)?,
        created_with: format!("smes {}", env!("CARGO_PKG_VERSION")),
        seed: args.options.seed,
    })
}

/// That the reasoner's labels are the corpus's; otherwise no prediction could be right.
fn same_labels(corpus: &Corpus, reasoner: &dyn Reasoner) -> anyhow::Result<()> {
    let emotions = corpus.emotions().names().eq(reasoner.emotions().names());
    let strategies = corpus
        .strategies()
        .is_none_or(|set: &StrategySet| set.names().eq(reasoner.strategies().names()));
    if emotions && strategies {
        return Ok(());
    }
    Err(Advice::bad_input(
        Some("train a reasoner on this corpus, or convert its labels".to_owned()),
        anyhow!(
            "reasoner `{}` knows the labels `{}` and `{}`, corpus `{}` has `{}` and `{}`",
            reasoner.id(),
            reasoner.emotions().name,
            reasoner.strategies().name,
            corpus.manifest().name,
            corpus.emotions().name,
            corpus.strategies().map_or("no strategies", |set| &set.name),
        ),
    ))
}

struct Predictor<'r> {
    reasoner: &'r dyn Reasoner,
    cues: CueMap,
    responses: bool,
    history_strategies: HistoryStrategies,
}

impl Predictor<'_> {
    /// Predicts the dialogues on all cores and hands their records on in corpus order.
    fn run(
        &self,
        work: &Work,
        mut on_records: impl FnMut(&[Record]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let n_workers = thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            for _ in 0..n_workers.min(work.len()) {
                let (send, next) = (send.clone(), &next);
                scope.spawn(move || {
                    while let Some((idx, (dialogue, instances))) = take(work, next) {
                        let records = self.dialogue(dialogue, instances);
                        if send.send((idx, records)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(send);
            // A worker whose dialogue is short overtakes the others; its records wait here.
            let mut waiting = BTreeMap::new();
            let mut n_written = 0;
            for (idx, records) in receive {
                waiting.insert(idx, records?);
                while let Some(records) = waiting.remove(&n_written) {
                    on_records(&records)?;
                    n_written += 1;
                }
            }
            Ok(())
        })
    }

    fn dialogue(&self, dialogue: &Dialogue, instances: &[Instance]) -> anyhow::Result<Vec<Record>> {
        let mut history = DialogueContext::before(&dialogue.utterances, dialogue.utterances.len());
        for (idx, utterance) in history.utterances.iter_mut().enumerate() {
            utterance.cue = self.cues.get(&(dialogue.id.clone(), idx)).cloned();
            if self.history_strategies != HistoryStrategies::Gold {
                utterance.strategy = None;
            }
        }
        let mut records = Vec::with_capacity(instances.len());
        for instance in instances {
            let at = instance.utterance_idx;
            let record = self
                .instance(dialogue, &history, instance)
                .with_context(|| format!("utterance {at} of dialogue `{}`", dialogue.id))?;
            if self.history_strategies == HistoryStrategies::Predicted {
                let predicted = record.predicted.strategy.as_ref();
                history.utterances[at].strategy = predicted.map(|one| one.label.clone());
            }
            records.push(record);
        }
        Ok(records)
    }

    fn instance(
        &self,
        dialogue: &Dialogue,
        history: &DialogueContext,
        instance: &Instance,
    ) -> anyhow::Result<Record> {
        let context = DialogueContext {
            utterances: history.utterances[..instance.utterance_idx].to_vec(),
        };
        let begun = Instant::now();
        let plan = self.reasoner.plan(&context).map_err(bad_reasoner)?;
        let mut timings = PredictionTimings {
            plan_ms: milliseconds(begun),
            respond_ms: None,
        };
        let mut response = None;
        if self.responses {
            let begun = Instant::now();
            let reply = self.reasoner.respond(&context, &plan, &mut |_| {});
            response = Some(reply.map_err(bad_reasoner)?.text);
            timings.respond_ms = Some(milliseconds(begun));
        }
        let target_log_prob = self.likelihood(dialogue, &context, instance)?;
        Ok(Record {
            dialogue: dialogue.id.clone(),
            utterance: instance.utterance_idx,
            gold: instance.gold.clone(),
            user_emotion_from: instance.user_emotion_from,
            predicted: decided(&plan, self.reasoner.tasks()),
            response,
            target_log_prob,
            last_strategy: instance.last_strategy.clone(),
            continues_turn: instance.continues_turn,
            timings: Some(timings),
        })
    }
}

impl Predictor<'_> {
    /// How likely the reasoner finds what the supporter said.
    fn likelihood(
        &self,
        dialogue: &Dialogue,
        context: &DialogueContext,
        instance: &Instance,
    ) -> anyhow::Result<Option<TargetLogProb>> {
        let at = instance.utterance_idx;
        let gold = &instance.gold;
        let turn = SaidTurn {
            labels: KnownLabels {
                user_emotion: gold.user_emotion.as_ref(),
                strategy: gold.strategy.as_ref(),
                system_emotion: gold.system_emotion.as_ref(),
            },
            words: &dialogue.utterances[at].text,
            cue: self.cues.get(&(dialogue.id.clone(), at)),
        };
        let found = self.reasoner.likelihood(context, &turn);
        Ok(found.map_err(bad_reasoner)?.map(|found| TargetLogProb {
            target: if found.has_cue {
                Target::WithCue
            } else {
                Target::Spoken
            },
            log_prob: found.log_prob,
            n_tokens: found.n_tokens,
        }))
    }
}

/// The labels of a plan that the reasoner decides.
fn decided(plan: &Plan, tasks: LabelTasks) -> Predicted {
    let all = Predicted::from(plan);
    Predicted {
        user_emotion: all.user_emotion.filter(|_| tasks.user_emotion),
        strategy: all.strategy.filter(|_| tasks.strategy),
        system_emotion: all.system_emotion.filter(|_| tasks.system_emotion),
    }
}

/// The next dialogue that no worker has taken yet.
fn take<'w, T>(work: &'w [T], next: &AtomicUsize) -> Option<(usize, &'w T)> {
    let idx = next.fetch_add(1, Ordering::Relaxed);
    Some((idx, work.get(idx)?))
}

/// Milliseconds since then, to a microsecond.
fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use smes_corpus::importers::{Importer, MescJson, MescSource};
    use smes_evaluation::{PredictionReader, Resampling, score};
    use smes_reasoning::ReasoningError;

    use super::*;

    const HEADER: &str = "Utterance,Speaker,Emotion,Strategy,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime";
    /// Speaker, emotion and strategy of the invented dialogue that is predicted.
    const ROWS: [(&str, &str, &str); 6] = [
        ("Therapist", "neutral", "Structuring the therapy"),
        ("Therapist", "neutral", "Open question"),
        ("Client", "anger", "undefined"),
        ("Therapist", "neutral", "Restatement"),
        ("Client", "joy", "undefined"),
        ("Therapist", "sadness", "Restatement"),
    ];

    /// An invented corpus: dialogue 0 is for training, 1 for testing, both with the same rows.
    fn corpus(folder: &Path) -> PathBuf {
        let mut csv = format!("{HEADER}\n");
        for dialogue in 0..2 {
            for (idx, (speaker, emotion, strategy)) in ROWS.iter().enumerate() {
                let time = format!("\"00:00:{idx:02},000\",\"00:00:{idx:02},900\"");
                csv += "invented words ";
                let place = format!("{dialogue},{idx},1,1,{time}\n");
                let words = format!("{dialogue} {idx},{speaker},{emotion},{strategy},");
                csv.extend([words, place]);
            }
        }
        let turn = |(idx, (speaker, emotion, strategy)): (usize, &(&str, &str, &str))| {
            let text = format!("invented words 1 {idx} The speaker seems calm.");
            if *speaker == "Client" {
                serde_json::json!({"text": text, "speaker": "user", "emotion": emotion})
            } else {
                serde_json::json!({"text": text, "speaker": "sys", "emotion": emotion, "strategy": strategy})
            }
        };
        let turns: Vec<serde_json::Value> = ROWS.iter().enumerate().map(turn).collect();
        let json = serde_json::json!([
            {"problem_type": "Occupational burnout", "situation": "invented", "dialog": turns}
        ]);
        fs_err::write(folder.join("MESC.csv"), csv).unwrap();
        fs_err::write(folder.join("test.json"), json.to_string()).unwrap();
        let source = MescSource {
            csv: folder.join("MESC.csv"),
            json: vec![MescJson {
                split: SplitName::Test,
                path: folder.join("test.json"),
            }],
        };
        let target = folder.join("corpus");
        source.import(&target, &mut |_| {}).unwrap();
        target
    }

    fn args(folder: &Path, reasoner: &str) -> PredictArgs {
        PredictArgs {
            output: Output::default(),
            corpus: corpus(folder),
            split: SplitName::Test,
            reasoner: reasoner.to_owned(),
            out: folder.join("p.jsonl"),
            limit: None,
            cues: None,
            responses: false,
            history_strategies: HistoryStrategies::Gold,
            options: ReasonerArgs::default(),
        }
    }

    fn quiet() -> Console {
        Console::new(false, true)
    }

    #[test]
    fn a_split_is_predicted_in_order_and_can_be_scored() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(folder.path(), "repeat-last-strategy");
        run(&args, &quiet()).unwrap();
        let reader = PredictionReader::open(&args.out).unwrap();
        assert_eq!(reader.header().reasoner, "repeat-last-strategy@1");
        let records: Vec<Record> = reader.map(Result::unwrap).collect();
        let said: Vec<String> = records
            .iter()
            .map(|record| {
                let strategy = &record.predicted.strategy.as_ref().unwrap().label;
                format!("{} {strategy} {}", record.utterance, record.continues_turn)
            })
            .collect();
        assert_eq!(
            said,
            [
                "1 Structuring the therapy true",
                "3 Open question false",
                "5 Restatement false"
            ]
        );
        let report = score(&args.out, Resampling::default()).unwrap();
        let ours = report.strategy.unwrap();
        let control = report.controls["repeat_last_strategy"].strategy.as_ref();
        assert!((ours.accuracy - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Some(&ours), control);
        assert_eq!(report.n_without_seeker, 1);
    }

    #[test]
    fn a_limit_stops_early_and_cues_of_an_unknown_extractor_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = args(folder.path(), "majority");
        args.limit = Some(2);
        run(&args, &quiet()).unwrap();
        let reader = PredictionReader::open(&args.out).unwrap();
        assert_eq!(reader.header().n_instances, 2);
        assert_eq!(reader.count(), 2);
        args.cues = Some("nobody".to_owned());
        args.out = folder.path().join("q.jsonl");
        let error = run(&args, &quiet()).unwrap_err().to_string();
        assert!(error.contains("nobody"), "{error}");
        assert!(!args.out.exists());
    }

    /// Fails where a cue is missing or a gold emotion shows, and plans like the majority otherwise.
    struct SeesCues(smes_reasoning::controls::Majority);

    impl Reasoner for SeesCues {
        fn id(&self) -> String {
            "sees-cues@1".to_owned()
        }

        fn emotions(&self) -> &smes_dialogue::EmotionSet {
            self.0.emotions()
        }

        fn strategies(&self) -> &StrategySet {
            self.0.strategies()
        }

        fn plan(&self, context: &DialogueContext) -> Result<smes_dialogue::Plan, ReasoningError> {
            for utterance in &context.utterances {
                assert!(utterance.cue.is_some() && utterance.corrected_emotion.is_none());
            }
            self.0.plan(context)
        }

        fn respond(
            &self,
            context: &DialogueContext,
            plan: &smes_dialogue::Plan,
            on_text: &mut dyn FnMut(&str),
        ) -> Result<smes_dialogue::Reply, ReasoningError> {
            self.0.respond(context, plan, on_text)
        }
    }

    #[test]
    fn the_reasoner_sees_the_cues_asked_for_and_no_gold_emotion() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(folder.path(), "majority");
        let corpus = Corpus::open(&args.corpus).unwrap();
        let extractor = corpus.extractors().unwrap().remove(0);
        let work = work(&args, &corpus).unwrap();
        let predictor = Predictor {
            reasoner: &SeesCues(smes_reasoning::controls::Majority::new()),
            cues: cues(&corpus, &extractor, &work).unwrap(),
            responses: false,
            history_strategies: HistoryStrategies::Gold,
        };
        let mut n_records = 0;
        predictor
            .run(&work, |records| {
                n_records += records.len();
                Ok(())
            })
            .unwrap();
        assert_eq!(n_records, 3);
    }

    #[test]
    fn the_history_has_the_strategies_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = args(folder.path(), "repeat-last-strategy");
        let mut predicted = |from| {
            args.history_strategies = from;
            args.out = folder.path().join(format!("{}.jsonl", from.as_str()));
            run(&args, &quiet()).unwrap();
            let records = PredictionReader::open(&args.out)
                .unwrap()
                .map(Result::unwrap);
            let label = |record: Record| record.predicted.strategy.unwrap().label.to_string();
            records.map(label).collect::<Vec<String>>()
        };
        let gold = predicted(HistoryStrategies::Gold);
        assert_eq!(
            gold,
            ["Structuring the therapy", "Open question", "Restatement"]
        );
        // The first answer is the majority, and from then on it repeats itself.
        let own = predicted(HistoryStrategies::Predicted);
        assert_eq!(own, ["Interpretation"; 3]);
        assert_eq!(predicted(HistoryStrategies::None), ["Interpretation"; 3]);
    }

    #[test]
    fn labels_that_a_reasoner_does_not_decide_are_not_predicted() {
        let plan = smes_reasoning::controls::Majority::new()
            .plan(&DialogueContext::default())
            .unwrap();
        let tasks = LabelTasks {
            user_emotion: false,
            ..LabelTasks::ALL
        };
        let predicted = decided(&plan, tasks);
        assert!(predicted.user_emotion.is_none() && predicted.strategy.is_some());
    }

    #[test]
    fn responses_of_a_control_are_an_error_that_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = args(folder.path(), "majority");
        args.responses = true;
        let error = format!("{:#}", run(&args, &quiet()).unwrap_err());
        assert!(error.starts_with("utterance 1 of dialogue"), "{error}");
        assert!(!args.out.exists());
    }
}

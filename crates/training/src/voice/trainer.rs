//! The run of a voice model: judged with each speaker left out, then fitted to all.
//!
//! There is no validation split: 408 recordings of eight speakers are too few for one. Nothing is
//! selected within a run; the recipe is fixed, every speaker is judged by a model that never heard
//! them, and the temperature used for a speaker is fitted on the judgements about the others.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smes_cues::emotion::{HeardWindow, UsualVoice, VoiceEncoder, VoiceModelConfig, VoiceNet};
use smes_cues::{CONFIG_FILE, WEIGHTS_FILE};
use smes_dialogue::Label;
use smes_nn::checkpoint::StoredAs;
use smes_nn::{NnError, RandomStream};

use super::VoiceRecipe;
use super::fit::{Fitted, config, fit};
use super::recordings::{Recording, Recordings};
use super::scores::{Judgement, VoiceScores, best_temperature, score};
use super::windows::{Before, Condition, Row, rows};
use crate::{Progress, RunFolder, RunManifest, TrainingError};

/// What a run ended with, also written to `scores.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainedVoice {
    /// Scores over all speakers, each left out once, by condition.
    pub scores: BTreeMap<String, VoiceScores>,
    /// Mean recall on each speaker, clean.
    pub speakers: BTreeMap<String, f64>,
    /// The temperature of the shipped model, fitted on the judgements about all speakers.
    pub temperature: f64,
    /// Bytes of the shipped weights.
    pub weight_bytes: u64,
}

/// One line of `predictions.jsonl`.
#[derive(Serialize)]
struct PredictionLine<'j> {
    recording: &'j str,
    speaker: &'j str,
    condition: Condition,
    gold: &'j str,
    /// By emotion; absent where no voice was heard.
    probabilities: Option<BTreeMap<&'j str, f64>>,
}

/// Trains a voice model on a folder of recordings and leaves it in `run/model`.
///
/// # Errors
/// [`TrainingError`]; the run folder must be free.
///
/// # Panics
/// Never: scores are plain numbers, which JSON can hold.
pub fn train_voice(
    recipe: &VoiceRecipe,
    run_dir: &Path,
    progress: &mut dyn Progress,
) -> Result<TrainedVoice, TrainingError> {
    RunFolder::check_free(run_dir)?;
    let recordings = Recordings::read(&recipe.corpus, progress)?;
    let manifest = RunManifest::new(recipe.seed, recordings.reference.clone(), recipe.clone());
    let run = RunFolder::create(run_dir, &manifest)?;
    let heard = Heard::read(recipe, &recordings, progress)?;
    let judged = judge_speakers(recipe, &recordings, &heard, progress)?;
    let (scores, speakers) = score_all(&judged, &recordings);
    write_predictions(&run, &judged, &recordings)?;
    let clean: Vec<&Judgement> = judged[&Condition::Clean].iter().collect();
    let temperature = best_temperature(&clean);
    progress.begin("fitting to all speakers", 1);
    let all: Vec<&Row> = heard.rows.iter().flatten().collect();
    let fitted = fit(recipe, &all, emotions(&recordings))?;
    progress.end();
    let shipped = VoiceModelConfig {
        temperature,
        ..config(recipe, &recordings.emotions.name)
    };
    let trained = TrainedVoice {
        scores,
        speakers,
        temperature,
        weight_bytes: export(&run, &shipped, &fitted)?,
    };
    run.write_json("scores.json", &trained)?;
    Ok(trained)
}

/// What is heard of each recording, in their order.
struct Heard {
    /// To learn from.
    rows: Vec<Vec<Row>>,
    /// To be judged, by condition.
    windows: BTreeMap<Condition, Vec<Vec<HeardWindow>>>,
}

impl Heard {
    fn read(
        recipe: &VoiceRecipe,
        recordings: &Recordings,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let encoder = VoiceEncoder::embedded()?;
        let sounds = Condition::ALL.into_iter().filter(|one| one.sound() == *one);
        progress.begin("listening", 1 + sounds.clone().count() as u64);
        let all = &recordings.all;
        let rows = all
            .par_iter()
            .map(|recording| rows(&encoder, recording, &recipe.augment, recipe.seed))
            .collect::<Result<_, _>>()?;
        progress.advance(1);
        let mut windows = BTreeMap::new();
        for condition in sounds {
            let hear = |recording: &Recording| condition.hear(&encoder, recording, recipe.seed);
            let heard = all.par_iter().map(hear).collect::<Result<_, _>>()?;
            windows.insert(condition, heard);
            progress.advance(1);
        }
        progress.end();
        Ok(Self { rows, windows })
    }
}

type Judged = BTreeMap<Condition, Vec<Judgement>>;

/// Judges each speaker by a model that learnt from the others.
fn judge_speakers(
    recipe: &VoiceRecipe,
    recordings: &Recordings,
    heard: &Heard,
    progress: &mut dyn Progress,
) -> Result<Judged, TrainingError> {
    let speakers = recordings.speakers();
    progress.begin("leaving each speaker out", speakers.len() as u64);
    let mut judged = Judged::new();
    for speaker in speakers {
        let is_left_out = |at: &usize| recordings.all[*at].speaker == speaker;
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..recordings.all.len()).partition(is_left_out);
        let rows: Vec<&Row> = train.iter().flat_map(|at| &heard.rows[*at]).collect();
        let fitted = fit(recipe, &rows, emotions(recordings))?;
        for condition in Condition::ALL {
            for at in &test {
                let recording = &recordings.all[*at];
                let windows = &heard.windows[&condition.sound()][*at];
                let usual = usual(recipe.seed, recordings, heard, *at, condition.before());
                let judgement = judge(&fitted.net, recording, windows, &usual)?;
                judged.entry(condition).or_default().push(judgement);
            }
        }
        progress.advance(1);
    }
    progress.end();
    Ok(judged)
}

/// What is known of a speaker's usual voice from recordings before one of them.
fn usual(
    seed: u64,
    recordings: &Recordings,
    heard: &Heard,
    at: usize,
    before: Before,
) -> UsualVoice {
    let (n, only_neutral) = match before {
        Before::Nothing => (0, false),
        Before::Any(n) => (n, false),
        Before::Neutral => (usize::MAX, true),
    };
    let (all, this) = (&recordings.all, &recordings.all[at]);
    let is_neutral = |other: &Recording| {
        let emotion = recordings.emotions.get(other.emotion);
        emotion.is_some_and(|emotion| emotion.name() == "neutral")
    };
    let mut others: Vec<usize> = (0..all.len())
        .filter(|other| *other != at && all[*other].speaker == this.speaker)
        .filter(|other| !only_neutral || is_neutral(&all[*other]))
        .collect();
    let stream = RandomStream::new(seed).named("before").named(&this.name);
    others.sort_by_key(|other| stream.bits(*other as u64));
    let mut usual = UsualVoice::default();
    for other in others.into_iter().take(n) {
        usual.add(&heard.windows[&Condition::Clean][other]);
    }
    usual
}

fn judge(
    net: &VoiceNet,
    recording: &Recording,
    windows: &[HeardWindow],
    usual: &UsualVoice,
) -> Result<Judgement, NnError> {
    let logits = if windows.is_empty() {
        Vec::new()
    } else {
        let numbers = windows.iter().map(|window| window.inputs.as_slice());
        let inputs = net.inputs(numbers, usual)?;
        net.logits(&inputs)?.to_vec2::<f32>()?
    };
    Ok(Judgement {
        name: recording.name.clone(),
        speaker: recording.speaker.clone(),
        gold: recording.emotion,
        logits,
        weights: windows.iter().map(|window| window.voiced_s).collect(),
    })
}

/// The temperature for each speaker, fitted on the clean judgements about the others.
fn temperatures(judged: &Judged) -> BTreeMap<&str, f64> {
    let clean = &judged[&Condition::Clean];
    let mut found = BTreeMap::new();
    for judgement in clean {
        found.entry(judgement.speaker.as_str()).or_insert_with(|| {
            let others = clean
                .iter()
                .filter(|other| other.speaker != judgement.speaker);
            best_temperature(&others.collect::<Vec<_>>())
        });
    }
    found
}

type ScoresAndSpeakers = (BTreeMap<String, VoiceScores>, BTreeMap<String, f64>);

fn score_all(judged: &Judged, recordings: &Recordings) -> ScoresAndSpeakers {
    let temperatures = temperatures(judged);
    let calibrated = |judgement| -> (&Judgement, f64) {
        let judgement: &Judgement = judgement;
        (judgement, temperatures[judgement.speaker.as_str()])
    };
    let of = |all: Vec<(&Judgement, f64)>| score(&all, &recordings.emotions);
    let scores = judged
        .iter()
        .map(|(condition, all)| {
            (
                condition.name().to_owned(),
                of(all.iter().map(calibrated).collect()),
            )
        })
        .collect();
    let clean = &judged[&Condition::Clean];
    let of_speaker = |speaker: &str| {
        let own = clean
            .iter()
            .filter(|judgement| judgement.speaker == speaker);
        (speaker.to_owned(), of(own.map(calibrated).collect()).recall)
    };
    let speakers = recordings.speakers().into_iter().map(of_speaker).collect();
    (scores, speakers)
}

fn write_predictions(
    run: &RunFolder,
    judged: &Judged,
    recordings: &Recordings,
) -> Result<(), TrainingError> {
    let temperatures = temperatures(judged);
    let names: Vec<&str> = recordings.emotions.names().collect();
    let mut lines = Vec::new();
    for (condition, all) in judged {
        for judgement in all {
            let found = judgement.probabilities(temperatures[judgement.speaker.as_str()]);
            lines.push(PredictionLine {
                recording: &judgement.name,
                speaker: &judgement.speaker,
                condition: *condition,
                gold: names[judgement.gold],
                probabilities: found.map(|all| names.iter().copied().zip(all).collect()),
            });
        }
    }
    run.write_lines("predictions.jsonl", lines)
}

fn export(
    run: &RunFolder,
    config: &VoiceModelConfig,
    fitted: &Fitted,
) -> Result<u64, TrainingError> {
    run.write_config(CONFIG_FILE, config)?;
    let stored_as = |name: &str| {
        if name.starts_with("input.") {
            StoredAs::F32
        } else if name.ends_with(".weight") {
            StoredAs::Int8Rows
        } else {
            StoredAs::F16
        }
    };
    Ok(fitted.params.save(
        run.model_dir().join(WEIGHTS_FILE),
        &BTreeMap::new(),
        stored_as,
    )?)
}

fn emotions(recordings: &Recordings) -> (&str, usize) {
    (&recordings.emotions.name, recordings.emotions.len())
}

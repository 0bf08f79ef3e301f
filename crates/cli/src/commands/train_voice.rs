//! `smes train` for a voice model: recordings instead of a corpus, speakers left out instead of a
//! validation split.

use std::path::PathBuf;

use serde::Serialize;
use smes_training::voice::{TrainedVoice, VoiceRecipe, train_voice};
use smes_training::{Recipe, RecipeFile};

use super::train::{Bars, TrainArgs, advise};
use crate::console::Console;
use crate::exit::Advice;

/// What `--json` prints.
#[derive(Serialize)]
struct Summary {
    run: PathBuf,
    model: PathBuf,
    trained: TrainedVoice,
}

pub(super) fn run(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = VoiceRecipe::of_file(file).map_err(advise)?;
    if args.resume {
        let hint = "leave --resume out: such a run takes minutes".to_owned();
        return Err(Advice::bad_input(
            Some(hint),
            anyhow::anyhow!("a voice run cannot be resumed"),
        ));
    }
    if let Some(corpus) = &args.corpus {
        recipe.corpus.clone_from(corpus);
    }
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    let default = || format!("runs/{}-{}", recipe.name, recipe.seed).into();
    let run = args.out.clone().unwrap_or_else(default);
    let mut progress = Bars { console, bar: None };
    let trained = train_voice(&recipe, &run, &mut progress).map_err(advise)?;
    let model = run.join("model");
    if console.is_json() {
        return console.json(&Summary {
            run,
            model,
            trained,
        });
    }
    print(&trained, console);
    console.line(&format!(
        "wrote {} ({:.2} MB, temperature {:.2})",
        model.display(),
        trained.weight_bytes as f64 / 1e6,
        trained.temperature,
    ));
    Ok(())
}

fn print(trained: &TrainedVoice, console: &Console) {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let row = |(condition, scores): (&String, &smes_training::voice::VoiceScores)| {
        vec![
            condition.clone(),
            percent(scores.recall),
            percent(scores.accuracy),
            percent(scores.arousal_recall),
            percent(scores.valence_recall),
            percent(scores.calibration_error),
            scores.n_unheard.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = trained.scores.iter().map(row).collect();
    let headers = [
        "speakers left out",
        "mean recall %",
        "accuracy %",
        "arousal %",
        "valence %",
        "calibration error %",
        "unheard",
    ];
    console.table(&headers, &rows);
    let speakers = trained.speakers.iter();
    let speakers: Vec<String> = speakers
        .map(|(speaker, recall)| format!("{speaker} {}", percent(*recall)))
        .collect();
    console.line(&format!(
        "mean recall % by speaker: {}",
        speakers.join(", ")
    ));
}

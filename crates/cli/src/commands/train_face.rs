//! `smes train` for a face model: photographs instead of a corpus.

use std::path::PathBuf;

use serde::Serialize;
use smes_training::face::{FaceRecipe, FaceScores, TrainedFace, train_face};
use smes_training::{Recipe, RecipeFile};

use super::train::{Bars, TrainArgs, advise};
use crate::console::Console;

/// What `--json` prints.
#[derive(Serialize)]
struct Summary {
    run: PathBuf,
    model: PathBuf,
    trained: TrainedFace,
}

pub(super) fn run(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = FaceRecipe::of_file(file).map_err(advise)?;
    if let Some(corpus) = &args.corpus {
        recipe.corpus.clone_from(corpus);
    }
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    let default = || format!("runs/{}-{}", recipe.name, recipe.seed).into();
    let run = args.out.clone().unwrap_or_else(default);
    let mut progress = Bars { console, bar: None };
    let trained = train_face(&recipe, &run, args.resume, &mut progress).map_err(advise)?;
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
        "wrote {} ({:.2} MB, epoch {}, temperature {:.2})",
        model.display(),
        trained.weight_bytes as f64 / 1e6,
        trained.best.epoch,
        trained.temperature,
    ));
    Ok(())
}

fn print(trained: &TrainedFace, console: &Console) {
    let counts = &trained.counts;
    console.line(&format!(
        "{} photographs: {} with another label, {} unreadable, {} without a face found; {} faces to learn from",
        counts.listed, counts.other_label, counts.unreadable, counts.faceless, trained.n_train,
    ));
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let row = |(split, scores): (&str, &FaceScores)| {
        vec![
            split.to_owned(),
            scores.n.to_string(),
            percent(scores.macro_f1),
            percent(scores.accuracy),
            percent(scores.majority.1),
            percent(scores.majority.0),
            percent(scores.calibration_error),
        ]
    };
    let rows = [("validation", &trained.validation), ("test", &trained.test)].map(row);
    let header = [
        "split",
        "faces",
        "macro-F1",
        "accuracy",
        "majority F1",
        "majority accuracy",
        "calibration error",
    ];
    console.table(&header, &rows);
    let classes: Vec<Vec<String>> = trained
        .test
        .classes
        .iter()
        .map(|(name, class)| {
            vec![
                name.clone(),
                class.support.to_string(),
                percent(class.precision),
                percent(class.recall),
                percent(class.f1),
            ]
        })
        .collect();
    console.table(&["test", "faces", "precision", "recall", "F1"], &classes);
}

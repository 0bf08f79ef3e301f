//! `smes train` for a face model: photographs instead of a corpus.

use smes_training::face::{FaceRecipe, FaceScores, TrainedFace, train_face};
use smes_training::{Recipe, RecipeFile};

use super::train::{Bars, TrainArgs, advise, told_of_files};
use crate::console::Console;

pub(super) fn run(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = FaceRecipe::of_file(file).map_err(advise)?;
    let run = args.run_folder(&recipe.name, &mut recipe.corpus, &mut recipe.seed);
    let mut progress = Bars { console, bar: None };
    let trained = train_face(&recipe, &run, args.resume, &mut progress).map_err(advise)?;
    let chosen = format!(
        "epoch {}, temperature {:.2}",
        trained.best.epoch, trained.temperature
    );
    told_of_files(
        console,
        &run,
        &trained,
        print,
        (trained.weight_bytes, &chosen),
    )
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

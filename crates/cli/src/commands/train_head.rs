//! `smes train` for a head model: photographs with angles instead of a corpus.

use smes_training::head::{AngleScores, HeadRecipe, HeadScores, TrainedHead, train_head};
use smes_training::{Recipe, RecipeFile};

use super::train::{Bars, TrainArgs, advise, told_of_files};
use crate::console::Console;

pub(super) fn run(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = HeadRecipe::of_file(file).map_err(advise)?;
    let run = args.run_folder(&recipe.name, &mut recipe.corpus, &mut recipe.seed);
    let mut progress = Bars { console, bar: None };
    let trained = train_head(&recipe, &run, args.resume, &mut progress).map_err(advise)?;
    let chosen = format!("epoch {}", trained.best.epoch);
    told_of_files(
        console,
        &run,
        &trained,
        print,
        (trained.weight_bytes, &chosen),
    )
}

fn print(trained: &TrainedHead, console: &Console) {
    let counts = &trained.counts;
    console.line(&format!(
        "{} photographs: {} unreadable, {} without a face found; {} faces to learn from",
        counts.listed, counts.unreadable, counts.faceless, trained.n_train,
    ));
    let header = [
        "split",
        "faces",
        "angle",
        "error, degrees",
        "control",
        "correlation",
    ];
    let splits = [("validation", &trained.validation), ("test", &trained.test)];
    let rows: Vec<Vec<String>> = splits.into_iter().flat_map(angle_rows).collect();
    console.table(&header, &rows);
    let test = &trained.test;
    let gaps = test
        .by_yaw
        .iter()
        .map(|(least, gap)| (format!("labels, yaw from {least} degrees"), gap))
        .chain([
            ("mirrored, read by itself".to_owned(), &test.mirrored),
            ("turned in its plane by 15 or 30".to_owned(), &test.turned),
        ]);
    let rows: Vec<Vec<String>> = gaps
        .map(|(against, gap)| {
            let angles = gap.gap.angles().map(|angle| format!("{angle:.1}"));
            [against, gap.n.to_string()]
                .into_iter()
                .chain(angles)
                .collect()
        })
        .collect();
    console.table(&["test against", "faces", "yaw", "pitch", "roll"], &rows);
}

fn angle_rows((split, scores): (&str, &HeadScores)) -> [Vec<String>; 3] {
    let row = |(angle, of): (&str, &AngleScores)| {
        vec![
            split.to_owned(),
            scores.n.to_string(),
            angle.to_owned(),
            format!("{:.2}", of.error),
            format!("{:.2}", of.control),
            format!("{:.3}", of.correlation),
        ]
    };
    [
        ("yaw", &scores.yaw),
        ("pitch", &scores.pitch),
        ("roll", &scores.roll),
    ]
    .map(row)
}

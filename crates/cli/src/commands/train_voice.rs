//! `smes train` for a voice model: recordings instead of a corpus, speakers left out instead of a
//! validation split.

use smes_training::voice::{TrainedVoice, VoiceRecipe, train_voice};
use smes_training::{Recipe, RecipeFile};

use super::train::{Bars, TrainArgs, advise, told_of_files};
use crate::console::Console;
use crate::exit::Advice;

pub(super) fn run(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = VoiceRecipe::of_file(file).map_err(advise)?;
    if args.resume {
        let hint = "leave --resume out: such a run takes minutes".to_owned();
        return Err(Advice::bad_input(
            Some(hint),
            anyhow::anyhow!("a voice run cannot be resumed"),
        ));
    }
    let run = args.run_folder(&recipe.name, &mut recipe.corpus, &mut recipe.seed);
    let mut progress = Bars { console, bar: None };
    let trained = train_voice(&recipe, &run, &mut progress).map_err(advise)?;
    let chosen = format!("temperature {:.2}", trained.temperature);
    told_of_files(
        console,
        &run,
        &trained,
        print,
        (trained.weight_bytes, &chosen),
    )
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

//! `smes rate new`: a study out of two prediction files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::anyhow;
use serde_json::json;
use smes_corpus::Corpus;
use smes_dialogue::DialogueId;
use smes_rating::{Sample, SampleOptions, Study, sample};

use super::bad_study;
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes rate new --system ours=ours.jsonl --system theirs=theirs.jsonl \\
    --corpus corpora/mesc --items 100 --seed 1 --out study

Both files are of `smes predict --responses` over the same split. No dialogue comes twice before all
came once. Moments that both systems answer alike, or one does not answer, are left out and counted.
Raters see a few checks that say what to choose, and a few moments a second time with sides swapped.";

/// Draws moments that two systems answered, and makes a blind study of them.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct NewArgs {
    /// A system's name and its predictions with responses; given twice. Wins are those of the first.
    #[arg(long = "system", required = true, value_name = "NAME=FILE")]
    systems: Vec<NamedFile>,
    /// The corpus that both were predicted on.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// Moments to be rated.
    #[arg(long, default_value_t = 100, value_name = "N")]
    items: usize,
    /// Checks that the answers are read [default: one for every 15 moments, at least 2].
    #[arg(long, value_name = "N")]
    checks: Option<usize>,
    /// Moments that each rater sees twice [default: one for every 10].
    #[arg(long, value_name = "N")]
    repeats: Option<usize>,
    /// Seed of the sample and of every rater's order.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
    /// Folder to make.
    #[arg(long, value_name = "STUDY")]
    out: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `NAME=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedFile {
    name: String,
    file: PathBuf,
}

impl FromStr for NamedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, file)) if !name.trim().is_empty() && !file.is_empty() => Ok(Self {
                name: name.trim().to_owned(),
                file: file.into(),
            }),
            _ => Err("expected a name and a file, such as `ours=ours.jsonl`".to_owned()),
        }
    }
}

pub(crate) fn run(args: &NewArgs, console: &Console) -> anyhow::Result<()> {
    let [a, b] = args.systems.as_slice() else {
        let found = args.systems.len();
        let hint = "give `--system NAME=FILE` twice".to_owned();
        return Err(Advice::bad_input(
            Some(hint),
            anyhow!("{found} systems, expected two"),
        ));
    };
    if a.name == b.name {
        let error = anyhow!("both systems are named `{}`", a.name);
        return Err(Advice::bad_input(None, error));
    }
    let options = SampleOptions {
        n_items: args.items,
        n_checks: args
            .checks
            .unwrap_or((args.items / 15).max(2).min(args.items)),
        n_repeats: args.repeats.unwrap_or(args.items / 10),
        seed: args.seed,
    };
    let drawn = sample((&a.name, &a.file), (&b.name, &b.file), options).map_err(bad_study)?;
    let corpus =
        Corpus::open(&args.corpus).map_err(|error| Advice::bad_input(error.hint(), error))?;
    let dialogues = dialogues(&corpus, &drawn)?;
    let created_with = concat!("smes ", env!("CARGO_PKG_VERSION"));
    let study = Study::create(
        &args.out,
        &drawn,
        corpus.checksum(),
        &dialogues,
        created_with,
    )
    .map_err(bad_study)?;
    told(args, &study, console)
}

/// The dialogues that moments were drawn of.
fn dialogues(
    corpus: &Corpus,
    drawn: &Sample,
) -> anyhow::Result<BTreeMap<DialogueId, smes_dialogue::Dialogue>> {
    let moments = drawn.moments.iter().chain(&drawn.checks);
    let wanted: BTreeSet<&DialogueId> = moments.map(|moment| &moment.dialogue).collect();
    let mut dialogues = BTreeMap::new();
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue.map_err(|error| Advice::bad_input(error.hint(), error))?;
        if wanted.contains(&dialogue.id) {
            dialogues.insert(dialogue.id.clone(), dialogue);
        }
    }
    Ok(dialogues)
}

fn told(args: &NewArgs, study: &Study, console: &Console) -> anyhow::Result<()> {
    let manifest = study.manifest();
    let counts = manifest.counts;
    if console.is_json() {
        return console.json(&json!({ "study": args.out, "manifest": manifest }));
    }
    let out = args.out.display();
    console.line(&format!(
        "{} moments of {} dialogues in {out}; next: smes rate invite {out} --raters 3",
        manifest.options.n_items, counts.n_dialogues
    ));
    console.note(&format!(
        "drawn from {} moments; left out: {} that both answer alike, {} without two responses",
        counts.n_common, counts.n_identical, counts.n_without_response
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_a_name_and_a_file() {
        let parsed: NamedFile = "ours=a=b.jsonl".parse().unwrap();
        assert_eq!(
            (parsed.name.as_str(), parsed.file.to_str()),
            ("ours", Some("a=b.jsonl"))
        );
        for wrong in ["ours.jsonl", "=ours.jsonl", "ours="] {
            assert!(wrong.parse::<NamedFile>().is_err(), "{wrong}");
        }
    }
}

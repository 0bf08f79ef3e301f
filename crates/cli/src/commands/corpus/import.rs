//! `smes corpus import`: published files into a corpus folder.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use smes_corpus::importers::{
    EsconvSource, ImportError, Imported, Importer, MeldSource, MescJson, MescSource,
};
use smes_dialogue::SplitName;

use crate::console::Console;
use crate::exit::Advice;

#[derive(Subcommand, Debug)]
pub(super) enum ImportArgs {
    /// MESC: `MESC.csv`, and any of its json files for cues, situations and splits.
    #[command(after_help = "Example:\n  smes corpus import mesc --csv MESC.csv \
        --json validation=val.json --json test=test.json --out corpora/mesc")]
    Mesc {
        /// `MESC.csv`.
        #[arg(long, value_name = "F")]
        csv: PathBuf,
        /// A published json file and its split: train, validation or test.
        #[arg(long, value_name = "SPLIT=F")]
        json: Vec<String>,
        /// The corpus folder to write.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// MELD: the folder with its three csv files.
    #[command(
        after_help = "Example:\n  smes corpus import meld --dir MELD/data/MELD --out corpora/meld"
    )]
    Meld {
        /// The folder with `{train,dev,test}_sent_emo.csv`.
        #[arg(long, value_name = "D")]
        dir: PathBuf,
        /// The corpus folder to write.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// ESConv: its json file.
    #[command(
        after_help = "Example:\n  smes corpus import esconv --json ESConv.json --out corpora/esconv"
    )]
    Esconv {
        /// `ESConv.json`.
        #[arg(long, value_name = "F")]
        json: PathBuf,
        /// The corpus folder to write.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

fn by_split(raw: &str) -> anyhow::Result<MescJson> {
    let hint = || Some("for example `--json validation=val.json`".to_owned());
    let (split, path) = raw.split_once('=').ok_or_else(|| {
        Advice::bad_input(hint(), anyhow::anyhow!("`--json {raw}` names no split"))
    })?;
    let split = split
        .parse::<SplitName>()
        .map_err(|reason| Advice::bad_input(hint(), anyhow::anyhow!(reason)))?;
    Ok(MescJson {
        split,
        path: path.into(),
    })
}

pub(super) fn run(args: &ImportArgs, console: &Console) -> anyhow::Result<()> {
    match args {
        ImportArgs::Mesc { csv, json, out } => {
            let json = json
                .iter()
                .map(|raw| by_split(raw))
                .collect::<anyhow::Result<_>>()?;
            let csv = csv.clone();
            import(&MescSource { csv, json }, out, console)
        }
        ImportArgs::Meld { dir, out } => {
            let folder = dir.clone();
            import(&MeldSource { folder }, out, console)
        }
        ImportArgs::Esconv { json, out } => {
            let json = json.clone();
            import(&EsconvSource { json }, out, console)
        }
    }
}

fn import(importer: &dyn Importer, out: &Path, console: &Console) -> anyhow::Result<()> {
    let progress = console.progress(importer.n_bytes(), "importing (bytes)");
    let imported = importer
        .import(out, &mut |n_bytes| progress.inc(n_bytes))
        .map_err(import_error)?;
    progress.finish_and_clear();
    let Imported {
        manifest,
        n_by_split: [train, validation, test],
        split_origin,
    } = &imported;
    console.line(&format!(
        "{}: {} dialogues, {} utterances; train {train}, validation {validation}, test {test} \
         ({split_origin})",
        manifest.name, manifest.counts.dialogues, manifest.counts.utterances
    ));
    if !manifest.issues.is_empty() {
        let rows: Vec<Vec<String>> = manifest
            .issues
            .iter()
            .map(|(kind, n)| vec![kind.as_str().into(), n.to_string(), kind.meaning().into()])
            .collect();
        console.table(&["issue", "n", "meaning"], &rows);
    }
    let dir = out.display();
    console.line(&format!(
        "wrote {dir} (issues listed in {dir}/import_issues.jsonl); next: smes corpus check {dir}"
    ));
    Ok(())
}

fn import_error(error: ImportError) -> anyhow::Error {
    Advice::bad_input(error.hint(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_file_without_a_split_is_refused_with_an_example() {
        let error = by_split("val.json").unwrap_err();
        assert_eq!(error.to_string(), "`--json val.json` names no split");
    }
}

//! What each crate does not know: the invariants of ARCHITECTURE.md, checked on `cargo tree`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::Finding;

/// Crate, what it must not reach through normal dependencies, and what that keeps true.
const LAYERS: &[(&str, &[&str], &str)] = &[
    (
        "smes-dialogue",
        &[
            "candle-core",
            "ndarray",
            "tokio",
            "futures-util",
            "async-std",
            "fs-err",
            "tempfile",
        ],
        "the vocabulary has no tensors, no async and no file system",
    ),
    (
        "smes-corpus",
        &["smes-nn", "smes-reasoning", "candle-core"],
        "corpora are read without models",
    ),
    (
        "smes-media",
        &["smes-corpus", "smes-reasoning"],
        "media are decoded without corpora",
    ),
    (
        "smes-cues",
        &["smes-corpus", "smes-reasoning"],
        "cues know media, not corpora",
    ),
    (
        "smes-kernels",
        &["smes-nn", "smes-dialogue", "fs-err"],
        "kernels know numbers, not layers, files and dialogues",
    ),
    (
        "smes-nn",
        &["smes-dialogue", "smes-corpus"],
        "networks know tensors, not dialogues",
    ),
    (
        "smes-plots",
        &["smes-dialogue"],
        "charts know numbers, not dialogues",
    ),
    (
        "smes-reasoning",
        &["smes-training", "smes-server", "smes-corpus"],
        "reasoners run without training data and servers",
    ),
    (
        "smes-evaluation",
        &["smes-nn", "smes-reasoning", "candle-core"],
        "anyone's predictions are scored without models",
    ),
    (
        "smes-rating",
        &["smes-nn", "smes-reasoning", "smes-corpus", "tokio", "axum"],
        "a study is made and reported on without models, corpora and servers",
    ),
    (
        "smes-endpoint",
        &["smes-corpus", "smes-reasoning", "smes-rating", "tokio"],
        "an endpoint is asked without knowing what about",
    ),
    (
        "smes-speech",
        &[
            "smes-corpus",
            "smes-cues",
            "smes-reasoning",
            "smes-server",
            "tokio",
        ],
        "speech becomes text without cues, reasoners and servers",
    ),
    (
        "smes-hub",
        &["smes-dialogue", "smes-nn", "candle-core", "tokio"],
        "models are fetched as files",
    ),
    ("smes-server", &["smes-training"], "a server cannot train"),
];

/// Asks cargo for each crate's dependencies and compares them with [`LAYERS`].
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, forbidden, why) in LAYERS {
        let output = Command::new("cargo")
            .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
            .args(["--format", "{p}", "--package", name])
            .current_dir(root)
            .output()
            .context("starting `cargo tree`")?;
        if !output.status.success() {
            bail!(
                "`cargo tree -p {name}`: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        let tree = String::from_utf8_lossy(&output.stdout);
        findings.extend(reached(name, forbidden, why, &tree));
    }
    Ok(findings)
}

/// Findings for the forbidden crates that the output of `cargo tree` names.
fn reached(name: &str, forbidden: &[&str], why: &str, tree: &str) -> Vec<Finding> {
    let names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    forbidden
        .iter()
        .filter(|other| names.contains(other))
        .map(|other| {
            let folder = name.trim_start_matches("smes-");
            let path = format!("crates/{folder}/Cargo.toml");
            Finding::new(&path, 0, format!("reaches `{other}`, but {why}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_dependency_is_found_by_its_whole_name() {
        let tree = "smes-a v0.1.0 (x)\ncandle-core v0.11.1\ntokio-util v1.0.0\nserde v1 (*)\n";
        let said = reached("smes-a", &["tokio", "candle-core"], "it is small", tree);
        assert_eq!(said.len(), 1);
        assert_eq!(
            said[0].to_string(),
            "crates/a/Cargo.toml: reaches `candle-core`, but it is small"
        );
    }

    #[test]
    fn the_crates_of_the_table_exist() {
        for (name, _, _) in LAYERS {
            let folder = name.trim_start_matches("smes-");
            let manifest =
                super::super::repository_root().join(format!("crates/{folder}/Cargo.toml"));
            assert!(manifest.is_file(), "{name}");
        }
    }
}

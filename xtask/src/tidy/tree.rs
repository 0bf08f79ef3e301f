//! The files of the repository in memory, and the rules about the tree as a whole.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::Finding;

/// Largest size of `models/`, which stays in the history for ever.
const MODELS_MAX_BYTES: u64 = 40 << 20;
/// Files that must be there.
const REQUIRED: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "Makefile",
    ".ci/run",
    "deny.toml",
    "docs/glossary.md",
    "docs/guides/add-a-cue.md",
    "docs/guides/add-a-metric.md",
    "docs/guides/add-a-model.md",
    "docs/guides/add-a-wire-message.md",
    "models/starter/README.md",
];
/// Folders that hold no sources, for a tree that is no git checkout.
const NOT_SOURCES: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    "runs",
    ".cache",
    "__pycache__",
];
/// Identical files that are meant to be, and why.
const MAY_BE_IDENTICAL: &[(&str, &str)] = &[];

/// Path from the root, and contents.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// The files that git tracks or would track; all files where there is no git.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for path in list(root)? {
            let full = root.join(&path);
            // A tracked file may be deleted in the working tree.
            if full.is_file() {
                files.insert(path, fs_err::read(&full)?);
            }
        }
        Ok(Self { files })
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
                .collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// The text of a file that is UTF-8.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }

    /// Path and text of every UTF-8 file, in order of path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(|(_, bytes)| !bytes.contains(&0))
            .filter_map(|(path, bytes)| Some((path.as_str(), std::str::from_utf8(bytes).ok()?)))
    }
}

/// What stands after the last dot of a path; tracked names are written in lower case.
pub(crate) fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn list(root: &Path) -> anyhow::Result<Vec<String>> {
    let git = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output();
    match git {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
            Ok(text
                .split('\0')
                .filter(|path| !path.is_empty())
                .map(str::to_owned)
                .collect())
        }
        _ => {
            let mut paths = Vec::new();
            walk(root, "", &mut paths)?;
            Ok(paths)
        }
    }
}

fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs_err::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| anyhow::anyhow!("{} is not UTF-8", name.display()))?;
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        if entry.file_type()?.is_dir() {
            if !NOT_SOURCES.contains(&name.as_str()) {
                walk(root, &path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// The rules about the tree as a whole.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = REQUIRED
        .iter()
        .filter(|path| !tree.files.contains_key(**path))
        .map(|path| Finding::new(path, 0, "is missing"))
        .collect();
    findings.extend(models_size(tree));
    findings.extend(duplicates(tree));
    findings
}

fn models_size(tree: &Tree) -> Option<Finding> {
    let bytes: u64 = tree
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("models/"))
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    (bytes > MODELS_MAX_BYTES).then(|| {
        let what = format!("{bytes} bytes, at most {MODELS_MAX_BYTES}: it stays in the history");
        Finding::new("models", 0, what)
    })
}

fn duplicates(tree: &Tree) -> Vec<Finding> {
    let mut by_contents: BTreeMap<(usize, u64), &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for (path, bytes) in &tree.files {
        if bytes.len() < 64 || MAY_BE_IDENTICAL.iter().any(|(allowed, _)| allowed == path) {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let first = *by_contents
            .entry((bytes.len(), hasher.finish()))
            .or_insert(path);
        if first != path {
            let what = format!("is identical to {first}; share it, or say why in MAY_BE_IDENTICAL");
            findings.push(Finding::new(path, 0, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_identical_files_are_found() {
        let text = "x".repeat(80);
        let tree = Tree::of(&[
            ("a/one.rs", &text),
            ("b/two.rs", &text),
            ("c.rs", "short"),
            ("d.rs", "short"),
        ]);
        let findings = duplicates(&tree);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .to_string()
                .starts_with("b/two.rs: is identical to a/one.rs")
        );
    }

    #[test]
    fn a_missing_licence_and_a_heavy_model_are_found() {
        let mut tree = Tree::of(&[("README.md", "hello\n")]);
        tree.files.insert("models/x".to_owned(), vec![1; 41 << 20]);
        let said: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert!(said.contains(&"LICENSE-MIT: is missing".to_owned()));
        assert!(
            said.iter()
                .any(|line| line.starts_with("models: 42991616 bytes"))
        );
        assert!(!said.iter().any(|line| line.starts_with("README.md")));
    }

    #[test]
    fn a_folder_is_there_when_a_file_lies_in_it() {
        let tree = Tree::of(&[("docs/adr/0001.md", "x")]);
        assert!(tree.has("docs/adr") && tree.has("docs/adr/") && !tree.has("docs/ad"));
    }
}

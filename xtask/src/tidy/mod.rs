//! `cargo xtask tidy`: the rules of the tree that no compiler knows.
//!
//! A rule reads a [`Tree`] and gives findings; so each is tested on small bad trees in memory. The
//! layers between crates are checked on what `cargo tree` says.

mod crates;
mod docs;
mod layers;
mod sources;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::bail;
pub(crate) use tree::Tree;

/// Something a rule objects to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path from the root.
    path: String,
    /// Line, from 1; 0 for the whole file.
    line: usize,
    /// What is wrong and what to do.
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// The folder that holds the workspace.
pub(crate) fn repository_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Applies every rule and fails with all findings.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::read(root)?;
    let mut findings = sources::check(&tree);
    findings.extend(crates::check(&tree));
    findings.extend(docs::check(&tree));
    findings.extend(tree::check(&tree));
    findings.extend(layers::check(root)?);
    findings.sort();
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!("tidy: {} files are tidy", tree.len());
    Ok(())
}

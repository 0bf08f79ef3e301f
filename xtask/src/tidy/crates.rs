//! Rules about the crates' manifests.

use super::{Finding, Tree};

/// Crates that may use `anyhow`: those that talk to people.
const MAY_USE_ANYHOW: &[&str] = &["crates/cli/Cargo.toml", "xtask/Cargo.toml"];
const MAP: &str = "ARCHITECTURE.md";

/// All rules of this file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let map = tree.text(MAP).unwrap_or_default();
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        let Some(name) = crate_name(path) else {
            continue;
        };
        let has_line = |start: &str| {
            text.lines()
                .any(|line| line.trim_start().starts_with(start))
        };
        if !has_line("description = ") {
            findings.push(Finding::new(path, 0, "has no `description`"));
        }
        if !text.replace(' ', "").contains("[lints]\nworkspace=true") {
            findings.push(Finding::new(path, 0, "does not take the workspace's lints"));
        }
        if !MAY_USE_ANYHOW.contains(&path) && has_line("anyhow") {
            findings.push(Finding::new(path, 0, "only cli and xtask use anyhow"));
        }
        if !map
            .lines()
            .any(|line| line.starts_with(&format!("**`{name}`**")))
        {
            let what = format!("has no paragraph that begins with **`{name}`**");
            findings.push(Finding::new(MAP, 0, what));
        }
    }
    let forbids = tree
        .text("Cargo.toml")
        .is_some_and(|text| text.contains("unsafe_code = \"forbid\""));
    if !forbids {
        findings.push(Finding::new(
            "Cargo.toml",
            0,
            "does not forbid unsafe code for the workspace",
        ));
    }
    findings
}

/// `crates/corpus` of `crates/corpus/Cargo.toml`; `xtask` of `xtask/Cargo.toml`.
fn crate_name(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    let is_member = folder == "xtask"
        || folder
            .strip_prefix("crates/")
            .is_some_and(|name| !name.contains('/'));
    is_member.then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: (&str, &str) = ("Cargo.toml", "unsafe_code = \"forbid\"\n");

    #[test]
    fn a_good_crate_passes() {
        let tree = Tree::of(&[
            ROOT,
            (MAP, "**`crates/a`** is a crate.\n"),
            (
                "crates/a/Cargo.toml",
                "description = \"a\"\n[lints]\nworkspace = true\n",
            ),
            ("crates/a/fuzz/Cargo.toml", ""),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn each_fault_of_a_manifest_is_found() {
        let tree = Tree::of(&[
            (MAP, ""),
            ("crates/a/Cargo.toml", "[dependencies]\nanyhow = \"1\"\n"),
        ]);
        let said: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "crates/a/Cargo.toml: has no `description`",
                "crates/a/Cargo.toml: does not take the workspace's lints",
                "crates/a/Cargo.toml: only cli and xtask use anyhow",
                "ARCHITECTURE.md: has no paragraph that begins with **`crates/a`**",
                "Cargo.toml: does not forbid unsafe code for the workspace",
            ]
        );
    }
}

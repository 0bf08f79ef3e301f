//! Rules about the crates' manifests.

use super::{Finding, Tree};

/// Crates that may use `anyhow`: those that talk to people.
const MAY_USE_ANYHOW: &[&str] = &["crates/cli/Cargo.toml", "xtask/Cargo.toml"];
/// The crate with lints of its own: it must be able to expect unsafe code in a file.
const KERNELS: &str = "crates/kernels";
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
        if name == KERNELS {
            findings.extend(kernel_lints(tree, path, text));
        } else if !text.replace(' ', "").contains("[lints]\nworkspace=true") {
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

/// The kernels deny unsafe code where the workspace forbids it; all its other lints they have too.
fn kernel_lints(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let root = tree.text("Cargo.toml").unwrap_or_default();
    let lints = root
        .lines()
        .skip_while(|line| *line != "[workspace.lints.rust]")
        .take_while(|line| !line.starts_with("[profile"))
        .filter(|line| line.contains(" = ") && !line.starts_with('#'))
        .map(|line| line.replace("\"forbid\"", "\"deny\""));
    lints
        .filter(|lint| !text.lines().any(|line| line == lint))
        .map(|lint| Finding::new(path, 0, format!("lacks the workspace's lint `{lint}`")))
        .collect()
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
    fn the_kernels_repeat_the_lints_of_the_workspace() {
        let root = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\n\n[profile.dev]\ndebug = 1\n";
        let check_with = |lints: &str| {
            let manifest = format!("description = \"k\"\n{lints}");
            let tree = Tree::of(&[
                ("Cargo.toml", root),
                (MAP, "**`crates/kernels`** is a crate.\n"),
                ("crates/kernels/Cargo.toml", &manifest),
            ]);
            let said: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
            said
        };
        let all = "[lints.rust]\nunsafe_code = \"deny\"\nmissing_docs = \"warn\"\n";
        assert!(check_with(all).is_empty(), "{:?}", check_with(all));
        assert_eq!(
            check_with("[lints.rust]\nunsafe_code = \"deny\"\n"),
            ["crates/kernels/Cargo.toml: lacks the workspace's lint `missing_docs = \"warn\"`"]
        );
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

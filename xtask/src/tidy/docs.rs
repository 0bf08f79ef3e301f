//! Rules about Markdown: links between files lead somewhere, and the map stays short.

use super::tree::extension;
use super::{Finding, Tree};

/// Longest `ARCHITECTURE.md`, in lines; a longer map is not read.
const MAP_MAX_LINES: usize = 200;

/// All rules of this file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| extension(path) == "md") {
        for (line, target) in links(text) {
            let Some(resolved) = resolve(path, target) else {
                continue;
            };
            if !tree.has(&resolved) {
                let what = format!("the link to `{target}` leads nowhere");
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    let n_lines = tree
        .text("ARCHITECTURE.md")
        .map_or(0, |text| text.lines().count());
    if n_lines > MAP_MAX_LINES {
        let what = format!("{n_lines} lines, at most {MAP_MAX_LINES}");
        findings.push(Finding::new("ARCHITECTURE.md", 0, what));
    }
    findings
}

/// Line and target of each `[text](target)` outside of code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_code = false;
    for (idx, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        // Every second piece between backticks is code.
        for prose in line.split('`').step_by(2) {
            for (at, _) in prose.match_indices("](") {
                let rest = &prose[at + 2..];
                if let Some(end) = rest.find(')') {
                    found.push((idx + 1, &rest[..end]));
                }
            }
        }
    }
    found
}

/// The path from the root that a link of the file `from` means; nothing for the web and for places
/// inside the same file.
fn resolve(from: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_link_is_found_and_others_are_not() {
        let text = "[a](../README.md) [b](gone.md#x) [c](https://example.org/y) [d](#here)\n\
                    ```\n[e](nowhere.md)\n```\nSay `[f](nowhere.md)` here. [g](../docs)\n";
        let tree = Tree::of(&[("docs/a.md", text), ("README.md", "[h](docs/a.md)\n")]);
        let said: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["docs/a.md:1: the link to `gone.md#x` leads nowhere"]);
    }

    #[test]
    fn a_link_beside_code_on_the_same_line_is_seen() {
        assert_eq!(links("`x` and [a](b.md)"), [(1, "b.md")]);
    }

    #[test]
    fn a_map_that_grew_too_long_is_found() {
        let map = "line\n".repeat(201);
        let findings = check(&Tree::of(&[("ARCHITECTURE.md", &map)]));
        assert_eq!(
            findings[0].to_string(),
            "ARCHITECTURE.md: 201 lines, at most 200"
        );
    }
}

//! Rules about source and text files, line by line.

use super::tree::extension;
use super::{Finding, Tree};

/// Longest file, in lines before its tests.
const MAX_LINES: usize = 500;
/// Files that may be longer, and why.
const MAY_BE_LONG: &[(&str, &str)] = &[];
/// Crates that may print.
const MAY_PRINT: &[&str] = &["crates/cli/", "xtask/", "crates/testkit/"];
/// Endings of text files in which blanks at the end of a line mean nothing.
const TEXT_ENDINGS: &[&str] = &[
    ".rs", ".md", ".toml", ".sh", ".py", ".js", ".mjs", ".css", ".html", ".json", "Makefile",
    ".ci/run",
];
/// What unfinished work looks like. Split in two so that this file does not find itself.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
];
/// Paths of somebody's machine.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];
/// Files that may hold unsafe code: kernels on raw memory, each with its proofs.
const MAY_BE_UNSAFE: &[&str] = &[
    "crates/kernels/src/gemm/bf16.rs",
    "crates/kernels/src/gemm/f32.rs",
    "crates/kernels/src/gemm/int8.rs",
    "crates/kernels/src/gemm/mod.rs",
    "crates/kernels/src/matrix.rs",
    "crates/kernels/src/memory.rs",
    "crates/kernels/src/storage.rs",
];
const PRINTS: &[&str] = &["println!(", "print!(", "eprintln!(", "eprint!(", "dbg!("];

/// All rules of this file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        let is_text = TEXT_ENDINGS.iter().any(|ending| path.ends_with(ending));
        // A fixture looks as its source does, whatever that is.
        if is_text && !path.contains("/fixtures/") {
            findings.extend(blanks(path, text));
        }
        // Data that somebody else's tool wrote may hold anything.
        if !["lock", "jsonl"].contains(&extension(path)) {
            findings.extend(machine_paths(path, text));
        }
        if extension(path) == "rs" {
            findings.extend(module_doc(path, text));
            findings.extend(length(path, text));
            findings.extend(unfinished(path, text));
            findings.extend(prints(path, text));
            findings.extend(unsafe_code(path, text));
        }
    }
    findings
}

fn blanks(path: &str, text: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.ends_with([' ', '\t']))
        .map(|(idx, _)| Finding::new(path, idx + 1, "blanks at the end of the line"))
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(path, 0, "has no line end at its end"));
    }
    findings
}

fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    text.lines()
        .enumerate()
        .filter_map(|(idx, line)| {
            let found = MACHINE_PATHS.iter().find(|part| has_path(line, part))?;
            let what = format!("`{found}` is a path of one machine");
            Some(Finding::new(path, idx + 1, what))
        })
        .collect()
}

/// Whether the line holds the absolute path: not `docs/work/`, not a web address.
fn has_path(line: &str, part: &str) -> bool {
    line.match_indices(part).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "._-/~}".contains(before))
    })
}

fn module_doc(path: &str, text: &str) -> Option<Finding> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let is_documented = first.starts_with("//!") || first.starts_with("#![doc");
    (!is_documented).then(|| Finding::new(path, 1, "has no module doc (`//!`) in its first line"))
}

fn length(path: &str, text: &str) -> Option<Finding> {
    let n_lines = code_lines(text).count();
    let is_allowed = MAY_BE_LONG.iter().any(|(allowed, _)| *allowed == path);
    (n_lines > MAX_LINES && !is_test(path) && !is_allowed).then(|| {
        let what = format!("{n_lines} lines before its tests, at most {MAX_LINES}: cut it, or give a reason in MAY_BE_LONG");
        Finding::new(path, 0, what)
    })
}

/// Whether the whole file is tests.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The lines before the tests, with their numbers from 1.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("mod tests"))
        .map(|(idx, line)| (idx + 1, line))
}

fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    text.lines()
        .enumerate()
        .filter_map(|(idx, line)| {
            let found = UNFINISHED.iter().find(|mark| code(line).contains(**mark))?;
            let what = format!("`{found}`: finish it, or leave it out");
            Some(Finding::new(path, idx + 1, what))
        })
        .collect()
}

fn prints(path: &str, text: &str) -> Vec<Finding> {
    let is_library_source = path.contains("/src/")
        && !is_test(path)
        && !MAY_PRINT.iter().any(|may| path.starts_with(may));
    if !is_library_source {
        return Vec::new();
    }
    code_lines(text)
        .filter(|(_, line)| PRINTS.iter().any(|print| code(line).contains(print)))
        .map(|(line, _)| Finding::new(path, line, "only cli and xtask print"))
        .collect()
}

fn unsafe_code(path: &str, text: &str) -> Vec<Finding> {
    let marks = [
        concat!("uns", "afe {"),
        concat!("uns", "afe fn"),
        concat!("uns", "afe impl"),
    ];
    let is_listed = MAY_BE_UNSAFE.contains(&path);
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .enumerate()
        .filter(|(_, line)| marks.iter().any(|mark| code(line).contains(mark)))
        .filter_map(|(idx, _)| {
            if !is_listed {
                let what = "only the kernel files named in MAY_BE_UNSAFE may have unsafe code";
                return Some(Finding::new(path, idx + 1, what));
            }
            (!is_proved(&lines[..idx])).then(|| {
                let what = "unsafe code without `SAFETY:` (or `# Safety`) above it";
                Finding::new(path, idx + 1, what)
            })
        })
        .collect()
}

/// Whether the statement or item that begins after these lines has a proof in the comment above it:
/// close by, since attributes and the head of a longer statement may stand between.
fn is_proved(before: &[&str]) -> bool {
    before
        .iter()
        .rev()
        .take(12)
        .any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
}

/// The line without its comment. A `//` inside a string ends it too, which these rules can bear.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rules say about one file.
    fn said(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_tidy_file_passes() {
        let text = "//! What it is.\n\nfn main() {}\n";
        assert!(said("crates/a/src/lib.rs", text).is_empty());
    }

    #[test]
    fn each_fault_is_found_with_its_line() {
        let cases = [
            ("fn a() {}\n".to_owned(), "x.rs:1: has no module doc"),
            (
                "//! D.\nfn a() {} \n".to_owned(),
                "x.rs:2: blanks at the end",
            ),
            ("//! D.".to_owned(), "x.rs: has no line end"),
            (
                format!("//! D.\n{})\n", UNFINISHED[0]),
                concat!("x.rs:2: `to", "do!(`"),
            ),
            (
                format!("//! D.\n{}]\n", UNFINISHED[2]),
                concat!("x.rs:2: `#[ig", "nore`"),
            ),
            (
                format!("//! D.\n//! See {}x.\n", MACHINE_PATHS[0]),
                concat!("x.rs:2: `/wo", "rk/`"),
            ),
            (
                format!("//! D.\n{} }}\n", concat!("uns", "afe {")),
                "x.rs:2: only the kernel files",
            ),
            (
                format!("//! D.\n{}", "fn a() {}\n".repeat(500)),
                "x.rs: 501 lines before its tests",
            ),
        ];
        for (text, expected) in cases {
            let said = said("x.rs", &text);
            assert!(
                said.len() == 1 && said[0].starts_with(expected),
                "{expected}: {said:?}"
            );
        }
    }

    #[test]
    fn libraries_may_not_print_outside_their_tests() {
        let text =
            "//! D.\nfn a() { println!(\"x\"); }\nmod tests {\nfn b() { println!(\"x\"); }\n}\n";
        assert_eq!(
            said("crates/a/src/lib.rs", text),
            ["crates/a/src/lib.rs:2: only cli and xtask print"]
        );
        assert!(said("crates/cli/src/main.rs", text).is_empty());
        let in_comment = "//! D.\n// println!() is not called\n";
        assert!(said("crates/a/src/lib.rs", in_comment).is_empty());
    }

    #[test]
    fn unsafe_code_of_a_kernel_needs_a_proof() {
        let line = concat!("uns", "afe", " { f() }");
        let text = format!("//! D.\n// SAFETY: it is.\n{line}\n");
        assert!(said(MAY_BE_UNSAFE[0], &text).is_empty());
        let said = said(MAY_BE_UNSAFE[0], &format!("//! D.\n{line}\n"));
        assert!(
            said.len() == 1 && said[0].contains(":2: unsafe code without"),
            "{said:?}"
        );
    }

    #[test]
    fn long_tests_do_not_count_as_length() {
        let text = format!("//! D.\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(600));
        assert!(said("x.rs", &text).is_empty());
        let text = format!("//! D.\n{}", "fn a() {}\n".repeat(600));
        assert!(said("crates/a/tests/it/main.rs", &text).is_empty());
        assert!(said("crates/a/src/b/tests.rs", &text).is_empty());
    }

    #[test]
    fn a_web_address_is_no_machine_path() {
        let text = format!("//! https://example.org{}x\n", MACHINE_PATHS[1]);
        assert!(said("x.rs", &text).is_empty());
    }
}

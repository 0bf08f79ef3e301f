//! `cargo xtask check`: the steps in order, each a program; the first failure ends it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

/// One step: what it is called and what is run.
struct Step {
    name: &'static str,
    program: &'static str,
    args: Vec<&'static str>,
    env: Vec<(&'static str, &'static str)>,
    folder: &'static str,
}

impl Step {
    fn cargo(name: &'static str, args: &[&'static str]) -> Self {
        Self {
            name,
            program: "cargo",
            args: args.to_vec(),
            env: Vec::new(),
            folder: ".",
        }
    }
}

/// Runs every step in the repository at `root`.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let begun = Instant::now();
    execute(root, &Step::cargo("fmt", &["fmt", "--all", "--check"]))?;
    said("tidy", || crate::tidy::run(root))?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ];
    execute(root, &Step::cargo("clippy", &clippy))?;
    check_page_types(root)?;
    test(root)?;
    let doctests = ["test", "--workspace", "--doc", "--locked", "--quiet"];
    execute(root, &Step::cargo("doctests", &doctests))?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked", "--quiet"];
    let mut docs = Step::cargo("docs", &docs);
    docs.env.push(("RUSTDOCFLAGS", "-D warnings"));
    execute(root, &docs)?;
    check_licences(root)?;
    println!(
        "check: all passed in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The tests, with nextest where it is installed and with cargo's own runner otherwise.
fn test(root: &Path) -> anyhow::Result<()> {
    if answers("cargo", &["nextest", "--version"]) {
        let args = [
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ];
        execute(root, &Step::cargo("tests (nextest)", &args))
    } else {
        println!("check: cargo-nextest is not installed, so `cargo test` runs the tests");
        let args = [
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--locked",
            "--no-fail-fast",
        ];
        execute(root, &Step::cargo("tests", &args))
    }
}

/// The types of the page's JavaScript, where npm has installed the pinned compiler or can.
fn check_page_types(root: &Path) -> anyhow::Result<()> {
    let web = "crates/server/web";
    if !root.join(web).join("package.json").is_file() {
        println!("check: skipped the types of the page: `{web}/package.json` is absent");
        return Ok(());
    }
    if !answers("npm", &["--version"]) {
        println!("check: skipped the types of the page: npm is not installed");
        return Ok(());
    }
    let npm = |name, args: &[&'static str]| Step {
        name,
        program: "npm",
        args: args.to_vec(),
        env: Vec::new(),
        folder: web,
    };
    if !root.join(web).join("node_modules/.bin/tsc").exists() {
        let install = [
            "install",
            "--no-save",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ];
        if execute(root, &npm("page: install the type checker", &install)).is_err() {
            println!("check: skipped the types of the page: npm could not install the checker");
            return Ok(());
        }
    }
    execute(root, &npm("page: types", &["run", "--silent", "check"]))
}

/// The first cargo-deny whose settings have the form of `deny.toml`.
const CARGO_DENY: (u64, u64) = (0, 18);

fn check_licences(root: &Path) -> anyhow::Result<()> {
    let (major, minor) = CARGO_DENY;
    let Some(version) = said_version("cargo", &["deny", "--version"]) else {
        println!("check: skipped licences and sources: cargo-deny is not installed");
        return Ok(());
    };
    if major_and_minor(&version).is_none_or(|found| found < CARGO_DENY) {
        println!(
            "check: skipped licences and sources: `{version}` is older than {major}.{minor}, which \
             deny.toml is written for; `cargo install cargo-deny --locked` gets a later one"
        );
        return Ok(());
    }
    let args = [
        "deny",
        "--log-level",
        "error",
        "check",
        "licenses",
        "sources",
        "bans",
    ];
    execute(root, &Step::cargo("licences and sources", &args))
}

fn execute(root: &Path, step: &Step) -> anyhow::Result<()> {
    said(step.name, || {
        let status = Command::new(step.program)
            .args(&step.args)
            .envs(step.env.iter().copied())
            .current_dir(root.join(step.folder))
            .status()
            .with_context(|| format!("starting `{}`", step.program))?;
        if !status.success() {
            bail!("`{} {}` failed", step.program, step.args.join(" "));
        }
        Ok(())
    })
}

fn said(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("check: {name}");
    let begun = Instant::now();
    work().with_context(|| format!("check: {name}"))?;
    println!(
        "check: {name}: passed in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What the program says of its version, where it runs.
fn said_version(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let said = output.status.success().then_some(output.stdout)?;
    Some(String::from_utf8_lossy(&said).trim().to_owned())
}

/// `(0, 18)` of `cargo-deny 0.18.3`.
fn major_and_minor(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.split_whitespace().last()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether the program runs and is content.
fn answers(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_by_its_numbers_and_an_unreadable_one_has_none() {
        assert_eq!(major_and_minor("cargo-deny 0.20.2"), Some((0, 20)));
        assert!(major_and_minor("cargo-deny 0.14.2").expect("two numbers") < CARGO_DENY);
        assert!(major_and_minor("cargo-deny 1.0.0").expect("two numbers") > CARGO_DENY);
        assert_eq!(major_and_minor("no version"), None);
        assert_eq!(major_and_minor(""), None);
    }
}

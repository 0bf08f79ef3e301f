//! The one printer: results on stdout, notes and progress on stderr.
//!
//! Colours follow `NO_COLOR` and only show on a terminal; progress bars hide in a pipe.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this file is where printing happens"
)]
#![allow(
    clippy::unused_self,
    reason = "commands print through the console they were handed, whatever it does today"
)]

use std::borrow::Cow;
use std::io::IsTerminal;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// The form of a command's result. Not a global argument: for the importers `--json` names a file.
#[derive(clap::Args, Debug, Clone, Copy, Default)]
pub(crate) struct Output {
    /// Prints JSON on stdout instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a command says what it has to say.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    pub(crate) const fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether the caller is a machine and wants one JSON document.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a value as JSON on stdout.
    pub(crate) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        print_line(&text);
        Ok(())
    }

    /// Prints a line of the result on stdout.
    pub(crate) fn line(&self, text: &str) {
        print_line(text);
    }

    /// Says something beside the result, on stderr; silent when quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// Says that something went wrong, on stderr; never silent.
    pub(crate) fn error(&self, text: &str) {
        let label = if self.is_coloured() {
            "\u{1b}[1;31merror\u{1b}[0m"
        } else {
            "error"
        };
        eprintln!("{label}: {text}");
    }

    /// Says what to do about it, on stderr.
    pub(crate) fn hint(&self, text: &str) {
        let label = if self.is_coloured() {
            "\u{1b}[1;36mhint\u{1b}[0m"
        } else {
            "hint"
        };
        eprintln!("{label}: {text}");
    }

    /// Prints a table; the first column is left-aligned, the others right.
    pub(crate) fn table(&self, headers: &[&str], rows: &[Vec<String>]) {
        print_line(&render_table(headers, rows));
    }

    /// A progress bar over `len` steps.
    pub(crate) fn progress(&self, len: u64, label: impl Into<Cow<'static, str>>) -> ProgressBar {
        let target = if self.quiet || self.json || !std::io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style =
            ProgressStyle::with_template("{msg} {bar:32} {pos}/{len} {elapsed} (left {eta})")
                .expect("the template is a constant and valid");
        ProgressBar::with_draw_target(Some(len), target)
            .with_style(style)
            .with_message(label)
    }

    fn is_coloured(&self) -> bool {
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
    }
}

/// A reader that has seen enough (`smes ... | head`) closes the pipe; that is no failure.
fn print_line(text: &str) {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Columns apart by space, one rule under the header: dense and easy to read across.
const RULED_HEADER: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

fn render_table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(RULED_HEADER);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headers.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for (idx, column) in table.column_iter_mut().enumerate() {
        let side = if idx == 0 {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        };
        column.set_cell_alignment(side);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_names_left() {
        let rows = vec![
            vec!["a".to_owned(), "1".to_owned()],
            vec!["long name".to_owned(), "100".to_owned()],
        ];
        let table = render_table(&["name", "n"], &rows);
        let ends: Vec<usize> = table
            .lines()
            .skip(2)
            .map(|line| line.trim_end().chars().count())
            .collect();
        assert_eq!(ends[0], ends[1], "{table}");
        assert!(
            table
                .lines()
                .skip(2)
                .all(|line| line.starts_with(" a ") || line.starts_with(" long")),
            "{table}"
        );
    }
}

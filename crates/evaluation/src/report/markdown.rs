//! Tables in Markdown, and their cells for the terminal.

use std::fmt::Write;

use super::{column_titles, figure, row_title};
use crate::evaluation::Evaluation;
use crate::table::{Row, RowKind, Table};

/// Headers of a table.
pub fn header_cells(table: &Table) -> Vec<String> {
    ["system".to_owned(), "source".to_owned()]
        .into_iter()
        .chain(column_titles(table))
        .collect()
}

/// Cells of a row.
pub fn row_cells(row: &Row) -> Vec<String> {
    let figures = row.cells.iter().map(|cell| {
        cell.as_ref().map_or_else(
            || "-".to_owned(),
            |cell| {
                if row.kind == RowKind::Printed {
                    printed(cell.value)
                } else {
                    figure(cell)
                }
            },
        )
    });
    [row_title(row), row.kind.title().to_owned()]
        .into_iter()
        .chain(figures)
        .collect()
}

/// A figure of a paper: no digit that is not in it.
fn printed(value: f64) -> String {
    format!("{value}")
}

/// All tables and notes.
pub fn markdown(evaluation: &Evaluation) -> String {
    let mut text = format!("## {}\n\n", evaluation.title);
    for table in &evaluation.tables {
        let counts = format!(
            "protocol `{}`, {} instances of {} dialogues",
            table.protocol, table.n_instances, table.n_dialogues
        );
        let _ = writeln!(text, "### {}\n\n{counts}\n", table.title);
        text += &line(&header_cells(table));
        text += &line(&vec!["---".to_owned(); table.columns.len() + 2]);
        for row in &table.rows {
            text += &line(&row_cells(row));
        }
        text.push('\n');
    }
    for note in &evaluation.notes {
        let _ = writeln!(text, "- {note}");
    }
    text
}

fn line(cells: &[String]) -> String {
    let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", escaped.join(" | "))
}

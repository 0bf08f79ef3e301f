//! Figures as text: for the terminal, Markdown, CSV, LaTeX and one self-contained HTML page.

mod csv;
mod html;
mod latex;
mod markdown;
mod score_table;

pub use csv::csv;
pub use html::{ReportError, html};
pub use latex::latex;
pub use markdown::{header_cells, markdown, row_cells};
pub use score_table::{TABLE_HEADERS, table_rows};

use std::collections::BTreeSet;

use crate::table::{Cell, Column, Row, Table};

/// A figure with its deviation over seeds, or else its interval; the best marked with `*`, one that may
/// be chance with `ns`.
fn figure(cell: &Cell) -> String {
    let spread = match (cell.deviation, cell.interval) {
        (Some(deviation), _) => format!(" ± {deviation:.2}"),
        // Whoever answers everything answers everything in every draw.
        (None, Some(interval)) if interval.high - interval.low < 1e-9 => String::new(),
        (None, Some(interval)) => format!(" [{:.1}, {:.1}]", interval.low, interval.high),
        (None, None) => String::new(),
    };
    let best = if cell.is_best { "*" } else { "" };
    let chance = if cell.is_not_significant() { " ns" } else { "" };
    format!("{:.2}{best}{spread}{chance}", cell.value)
}

/// Title of a column with what it is of, where a table holds several tasks.
fn column_titles(table: &Table) -> Vec<String> {
    let tasks: BTreeSet<_> = table.columns.iter().filter_map(Column::group).collect();
    table
        .columns
        .iter()
        .map(|column| match column.group() {
            Some(group) if tasks.len() > 1 => format!("{group}: {}", column.title()),
            _ => column.title(),
        })
        .collect()
}

/// Name of a row with its seeds.
fn row_title(row: &Row) -> String {
    if row.n_seeds > 1 {
        format!("{} ({} seeds)", row.system, row.n_seeds)
    } else {
        row.system.clone()
    }
}

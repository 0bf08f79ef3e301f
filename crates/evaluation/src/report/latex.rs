//! Tables for a paper: `booktabs`, the best in bold, what may be chance with a dagger.

use std::fmt::Write;

use super::{column_titles, row_title};
use crate::evaluation::Evaluation;
use crate::table::{Cell, RowKind, Table};

/// All tables.
pub fn latex(evaluation: &Evaluation) -> String {
    let tables: Vec<String> = evaluation.tables.iter().map(table_environment).collect();
    format!(
        "% {}; needs \\usepackage{{booktabs}}; $^\\dagger$: p > 0.05\n{}",
        escaped(&evaluation.title),
        tables.join("\n")
    )
}

fn table_environment(table: &Table) -> String {
    let titles: Vec<String> = column_titles(table)
        .iter()
        .map(|title| escaped(title))
        .collect();
    let mut text = format!(
        "\\begin{{table}}\n\\caption{{{} (protocol \\texttt{{{}}}, {} instances)}}\n\\begin{{tabular}}{{l{}}}\n\\toprule\nsystem & {} \\\\\n\\midrule\n",
        escaped(&table.title),
        table.protocol,
        table.n_instances,
        "r".repeat(titles.len()),
        titles.join(" & ")
    );
    let mut kind = table.rows.first().map(|row| row.kind);
    for row in &table.rows {
        if Some(row.kind) != kind {
            text += "\\midrule\n";
            kind = Some(row.kind);
        }
        let cells: Vec<String> = row
            .cells
            .iter()
            .map(|cell| figure(*cell, row.kind))
            .collect();
        let mark = match row.kind {
            RowKind::Printed => " (printed)",
            RowKind::Absent => " (absent)",
            RowKind::Model | RowKind::Control => "",
        };
        let _ = writeln!(
            text,
            "{}{mark} & {} \\\\",
            escaped(&row_title(row)),
            cells.join(" & ")
        );
    }
    text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
}

fn figure(cell: Option<Cell>, kind: RowKind) -> String {
    let Some(cell) = cell else {
        return "--".to_owned();
    };
    if kind == RowKind::Printed {
        return cell.value.to_string();
    }
    let value = format!("{:.2}", cell.value);
    let value = if cell.is_best {
        format!("\\textbf{{{value}}}")
    } else {
        value
    };
    let spread = cell
        .deviation
        .map_or_else(String::new, |deviation| format!(" $\\pm$ {deviation:.2}"));
    let chance = if cell.is_not_significant() {
        "$^\\dagger$"
    } else {
        ""
    };
    format!("{value}{spread}{chance}")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', c]),
            '`' => {}
            _ => escaped.push(c),
        }
    }
    escaped
}

//! All figures as comma-separated values: one line a figure, so that any program can regroup them.

use crate::evaluation::Evaluation;
use crate::table::{Cell, Column, Row, Table};

const HEADER: &str = "table,protocol,system,source,n_seeds,measure,value,deviation,low,high,p,difference_low,difference_high,is_best\n";

/// All figures of all tables.
pub fn csv(evaluation: &Evaluation) -> String {
    let mut text = HEADER.to_owned();
    for table in &evaluation.tables {
        for row in &table.rows {
            for (column, cell) in table.columns.iter().zip(&row.cells) {
                if let Some(cell) = cell {
                    text += &line(table, row, column, cell);
                }
            }
        }
    }
    text
}

fn line(table: &Table, row: &Row, column: &Column, cell: &Cell) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
    let fields = [
        quoted(&table.title),
        table.protocol.to_owned(),
        quoted(&row.system),
        row.kind.title().to_owned(),
        row.n_seeds.to_string(),
        column.key(),
        number(Some(cell.value)),
        number(cell.deviation),
        number(cell.interval.map(|interval| interval.low)),
        number(cell.interval.map(|interval| interval.high)),
        number(cell.p),
        number(cell.difference.map(|interval| interval.low)),
        number(cell.difference.map(|interval| interval.high)),
        u8::from(cell.is_best).to_string(),
    ];
    fields.join(",") + "\n"
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

//! One self-contained HTML page: tables, charts, and the errors in their dialogues.
//!
//! The page holds sentences of the corpus and says so; it is for one's own eyes. Nothing is loaded from
//! elsewhere. Style and script are `report/report.css` and `report/report.js`.

use std::fmt::Write;

use serde_json::json;
use smes_plots::{Heatmap, LineChart, PlotError, RowChart, RowMark, ValueRow};

use super::{header_cells, row_cells};
use crate::detail::{Detail, Part, TaskDetail};
use crate::evaluation::{Evaluation, SystemRun};
use crate::gold::GoldSet;
use crate::measure::Measure;
use crate::table::{Cell, Column, RowKind, Table};

const STYLE: &str = include_str!("../../report/report.css");
const SCRIPT: &str = include_str!("../../report/report.js");

/// A report that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A chart cannot be drawn.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// The data of the page cannot be written.
    #[error("the data of the page: {0}")]
    Json(#[from] serde_json::Error),
}

/// The page.
///
/// # Errors
/// [`ReportError`] when a chart cannot be drawn.
pub fn html(
    evaluation: &Evaluation,
    gold: &GoldSet,
    systems: &[SystemRun],
) -> Result<String, ReportError> {
    let title = escaped(&evaluation.title);
    let mut body = format!(
        "<header><h1>{title}</h1><p class=\"warn\">This page holds sentences of the corpus. Share it only where the corpus itself may be shared.</p></header>\n"
    );
    body += "<section><h2>Tables</h2>\n";
    for table in &evaluation.tables {
        body += &html_table(table);
    }
    body += "<ul class=\"notes\">\n";
    for note in &evaluation.notes {
        let _ = writeln!(body, "<li>{}</li>", with_code(note));
    }
    body += "</ul></section>\n<section><h2>Scores with intervals</h2>\n";
    for table in &evaluation.tables {
        if let Some(chart) = interval_chart(table) {
            let _ = writeln!(body, "<figure>{}</figure>", chart.to_svg()?);
        }
    }
    body += "</section>\n<section><h2>Behind the figures</h2>\n";
    body += "<p class=\"caption\">Of each system its first seed. In the squares stand instances; the darker, the larger the share of the gold label's row.</p>\n";
    for detail in &evaluation.details {
        body += &detail_section(detail)?;
    }
    body += "</section>\n<section id=\"errors\"><h2>Errors in their dialogues</h2><div id=\"browser\"></div></section>\n";
    let data =
        serde_json::to_string(&page_data(evaluation, gold, systems))?.replace('<', "\\u003c");
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\n<body>{body}<script type=\"application/json\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script></body></html>\n"
    ))
}

fn html_table(table: &Table) -> String {
    let mut text = format!(
        "<h3>{}</h3><p class=\"caption\">protocol <code>{}</code>, {} instances of {} dialogues</p><div class=\"scroll\"><table><thead><tr>",
        escaped(&table.title),
        table.protocol,
        table.n_instances,
        table.n_dialogues
    );
    for header in header_cells(table) {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escaped(&header));
    }
    text += "</tr></thead><tbody>\n";
    for row in &table.rows {
        let _ = write!(text, "<tr class=\"{}\">", row.kind.title());
        for (idx, cell) in row_cells(row).iter().enumerate() {
            let figure = idx.checked_sub(2).and_then(|idx| row.cells[idx]);
            let is_best = figure.is_some_and(|cell| cell.is_best);
            let class = if is_best { " class=\"best\"" } else { "" };
            let tested = figure.and_then(tested).unwrap_or_default();
            let text_of = escaped(&cell.replace('*', ""));
            let _ = if idx == 0 {
                write!(text, "<th scope=\"row\">{text_of}</th>")
            } else {
                write!(text, "<td{class}{tested}>{text_of}</td>")
            };
        }
        text += "</tr>\n";
    }
    text + "</tbody></table></div>\n"
}

/// What the test says of a figure, to be read on pointing at it.
fn tested(cell: Cell) -> Option<String> {
    let p = cell.p?;
    let difference = cell.difference.map_or_else(String::new, |difference| {
        format!(
            ", difference [{:.2}, {:.2}]",
            difference.low, difference.high
        )
    });
    Some(format!(" title=\"p = {p:.4}{difference}\""))
}

/// One measure of a table for all its rows, printed figures among them.
fn interval_chart(table: &Table) -> Option<RowChart> {
    let (idx, measure) = main_measure(table)?;
    let rows: Vec<ValueRow> = table
        .rows
        .iter()
        .filter_map(|row| {
            let cell = row.cells[idx]?;
            Some(ValueRow {
                name: row.system.clone(),
                value: cell.value,
                interval: cell.interval.map(|interval| (interval.low, interval.high)),
                note: format!("{:.2} {}", cell.value, row.kind.title()),
                series: match row.kind {
                    RowKind::Model => 0,
                    RowKind::Control => 9,
                    RowKind::Printed | RowKind::Absent => 1,
                },
            })
        })
        .collect();
    (rows.len() > 1).then(|| RowChart {
        title: format!("{}: {}", table.title, measure.title()),
        x_label: format!("{}, 95 % intervals by dialogue", measure.title()),
        mark: RowMark::Dot,
        rows,
    })
}

/// The first measure that papers print too, or else the first.
fn main_measure(table: &Table) -> Option<(usize, Measure)> {
    let measures = table.columns.iter().enumerate();
    let measures: Vec<(usize, Measure)> = measures
        .filter_map(|(idx, column)| match column {
            Column::Measure(measure) => Some((idx, *measure)),
            Column::Printed { .. } => None,
        })
        .collect();
    let is_printed = |idx: usize| {
        let mut printed = table.rows.iter().filter(|row| row.kind == RowKind::Printed);
        printed.any(|row| row.cells[idx].is_some())
    };
    let printed = measures.iter().find(|(idx, _)| is_printed(*idx));
    printed.or(measures.first()).copied()
}

fn detail_section(detail: &Detail) -> Result<String, ReportError> {
    let open = if detail.kind == RowKind::Model {
        " open"
    } else {
        ""
    };
    let mut text = format!(
        "<details{open}><summary>{} <span>{}</span></summary>\n",
        escaped(&detail.system),
        detail.kind.title()
    );
    for task in &detail.tasks {
        let _ = writeln!(text, "<h3>{}</h3>", task.task.title());
        text += &sureness(task);
        for svg in task_charts(task)? {
            let _ = writeln!(text, "<figure>{svg}</figure>");
        }
    }
    Ok(text + "</details>\n")
}

fn sureness(task: &TaskDetail) -> String {
    match (task.top_3, task.calibration.error()) {
        (Some(top_3), Some(error)) => format!(
            "<p>The right label is among the first three in {:.1} %; expected calibration error {:.1} %.</p>\n",
            top_3 * 100.0,
            error * 100.0
        ),
        _ => "<p>It gives no probabilities.</p>\n".to_owned(),
    }
}

fn task_charts(task: &TaskDetail) -> Result<Vec<String>, ReportError> {
    let mut charts = vec![
        confusion(task).to_svg()?,
        per_class(task).to_svg()?,
        parts("by quarter of the dialogue", task, &task.phases, false).to_svg()?,
    ];
    if !task.scenarios.is_empty() {
        charts.push(parts("by scenario", task, &task.scenarios, true).to_svg()?);
    }
    if let Some(chart) = calibration(task) {
        charts.push(chart.to_svg()?);
    }
    Ok(charts)
}

fn confusion(task: &TaskDetail) -> Heatmap {
    let n_missing: u32 = (0..task.classes.len())
        .map(|gold| task.confusion.row(gold)[task.classes.len()])
        .sum();
    let mut columns = task.classes.clone();
    if n_missing > 0 {
        columns.push("no answer".to_owned());
    }
    let counts = (0..task.classes.len())
        .map(|gold| task.confusion.row(gold)[..columns.len()].to_vec())
        .collect();
    Heatmap {
        title: format!("{}: what is taken for what", task.task.title()),
        y_label: "gold".to_owned(),
        x_label: "predicted".to_owned(),
        rows: task.classes.clone(),
        columns,
        counts,
    }
}

fn per_class(task: &TaskDetail) -> RowChart {
    let row = |score: &crate::metrics::ClassScore| ValueRow {
        name: task.classes[score.class].clone(),
        value: score.f1 * 100.0,
        interval: None,
        note: format!("{:.1}, n = {}", score.f1 * 100.0, score.support),
        series: 0,
    };
    RowChart {
        title: format!("{}: F1 by class", task.task.title()),
        x_label: "F1, percent; n: gold instances".to_owned(),
        mark: RowMark::Bar,
        rows: task.per_class.iter().map(row).collect(),
    }
}

fn parts(how: &str, task: &TaskDetail, parts: &[Part], leaves_empty_out: bool) -> RowChart {
    let row = |part: &Part| ValueRow {
        name: part.name.clone(),
        value: part.accuracy * 100.0,
        interval: None,
        note: format!("{:.1}, n = {}", part.accuracy * 100.0, part.n),
        series: 2,
    };
    RowChart {
        title: format!("{}: accuracy {how}", task.task.title()),
        x_label: "accuracy, percent; n: instances".to_owned(),
        mark: RowMark::Bar,
        rows: parts
            .iter()
            .filter(|part| !leaves_empty_out || part.n > 0)
            .map(row)
            .collect(),
    }
}

/// Share of right answers over how sure the system was; `None` for a system that is always certain.
fn calibration(task: &TaskDetail) -> Option<LineChart> {
    let bins = task.calibration.bins().iter().filter(|bin| bin.n > 0);
    let points: Vec<(f64, f64)> = bins
        .map(|bin| {
            let n = f64::from(bin.n);
            (bin.confidence / n, f64::from(bin.n_right) / n)
        })
        .collect();
    (points.len() > 1).then(|| LineChart {
        title: format!("{}: right against sure", task.task.title()),
        x_label: "probability of the answer".to_owned(),
        y_label: "share of right answers".to_owned(),
        series: vec![
            (task.task.title().to_owned(), points),
            ("as right as sure".to_owned(), vec![(0.0, 0.0), (1.0, 1.0)]),
        ],
    })
}

/// What the error browser reads: dialogues, classes, and the answers of each system.
fn page_data(evaluation: &Evaluation, gold: &GoldSet, systems: &[SystemRun]) -> serde_json::Value {
    let dialogues: Vec<_> = gold
        .dialogues
        .iter()
        .map(|one| {
            let rows: Vec<_> = one
                .dialogue
                .utterances
                .iter()
                .map(|row| json!([row.role, row.text, row.emotion, row.strategy]))
                .collect();
            json!({"id": one.dialogue.id, "scenario": one.dialogue.scenario.as_ref().map(|s| &s.name), "rows": rows})
        })
        .collect();
    let there = systems.iter().filter(|system| !system.seeds.is_empty());
    let answers: Vec<_> = evaluation
        .details
        .iter()
        .zip(there)
        .map(|(detail, system)| {
            let rows = detail.answers.iter().zip(&system.seeds[0].records);
            let rows: Vec<_> = rows
                .map(|(answer, record)| {
                    let response = record.as_ref().and_then(|record| record.response.as_ref());
                    json!([answer.dialogue, answer.utterance, answer.labels, response])
                })
                .collect();
            json!({"name": detail.system, "answers": rows})
        })
        .collect();
    json!({
        "tasks": [
            {"name": "user emotion", "classes": gold.emotions.names().collect::<Vec<_>>()},
            {"name": "strategy", "classes": gold.strategies.names().collect::<Vec<_>>()},
            {"name": "system emotion", "classes": gold.emotions.names().collect::<Vec<_>>()},
        ],
        "dialogues": dialogues,
        "systems": answers,
    })
}

/// A note whose names in backticks become code.
fn with_code(note: &str) -> String {
    let parts = escaped(note);
    let parts: Vec<String> = parts
        .split('`')
        .enumerate()
        .map(|(idx, part)| match idx % 2 {
            0 => part.to_owned(),
            _ => format!("<code>{part}</code>"),
        })
        .collect();
    parts.concat()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

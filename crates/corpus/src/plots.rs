//! The statistics as charts.

use smes_plots::{BarChart, BarLayout, BarSeries, PlotError};

use crate::{LabelCounts, Statistics};

/// File names and SVG documents of the charts that a corpus has data for.
///
/// # Errors
/// [`PlotError`] when a chart cannot be drawn.
pub fn statistics_plots(statistics: &Statistics) -> Result<Vec<(&'static str, String)>, PlotError> {
    let mut plots = Vec::new();
    let tables = [
        ("emotions.svg", "Emotions by split", &statistics.emotions),
        (
            "strategies.svg",
            "Strategies by split",
            &statistics.strategies,
        ),
        (
            "dialogue_emotions.svg",
            "Emotions of dialogues by split",
            &statistics.dialogue_emotions,
        ),
    ];
    for (file, title, table) in tables {
        if table.iter().any(|row| row.total > 0) {
            plots.push((file, by_split(title, table).to_svg()?));
        }
    }
    if statistics.phase_totals.iter().any(|total| *total > 0) && !statistics.phases.is_empty() {
        plots.push(("strategy_phases.svg", phases(statistics).to_svg()?));
    }
    Ok(plots)
}

/// One group a split, one bar a label, as a share of the split: the splits differ much in size.
fn by_split(title: &str, table: &[LabelCounts]) -> BarChart {
    let columns: [fn(&LabelCounts) -> u64; 3] =
        [|row| row.train, |row| row.validation, |row| row.test];
    let totals = columns.map(|column| table.iter().map(column).sum::<u64>().max(1));
    BarChart {
        title: title.to_owned(),
        x_labels: ["train", "validation", "test"].map(str::to_owned).to_vec(),
        y_label: "share of the split, %".to_owned(),
        series: table
            .iter()
            .map(|row| BarSeries {
                name: row.label.clone(),
                values: columns
                    .iter()
                    .zip(totals)
                    .map(|(column, total)| 100.0 * column(row) as f64 / total as f64)
                    .collect(),
            })
            .collect(),
        layout: BarLayout::Grouped,
    }
}

fn phases(statistics: &Statistics) -> BarChart {
    BarChart {
        title: "Strategies over the phases of a dialogue".to_owned(),
        x_labels: ["0-25 %", "25-50 %", "50-75 %", "75-100 %"]
            .map(str::to_owned)
            .to_vec(),
        y_label: "share of supporter utterances, %".to_owned(),
        series: statistics
            .phases
            .iter()
            .map(|row| BarSeries {
                name: row.label.clone(),
                values: row.shares.iter().map(|share| 100.0 * share).collect(),
            })
            .collect(),
        layout: BarLayout::Stacked,
    }
}

//! A matrix of counts, each row shaded by its shares: confusions.

use std::fmt::Write;

use crate::PlotError;
use crate::canvas::{document, escaped, fitting};
use crate::palette::hex;

/// Counts by row and column.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// Title, above.
    pub title: String,
    /// What the rows are.
    pub y_label: String,
    /// What the columns are.
    pub x_label: String,
    /// Names of the rows.
    pub rows: Vec<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The counts, by row.
    pub counts: Vec<Vec<u32>>,
}

const LEFT: f64 = 260.0;
const TOP: f64 = 70.0;
const CELL: (f64, f64) = (54.0, 30.0);
/// Room below the slanted names of the columns, and what a character of the longest takes.
const BELOW: (f64, f64) = (34.0, 4.9);
/// Characters of a name that fit beside and below.
const NAME_CHARS: usize = 30;
/// Darkest shade, at which the count is still easy to read on it.
const DARKEST: f64 = 0.65;

impl Heatmap {
    /// The chart as an SVG document.
    ///
    /// # Errors
    /// [`PlotError`] when there is no cell, or a row is not as long as there are columns.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        self.validate()?;
        let bottom = TOP + CELL.1 * self.rows.len() as f64;
        let width = LEFT + CELL.0 * self.columns.len() as f64 + 30.0;
        let mut body = format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"13\" text-anchor=\"end\" fill=\"#1F2328\">{} \u{2193}  {} \u{2192}</text>",
            LEFT - 10.0,
            TOP - 12.0,
            escaped(&self.y_label),
            escaped(&self.x_label)
        );
        for (row, counts) in self.counts.iter().enumerate() {
            self.row(&mut body, row, counts);
        }
        for (column, name) in self.columns.iter().enumerate() {
            let x = LEFT + CELL.0 * (column as f64 + 0.5) + 4.0;
            let y = bottom + 10.0;
            let _ = write!(
                body,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"12\" text-anchor=\"end\" fill=\"#1F2328\" transform=\"rotate(-55 {x:.1} {y:.1})\">{}</text>",
                escaped(&fitting(name, NAME_CHARS))
            );
        }
        let longest = self.columns.iter().map(|name| name.chars().count()).max();
        let below = BELOW.0 + BELOW.1 * longest.unwrap_or(0).min(NAME_CHARS) as f64;
        Ok(document(&self.title, (width, bottom + below), &body))
    }

    fn row(&self, body: &mut String, row: usize, counts: &[u32]) {
        let sum: u32 = counts.iter().sum();
        let y = TOP + CELL.1 * row as f64;
        let middle = y + CELL.1 / 2.0 + 4.5;
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{middle:.1}\" font-size=\"13\" text-anchor=\"end\" fill=\"#1F2328\">{}</text>",
            LEFT - 10.0,
            escaped(&fitting(&self.rows[row], NAME_CHARS))
        );
        for (column, &count) in counts.iter().enumerate() {
            let x = LEFT + CELL.0 * column as f64;
            let share = f64::from(count) / f64::from(sum.max(1));
            let _ = write!(
                body,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\" fill-opacity=\"{:.3}\" stroke=\"#D0D7DE\"/>",
                CELL.0,
                CELL.1,
                hex(0),
                share * DARKEST
            );
            if count > 0 {
                let _ = write!(
                    body,
                    "<text x=\"{:.1}\" y=\"{middle:.1}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#1F2328\">{count}</text>",
                    x + CELL.0 / 2.0
                );
            }
        }
    }

    fn validate(&self) -> Result<(), PlotError> {
        if self.rows.is_empty() || self.columns.is_empty() {
            return Err(PlotError::Empty {
                title: self.title.clone(),
            });
        }
        let wrong = self
            .counts
            .iter()
            .position(|counts| counts.len() != self.columns.len());
        if let Some(row) = wrong.or((self.counts.len() != self.rows.len()).then_some(0)) {
            return Err(PlotError::WrongLength {
                title: self.title.clone(),
                series: self.rows[row].clone(),
                found: self.counts.get(row).map_or(0, Vec::len),
                expected: self.columns.len(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_shaded_by_the_share_of_their_row() {
        let map = Heatmap {
            title: "t".into(),
            y_label: "gold".into(),
            x_label: "predicted".into(),
            rows: vec!["a".into()],
            columns: vec!["a".into(), "b".into()],
            counts: vec![vec![3, 1]],
        };
        let svg = map.to_svg().unwrap();
        assert!(svg.contains("fill-opacity=\"0.487\"") || svg.contains("fill-opacity=\"0.488\""));
        assert!(svg.contains(">3</text>"));
        let short = Heatmap {
            counts: vec![vec![3]],
            ..map
        };
        assert!(matches!(
            short.to_svg().unwrap_err(),
            PlotError::WrongLength { found: 1, .. }
        ));
    }
}

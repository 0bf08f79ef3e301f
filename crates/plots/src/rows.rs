//! A value a row: bars or dots with intervals, names at the left, a note at the right. For long names,
//! such as strategies and systems.

use std::fmt::Write;

use crate::PlotError;
use crate::canvas::{document, escaped, fitting, tick};
use crate::palette::hex;

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMark {
    /// Bars from zero.
    Bar,
    /// Dots on an axis that need not begin at zero.
    Dot,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueRow {
    /// Name, at the left.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Lower and upper end of its interval.
    pub interval: Option<(f64, f64)>,
    /// What stands at the right, for example the number of cases.
    pub note: String,
    /// Which colour of the palette.
    pub series: usize,
}

/// A chart of one value a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowChart {
    /// Title, above.
    pub title: String,
    /// What the length means, with its unit.
    pub x_label: String,
    /// How values are drawn.
    pub mark: RowMark,
    /// The rows, from above.
    pub rows: Vec<ValueRow>,
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 240.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 44.0;
const ROW: f64 = 24.0;
const BOTTOM: f64 = 52.0;
/// Characters of a name that fit at the left.
const NAME_CHARS: usize = 32;

impl RowChart {
    /// The chart as an SVG document.
    ///
    /// # Errors
    /// [`PlotError`] when there is no row or a number is not finite.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        self.validate()?;
        let ticks = self.ticks();
        let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
        let plot = WIDTH - LEFT - RIGHT;
        let x = |value: f64| LEFT + (value - low) / (high - low) * plot;
        let bottom = TOP + ROW * self.rows.len() as f64;
        let mut body = String::new();
        for value in ticks {
            let at = x(value);
            let _ = write!(
                body,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom:.1}\" stroke=\"#D0D7DE\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#1F2328\">{}</text>",
                bottom + 18.0,
                tick(value)
            );
        }
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"13\" text-anchor=\"middle\" fill=\"#1F2328\">{}</text>",
            LEFT + plot / 2.0,
            bottom + 40.0,
            escaped(&self.x_label)
        );
        for (idx, row) in self.rows.iter().enumerate() {
            self.row(&mut body, row, TOP + ROW * (idx as f64 + 0.5), &x, low);
        }
        Ok(document(&self.title, (WIDTH, bottom + BOTTOM), &body))
    }

    fn row(&self, body: &mut String, row: &ValueRow, y: f64, x: &dyn Fn(f64) -> f64, low: f64) {
        let colour = hex(row.series);
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"13\" text-anchor=\"end\" fill=\"#1F2328\">{}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" fill=\"#1F2328\">{}</text>",
            LEFT - 10.0,
            y + 4.5,
            escaped(&fitting(&row.name, NAME_CHARS)),
            WIDTH - RIGHT + 12.0,
            y + 4.5,
            escaped(&row.note)
        );
        match self.mark {
            RowMark::Bar => {
                let (from, to) = (x(low.max(0.0)), x(row.value));
                let _ = write!(
                    body,
                    "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"15\" fill=\"{colour}\"/>",
                    y - 7.5,
                    (to - from).max(0.0)
                );
            }
            RowMark::Dot => {
                let _ = write!(
                    body,
                    "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\"/>",
                    x(row.value)
                );
            }
        }
        if let Some((from, to)) = row.interval {
            let _ = write!(
                body,
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#1F2328\" stroke-width=\"1.5\"/>",
                x(from),
                x(to)
            );
        }
    }

    /// The marks of the axis, ends among them: from zero for bars, around the values for dots.
    fn ticks(&self) -> Vec<f64> {
        let ends = self.rows.iter().flat_map(|row| {
            let (low, high) = row.interval.unwrap_or((row.value, row.value));
            [row.value, low, high]
        });
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        match self.mark {
            RowMark::Bar => round_ticks(0.0, high),
            RowMark::Dot => round_ticks(low, high),
        }
    }

    fn validate(&self) -> Result<(), PlotError> {
        if self.rows.is_empty() {
            return Err(PlotError::Empty {
                title: self.title.clone(),
            });
        }
        for (idx, row) in self.rows.iter().enumerate() {
            let (low, high) = row.interval.unwrap_or_default();
            if let Some(value) = [row.value, low, high].into_iter().find(|x| !x.is_finite()) {
                return Err(PlotError::BadValue {
                    title: self.title.clone(),
                    series: row.name.clone(),
                    idx,
                    value,
                });
            }
        }
        Ok(())
    }
}

/// Two to six round numbers from below `low` to above `high`, apart by 1, 2, 2.5 or 5 times a power of
/// ten.
fn round_ticks(low: f64, high: f64) -> Vec<f64> {
    let wanted = (high - low).max(1e-3) / 4.0;
    let power = 10_f64.powf(wanted.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|one| one * power);
    let step = steps
        .into_iter()
        .find(|step| *step >= wanted * (1.0 - 1e-9));
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step + 1e-9).floor();
    let n_steps = ((high / step - 1e-9).ceil() - first).max(1.0);
    let mut ticks = Vec::new();
    let mut idx = 0.0;
    while idx <= n_steps {
        ticks.push((first + idx) * step);
        idx += 1.0;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_axis_is_marked_with_round_numbers() {
        let text =
            |low, high| -> Vec<String> { round_ticks(low, high).into_iter().map(tick).collect() };
        assert_eq!(text(0.0, 98.5), ["0", "25", "50", "75", "100"]);
        assert_eq!(text(15.73, 58.13), ["0", "20", "40", "60"]);
        assert_eq!(text(0.21, 0.34), ["0.2", "0.25", "0.3", "0.35"]);
        assert_eq!(text(7.0, 7.0).len(), 2);
    }

    proptest! {
        #[test]
        fn marks_enclose_all_values_and_are_few(low in -1e4..1e4_f64, span in 0.0..1e4_f64) {
            let ticks = round_ticks(low, low + span);
            prop_assert!((2..=7).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks[0] <= low + 1e-6 && ticks[ticks.len() - 1] >= low + span - 1e-6);
        }
    }

    fn chart(value: f64) -> RowChart {
        RowChart {
            title: "F1 <by class>".into(),
            x_label: "F1".into(),
            mark: RowMark::Bar,
            rows: vec![ValueRow {
                name: "a & b".into(),
                value,
                interval: Some((0.2, 0.6)),
                note: "n = 3".into(),
                series: 0,
            }],
        }
    }

    #[test]
    fn names_and_notes_are_escaped_text() {
        let svg = chart(0.4).to_svg().unwrap();
        assert!(svg.contains(">a &amp; b</text>") && svg.contains(">n = 3</text>"));
        assert!(svg.contains("<title>F1 &lt;by class&gt;</title>"));
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        assert!(matches!(
            chart(f64::NAN).to_svg().unwrap_err(),
            PlotError::BadValue { idx: 0, .. }
        ));
        let mut none = chart(0.4);
        none.rows.clear();
        assert!(matches!(
            none.to_svg().unwrap_err(),
            PlotError::Empty { .. }
        ));
    }
}

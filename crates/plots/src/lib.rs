//! Charts as SVG with the palette of the project. Knows numbers, not dialogues.
//!
//! Text stays text (SVG `text` elements), so no font is needed to make a chart. A style sheet in
//! the file adapts ink and paper to dark mode and to print; series keep their colours everywhere.

mod bar;
mod canvas;
mod heatmap;
mod line;
mod palette;
mod rows;
mod timeline;

pub use bar::{BarChart, BarLayout, BarSeries};
pub use heatmap::Heatmap;
pub use line::LineChart;
pub use palette::{PALETTE, colour};
pub use rows::{RowChart, RowMark, ValueRow};
pub use timeline::{Mark, Thumbnail, Timeline, Track};

/// A chart that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// A chart without a single value.
    #[error("the chart `{title}` has no values")]
    Empty {
        /// Title of the chart.
        title: String,
    },
    /// A value that is no number, or a negative bar.
    #[error("the series `{series}` of the chart `{title}` has the value {value} at position {idx}")]
    BadValue {
        /// Title of the chart.
        title: String,
        /// Name of the series.
        series: String,
        /// Position in the series, from 0.
        idx: usize,
        /// The value.
        value: f64,
    },
    /// A series that is not as long as the axis.
    #[error("the series `{series}` of the chart `{title}` has {found} values, expected {expected}")]
    WrongLength {
        /// Title of the chart.
        title: String,
        /// Name of the series.
        series: String,
        /// Values found.
        found: usize,
        /// Values expected.
        expected: usize,
    },
    /// The drawing library refused.
    #[error("the chart `{title}` cannot be drawn: {reason}")]
    Drawing {
        /// Title of the chart.
        title: String,
        /// What the library says.
        reason: String,
    },
}

impl PlotError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Empty { .. } => Some("there is nothing to draw yet".to_owned()),
            Self::BadValue { .. } => Some("leave out values that are not finite".to_owned()),
            Self::WrongLength { .. } | Self::Drawing { .. } => None,
        }
    }
}

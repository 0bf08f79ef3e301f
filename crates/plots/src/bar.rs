//! Bars, beside each other or on top of each other.

use plotters::prelude::*;

use crate::PlotError;
use crate::canvas::{GRID, INK, LEGEND_WIDTH, label_style, legend, render, tick, title_style};
use crate::palette::rgb;

/// How the bars of one place on the axis stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarLayout {
    /// Beside each other.
    Grouped,
    /// On top of each other, first series at the bottom.
    Stacked,
}

/// A name and a value for each place on the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct BarSeries {
    /// Name, in the legend.
    pub name: String,
    /// Values, not negative, as many as there are labels.
    pub values: Vec<f64>,
}

/// A bar chart.
#[derive(Debug, Clone, PartialEq)]
pub struct BarChart {
    /// Title, above.
    pub title: String,
    /// Names of the places on the horizontal axis.
    pub x_labels: Vec<String>,
    /// What the height means, with its unit.
    pub y_label: String,
    /// The series.
    pub series: Vec<BarSeries>,
    /// How the bars stand.
    pub layout: BarLayout,
}

impl BarChart {
    /// The chart as an SVG document.
    ///
    /// # Errors
    /// [`PlotError`] when there are no values, a value is negative or not finite, or a series is
    /// not as long as the axis.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        self.validate()?;
        let top = self.top();
        render(&self.title, |sheet| {
            let (left, _) = sheet.split_horizontally(sheet.dim_in_pixel().0 - LEGEND_WIDTH);
            let n_places = self.x_labels.len();
            let mut chart = ChartBuilder::on(&left)
                .margin(14)
                .caption(&self.title, title_style())
                .x_label_area_size(34)
                .y_label_area_size(64)
                .build_cartesian_2d(0.0..n_places as f64, 0.0..top)?;
            chart
                .configure_mesh()
                .disable_x_mesh()
                .light_line_style(TRANSPARENT)
                .bold_line_style(GRID)
                .axis_style(INK)
                .x_labels(0)
                .y_desc(&self.y_label)
                .label_style(label_style())
                .axis_desc_style(label_style())
                .y_label_formatter(&|value| tick(*value))
                .draw()?;
            for (idx, bars) in self.bars().into_iter().enumerate() {
                let style = rgb(idx % self.series.len().max(1)).filled();
                chart.draw_series(
                    bars.into_iter()
                        .map(|corners| Rectangle::new(corners, style)),
                )?;
            }
            let (x_pixels, y_pixels) = chart.plotting_area().get_pixel_range();
            let width = f64::from(x_pixels.end - x_pixels.start) / n_places as f64;
            let style = label_style().pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Center,
                plotters::style::text_anchor::VPos::Top,
            ));
            for (place, label) in self.x_labels.iter().enumerate() {
                #[allow(clippy::cast_possible_truncation, reason = "a place on the sheet")]
                let middle = x_pixels.start + (width * (place as f64 + 0.5)) as i32;
                sheet.draw_text(label, &style, (middle, y_pixels.end + 8))?;
            }
            legend(sheet, self.series.iter().map(|series| series.name.as_str()))
        })
    }

    /// Corners of the bars, by series.
    fn bars(&self) -> Vec<Vec<[(f64, f64); 2]>> {
        let mut bottoms = vec![0.0; self.x_labels.len()];
        let n_series = self.series.len() as f64;
        self.series
            .iter()
            .enumerate()
            .map(|(idx, series)| {
                let corners = |(place, value): (usize, &f64)| {
                    let x = place as f64;
                    match self.layout {
                        BarLayout::Grouped => {
                            let width = 0.84 / n_series;
                            let left = x + 0.08 + width * idx as f64;
                            [(left, 0.0), (left + width * 0.94, *value)]
                        }
                        BarLayout::Stacked => {
                            let bottom = bottoms[place];
                            bottoms[place] += value;
                            [(x + 0.14, bottom), (x + 0.86, bottom + value)]
                        }
                    }
                };
                series.values.iter().enumerate().map(corners).collect()
            })
            .collect()
    }

    fn top(&self) -> f64 {
        let highest = self
            .bars()
            .iter()
            .flatten()
            .map(|corners| corners[1].1)
            .fold(0.0, f64::max);
        if highest == 0.0 { 1.0 } else { highest * 1.04 }
    }

    fn validate(&self) -> Result<(), PlotError> {
        if self.x_labels.is_empty() || self.series.is_empty() {
            return Err(PlotError::Empty {
                title: self.title.clone(),
            });
        }
        for series in &self.series {
            if series.values.len() != self.x_labels.len() {
                return Err(PlotError::WrongLength {
                    title: self.title.clone(),
                    series: series.name.clone(),
                    found: series.values.len(),
                    expected: self.x_labels.len(),
                });
            }
            let is_bad = |value: &f64| !value.is_finite() || *value < 0.0;
            if let Some(idx) = series.values.iter().position(is_bad) {
                return Err(PlotError::BadValue {
                    title: self.title.clone(),
                    series: series.name.clone(),
                    idx,
                    value: series.values[idx],
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: [f64; 2], layout: BarLayout) -> BarChart {
        BarChart {
            title: "Strategies <by phase>".into(),
            x_labels: vec!["first".into(), "second".into()],
            y_label: "share".into(),
            series: vec![
                BarSeries {
                    name: "A".into(),
                    values: values.to_vec(),
                },
                BarSeries {
                    name: "B".into(),
                    values: vec![1.0, 2.0],
                },
            ],
            layout,
        }
    }

    #[test]
    fn stacked_bars_begin_where_the_last_one_ended() {
        let bars = chart([3.0, 4.0], BarLayout::Stacked).bars();
        assert_eq!(
            bars[1]
                .iter()
                .map(|corners| corners[0].1)
                .collect::<Vec<_>>(),
            [3.0, 4.0]
        );
        assert_eq!(
            bars[1]
                .iter()
                .map(|corners| corners[1].1)
                .collect::<Vec<_>>(),
            [4.0, 6.0]
        );
    }

    #[test]
    fn grouped_bars_do_not_overlap() {
        let bars = chart([3.0, 4.0], BarLayout::Grouped).bars();
        assert!(bars[0][0][1].0 <= bars[1][0][0].0);
    }

    #[test]
    fn text_stays_text_and_is_escaped() {
        let svg = chart([3.0, 4.0], BarLayout::Grouped).to_svg().unwrap();
        assert!(svg.contains("<title>Strategies &lt;by phase&gt;</title>"));
        for text in ["first", "second", "share", "A", "B"] {
            assert!(
                svg.contains(&format!("\n{text}\n")),
                "{text} is missing in {svg}"
            );
        }
    }

    #[test]
    fn refuses_values_that_cannot_be_drawn() {
        let error = chart([f64::NAN, 1.0], BarLayout::Grouped)
            .to_svg()
            .unwrap_err();
        assert!(matches!(error, PlotError::BadValue { idx: 0, .. }));
        let mut short = chart([1.0, 1.0], BarLayout::Grouped);
        short.series[0].values.pop();
        assert!(matches!(
            short.to_svg().unwrap_err(),
            PlotError::WrongLength { found: 1, .. }
        ));
    }
}

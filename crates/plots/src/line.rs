//! Lines over a common axis, such as training curves.

use plotters::prelude::*;

use crate::PlotError;
use crate::canvas::{GRID, INK, LEGEND_WIDTH, label_style, legend, render, tick, title_style};
use crate::palette::rgb;

/// A line chart.
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    /// Title, above.
    pub title: String,
    /// What the horizontal axis means, with its unit.
    pub x_label: String,
    /// What the vertical axis means, with its unit.
    pub y_label: String,
    /// Name and points of each line; a line may be empty as long as one is not.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

impl LineChart {
    /// The chart as an SVG document.
    ///
    /// # Errors
    /// [`PlotError`] when there is no point at all, or one is not finite.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        self.validate()?;
        let (x_range, y_range) = (self.range(|point| point.0), self.range(|point| point.1));
        render(&self.title, |sheet| {
            let (left, _) = sheet.split_horizontally(sheet.dim_in_pixel().0 - LEGEND_WIDTH);
            let mut chart = ChartBuilder::on(&left)
                .margin(14)
                .caption(&self.title, title_style())
                .x_label_area_size(44)
                .y_label_area_size(64)
                .build_cartesian_2d(x_range.0..x_range.1, y_range.0..y_range.1)?;
            chart
                .configure_mesh()
                .light_line_style(TRANSPARENT)
                .bold_line_style(GRID)
                .axis_style(INK)
                .x_desc(&self.x_label)
                .y_desc(&self.y_label)
                .label_style(label_style())
                .axis_desc_style(label_style())
                .x_label_formatter(&|value| tick(*value))
                .y_label_formatter(&|value| tick(*value))
                .draw()?;
            for (idx, (_, points)) in self.series.iter().enumerate() {
                let style = rgb(idx).stroke_width(2);
                chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
                // A line of few points shows where it was measured; a single point shows at all.
                if points.len() <= 40 {
                    let mark = |point: &(f64, f64)| Circle::new(*point, 3, rgb(idx).filled());
                    chart.draw_series(points.iter().map(mark))?;
                }
            }
            legend(sheet, self.series.iter().map(|(name, _)| name.as_str()))
        })
    }

    /// Lowest and highest value with a little room, never an empty range.
    fn range(&self, axis: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
        let values = || self.series.iter().flat_map(|(_, points)| points).map(&axis);
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let room = if high > low {
            (high - low) * 0.04
        } else {
            high.abs().max(1.0) * 0.5
        };
        (low - room, high + room)
    }

    fn validate(&self) -> Result<(), PlotError> {
        if self.series.iter().all(|(_, points)| points.is_empty()) {
            return Err(PlotError::Empty {
                title: self.title.clone(),
            });
        }
        for (name, points) in &self.series {
            for (idx, (x, y)) in points.iter().enumerate() {
                if let Some(value) = [*x, *y].into_iter().find(|value| !value.is_finite()) {
                    return Err(PlotError::BadValue {
                        title: self.title.clone(),
                        series: name.clone(),
                        idx,
                        value,
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> LineChart {
        LineChart {
            title: "Loss".into(),
            x_label: "step".into(),
            y_label: "nats".into(),
            series: vec![("train".into(), points), ("validation".into(), vec![])],
        }
    }

    #[test]
    fn a_single_point_is_drawn() {
        let svg = chart(vec![(1.0, 0.5)]).to_svg().unwrap();
        assert!(svg.contains("<circle") && svg.contains("validation"));
    }

    #[test]
    fn a_chart_without_points_is_an_error() {
        assert!(matches!(
            chart(vec![]).to_svg(),
            Err(PlotError::Empty { .. })
        ));
        assert!(matches!(
            chart(vec![(0.0, f64::INFINITY)]).to_svg(),
            Err(PlotError::BadValue { .. })
        ));
    }
}

//! Charts of a run: values of its records over its epochs.

use smes_plots::LineChart;

/// A value of a record that is drawn, by its name in the chart; where no record has it, no curve is.
pub(crate) type Curve<'c, R> = (&'static str, &'c dyn Fn(&R) -> Option<f64>);

/// A chart of curves over all epochs so far, the first of which is 1.
pub(crate) fn chart<R>(
    title: &str,
    y_label: &str,
    epochs: &[R],
    curves: &[Curve<'_, R>],
) -> LineChart {
    let series = curves.iter().map(|(name, value)| {
        let points = (1_u32..).zip(epochs);
        let points = points.filter_map(|(epoch, record)| Some((epoch.into(), value(record)?)));
        ((*name).to_owned(), points.collect::<Vec<_>>())
    });
    LineChart {
        title: title.to_owned(),
        x_label: "epoch".to_owned(),
        y_label: y_label.to_owned(),
        series: series.filter(|(_, points)| !points.is_empty()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_a_point_an_epoch_that_has_its_value() {
        let epochs = [(0.5, None), (0.4, Some(2.0))];
        let curves: &[Curve<'_, (f64, Option<f64>)>] = &[
            ("first", &|record| Some(record.0)),
            ("second", &|record| record.1),
            ("third", &|_| None),
        ];
        let found = chart("Loss", "nats", &epochs, curves).series;
        let first = ("first".to_owned(), vec![(1.0, 0.5), (2.0, 0.4)]);
        assert_eq!(found, [first, ("second".to_owned(), vec![(2.0, 2.0)])]);
    }
}

//! Several seeds of one system as mean and deviation.

use serde::Serialize;

/// Mean and sample standard deviation (`n - 1`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanAndDeviation {
    /// The mean.
    pub mean: f64,
    /// The deviation; `None` for a single value.
    pub deviation: Option<f64>,
    /// Number of values.
    pub n: usize,
}

/// Of the values; `None` when there are none.
pub fn mean_and_deviation(values: &[f64]) -> Option<MeanAndDeviation> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(MeanAndDeviation {
        mean,
        deviation: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
        n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_has_no_deviation() {
        assert_eq!(mean_and_deviation(&[]), None);
        assert_eq!(mean_and_deviation(&[2.0]).unwrap().deviation, None);
        let three = mean_and_deviation(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((three.mean, three.deviation), (2.0, Some(1.0)));
    }
}

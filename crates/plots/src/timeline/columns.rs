//! What a long recording comes down to in a picture that is no wider than that of a short one.
//!
//! Where more values fall on a place than can be told apart, the picture is cut into columns. A curve
//! becomes the median of each column and the range of its middle values, shares become their mean.

/// Columns of the picture, two pixels each.
pub(super) const N_COLUMNS: usize = 360;
/// Points a column from which a curve is summed up.
const CROWDED: usize = 4;
/// Share of the values of a column that lie below its range, and above.
const BEYOND: f64 = 0.1;

/// What falls on one column of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    index: usize,
    /// Its middle, in seconds.
    pub(super) seconds: f64,
    /// Below it lies a tenth of the values.
    pub(super) low: f64,
    /// The median.
    pub(super) middle: f64,
    /// Above it lies a tenth of the values.
    pub(super) high: f64,
}

/// A stretch of time with its shares.
type Stretch = (f64, f64, Vec<f64>);

/// A curve in columns, those without a value left out, in runs of neighbours; `None` where its points
/// can be drawn one by one.
pub(super) fn of_curve(pieces: &[Vec<(f64, f64)>], end_s: f64) -> Option<Vec<Vec<Column>>> {
    if pieces.iter().map(Vec::len).sum::<usize>() <= CROWDED * N_COLUMNS {
        return None;
    }
    let mut values = vec![Vec::new(); N_COLUMNS];
    for (seconds, value) in pieces.iter().flatten() {
        values[index(*seconds, end_s)].push(*value);
    }
    let columns = values.iter_mut().enumerate();
    let columns: Vec<Column> = columns
        .filter_map(|(index, values)| column(index, values, end_s))
        .collect();
    let runs = columns.chunk_by(|a, b| b.index == a.index + 1);
    Some(runs.map(<[Column]>::to_vec).collect())
}

/// Shares in columns; `None` where the stretches can be drawn one by one.
pub(super) fn of_shares(stretches: &[Stretch], end_s: f64) -> Option<Vec<Stretch>> {
    if stretches.len() <= N_COLUMNS {
        return None;
    }
    let n_shares = stretches.first()?.2.len();
    let mut columns = vec![(0.0, vec![0.0; n_shares]); N_COLUMNS];
    for (start_s, stop_s, shares) in stretches {
        let (first, last) = (index(*start_s, end_s), index(*stop_s, end_s));
        for (offset, (total, sums)) in columns[first..=last].iter_mut().enumerate() {
            let (begin, end) = (edge(first + offset, end_s), edge(first + offset + 1, end_s));
            let overlap = (stop_s.min(end) - start_s.max(begin)).max(0.0);
            *total += overlap;
            for (sum, share) in sums.iter_mut().zip(shares) {
                *sum += overlap * share;
            }
        }
    }
    let filled = columns.into_iter().enumerate();
    let mean = |(index, (total, mut sums)): (usize, (f64, Vec<f64>))| {
        for sum in &mut sums {
            *sum /= total;
        }
        (total > 0.0).then(|| (edge(index, end_s), edge(index + 1, end_s), sums))
    };
    Some(filled.filter_map(mean).collect())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates below zero"
)]
fn index(seconds: f64, end_s: f64) -> usize {
    ((seconds / end_s * N_COLUMNS as f64) as usize).min(N_COLUMNS - 1)
}

fn edge(index: usize, end_s: f64) -> f64 {
    end_s * index as f64 / N_COLUMNS as f64
}

fn column(index: usize, values: &mut [f64], end_s: f64) -> Option<Column> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into the values"
    )]
    let quantile = |q: f64| values[(q * last as f64).round() as usize];
    Some(Column {
        index,
        seconds: f64::midpoint(edge(index, end_s), edge(index + 1, end_s)),
        low: quantile(BEYOND),
        middle: quantile(0.5),
        high: quantile(1.0 - BEYOND),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowded_curve_becomes_its_medians_and_keeps_its_gaps() {
        // Values 0, 1, .. 9 over and over, with nothing in the middle fifth of the time.
        let points: Vec<(f64, f64)> = (0..36_000)
            .map(|i| (f64::from(i) / 10.0, f64::from(i % 10)))
            .filter(|(seconds, _)| !(1_440.0..2_160.0).contains(seconds))
            .collect();
        let runs = of_curve(&[points], 3_600.0).unwrap();
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [144, 144]);
        let column = runs[1][0];
        assert!((column.seconds - 2_165.0).abs() < 1e-9);
        let found = format!("{} {} {}", column.low, column.middle, column.high);
        assert_eq!(found, "1 5 8");
        assert_eq!(of_curve(&[vec![(0.0, 1.0); 1_440]], 1.0), None);
    }

    #[test]
    fn crowded_shares_become_their_means_by_time() {
        // In each second a quarter of the first share, then nothing for half a second.
        let stretches: Vec<Stretch> = (0..720)
            .flat_map(|second| {
                let start_s = f64::from(second);
                [
                    (start_s, start_s + 0.125, vec![1.0, 0.0]),
                    (start_s + 0.125, start_s + 0.5, vec![0.0, 1.0]),
                ]
            })
            .filter(|(start_s, ..)| *start_s >= 2.0)
            .collect();
        let columns = of_shares(&stretches, 720.0).unwrap();
        assert_eq!(columns.len(), N_COLUMNS - 1);
        for (start_s, stop_s, shares) in &columns {
            assert!((stop_s - start_s - 2.0).abs() < 1e-9);
            assert!((shares[0] - 0.25).abs() < 1e-9 && (shares[1] - 0.75).abs() < 1e-9);
        }
        assert_eq!(of_shares(&stretches[..N_COLUMNS], 720.0), None);
    }
}

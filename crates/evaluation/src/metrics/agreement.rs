//! Agreement between annotators.
//!
//! Cohen's kappa (Cohen 1960; reference `sklearn.metrics.cohen_kappa_score`), Fleiss' kappa (Fleiss
//! 1971; reference `statsmodels.stats.inter_rater.fleiss_kappa`), Krippendorff's alpha with holes, for
//! labels, ranks or numbers (Krippendorff 2011; reference the package `krippendorff`), the share of agreeing
//! pairs, and the specific agreement of each label (Cicchetti and Feinstein 1990; for two raters the
//! F1 of the label). Labels are class numbers. Kappa and alpha are 1 for full agreement and 0 for
//! that of chance; they are undefined (`None`) where there is nothing to compare or where only one
//! label occurs, so that chance alone agrees fully. Order of items and of raters changes nothing.

/// Labels of one item, one place a rater; `None` where the rater gave none.
pub type Ratings = Vec<Option<usize>>;

/// Cohen's kappa of two raters over `(first, second)` labels.
pub fn cohen_kappa(pairs: &[(usize, usize)], n_classes: usize) -> Option<f64> {
    let n = pairs.len() as f64;
    let mut first = vec![0.0; n_classes];
    let mut second = vec![0.0; n_classes];
    let mut n_agreed = 0.0;
    for &(a, b) in pairs {
        first[a] += 1.0;
        second[b] += 1.0;
        n_agreed += f64::from(u8::from(a == b));
    }
    let by_chance: f64 = first.iter().zip(&second).map(|(a, b)| a * b).sum::<f64>() / (n * n);
    above_chance(n_agreed / n, by_chance)
}

/// Fleiss' kappa over items that the same number of raters labelled. `None` also where the numbers
/// differ or a rating is missing.
pub fn fleiss_kappa(items: &[Ratings], n_classes: usize) -> Option<f64> {
    let n_raters = items.first()?.len();
    let is_whole = |item: &Ratings| item.len() == n_raters && !item.contains(&None);
    if n_raters < 2 || !items.iter().all(is_whole) {
        return None;
    }
    let mut totals = vec![0.0; n_classes];
    let mut agreed = 0.0;
    for item in items {
        let counts = counts(item, n_classes);
        agreed += n_pairs_agreeing(&counts) / pairs_of(n_raters as f64);
        for (total, count) in totals.iter_mut().zip(&counts) {
            *total += count;
        }
    }
    let n_ratings = (items.len() * n_raters) as f64;
    let by_chance = totals.iter().map(|total| (total / n_ratings).powi(2)).sum();
    above_chance(agreed / items.len() as f64, by_chance)
}

/// What the class numbers of ratings are, which decides how far two of them are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Names: the same or not.
    Nominal,
    /// Ranks: as far apart as there are ratings between them.
    Ordinal,
    /// Numbers: the square of their difference.
    Interval,
}

impl Scale {
    /// How far apart two classes are, of which all raters together gave so many each.
    fn distance(self, a: usize, b: usize, totals: &[f64]) -> f64 {
        let (low, high) = (a.min(b), a.max(b));
        match self {
            _ if low == high => 0.0,
            Self::Nominal => 1.0,
            Self::Ordinal => {
                let between: f64 = totals[low..=high].iter().sum();
                (between - f64::midpoint(totals[low], totals[high])).powi(2)
            }
            Self::Interval => ((high - low) as f64).powi(2),
        }
    }

    /// The distance between all ordered pairs of such ratings.
    fn among(self, counts: &[f64], totals: &[f64]) -> f64 {
        let classes = 0..counts.len();
        let pairs = classes
            .clone()
            .flat_map(|a| classes.clone().map(move |b| (a, b)));
        pairs
            .map(|(a, b)| counts[a] * counts[b] * self.distance(a, b, totals))
            .sum()
    }
}

/// Krippendorff's alpha; ratings may be missing.
pub fn krippendorff_alpha(items: &[Ratings], n_classes: usize, scale: Scale) -> Option<f64> {
    let items = items.iter().map(|item| counts(item, n_classes));
    // An item that one rater saw says nothing of agreement.
    let items: Vec<Vec<f64>> = items.filter(|one| one.iter().sum::<f64>() > 1.0).collect();
    let totals: Vec<f64> = (0..n_classes)
        .map(|class| items.iter().map(|counts| counts[class]).sum())
        .collect();
    let apart =
        |counts: &Vec<f64>| scale.among(counts, &totals) / (counts.iter().sum::<f64>() - 1.0);
    let observed: f64 = items.iter().map(apart).sum();
    let n: f64 = totals.iter().sum();
    let expected = scale.among(&totals, &totals) / (n - 1.0);
    (n > 1.0 && expected > 0.0).then(|| 1.0 - observed / expected)
}

/// The share of pairs of ratings of the same item that agree; `None` where there is no pair.
pub fn percent_agreement(items: &[Ratings], n_classes: usize) -> Option<f64> {
    let (mut agreed, mut all) = (0.0, 0.0);
    for item in items {
        let counts = counts(item, n_classes);
        agreed += n_pairs_agreeing(&counts);
        all += pairs_of(counts.iter().sum());
    }
    (all > 0.0).then(|| agreed / all)
}

/// For each label: of the times one rater gave it, the share in which another one gave it too.
/// `None` for a label that nobody gave where there was another rating.
pub fn label_agreement(items: &[Ratings], n_classes: usize) -> Vec<Option<f64>> {
    let mut agreed = vec![0.0; n_classes];
    let mut all = vec![0.0; n_classes];
    for item in items {
        let counts = counts(item, n_classes);
        let n_ratings: f64 = counts.iter().sum();
        for class in 0..n_classes {
            agreed[class] += pairs_of(counts[class]);
            all[class] += counts[class] * (n_ratings - 1.0).max(0.0);
        }
    }
    let share = |(agreed, all): (f64, f64)| (all > 0.0).then(|| agreed / all);
    agreed.into_iter().zip(all).map(share).collect()
}

fn above_chance(observed: f64, by_chance: f64) -> Option<f64> {
    let room = 1.0 - by_chance;
    (observed.is_finite() && room > 1e-12).then(|| (observed - by_chance) / room)
}

fn counts(item: &Ratings, n_classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n_classes];
    for &class in item.iter().flatten() {
        counts[class] += 1.0;
    }
    counts
}

/// Ordered pairs of different ratings.
fn pairs_of(n: f64) -> f64 {
    n * (n - 1.0)
}

fn n_pairs_agreeing(counts: &[f64]) -> f64 {
    counts.iter().map(|&count| pairs_of(count)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_label_only_and_nothing_to_compare_are_undefined() {
        assert_eq!(cohen_kappa(&[(1, 1), (1, 1)], 3), None);
        assert_eq!(cohen_kappa(&[], 3), None);
        assert_eq!(fleiss_kappa(&[vec![Some(0), Some(0)]], 2), None);
        assert_eq!(fleiss_kappa(&[vec![Some(0), None]], 2), None);
        assert_eq!(
            krippendorff_alpha(&[vec![Some(0), None]], 2, Scale::Nominal),
            None
        );
        assert_eq!(percent_agreement(&[vec![Some(0), None]], 2), None);
        assert_eq!(
            label_agreement(&[vec![Some(0), Some(0)]], 2),
            [Some(1.0), None]
        );
    }

    proptest! {
        #[test]
        fn order_of_items_and_raters_changes_nothing_and_one_is_the_most(
            mut items in prop::collection::vec(
                prop::collection::vec(prop::option::of(0_usize..3), 3), 1..20),
        ) {
            let values = |items: &[Ratings]| {
                [fleiss_kappa(items, 3), krippendorff_alpha(items, 3, Scale::Ordinal), percent_agreement(items, 3)]
            };
            let before = values(&items);
            items.reverse();
            for item in &mut items {
                item.rotate_left(1);
            }
            for (before, after) in before.into_iter().zip(values(&items)) {
                prop_assert_eq!(before.is_some(), after.is_some());
                if let (Some(before), Some(after)) = (before, after) {
                    prop_assert!((before - after).abs() < 1e-9 && before <= 1.0 + 1e-12);
                }
            }
        }
    }
}

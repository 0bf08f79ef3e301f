//! Tables of systems by measures: values, deviations over seeds, intervals, tests.

use serde::Serialize;

use crate::measure::{Direction, Measure};
use crate::scorer::Rights;
use crate::significance::{
    Interval, Quantity, Resampling, Tally, TestKind, interval, mean_and_deviation,
    paired_differences, randomisation, sign_test,
};
use crate::tally::SystemTally;

/// What a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A system whose predictions were scored here.
    Model,
    /// A rule without a model, scored here.
    Control,
    /// Figures as a paper prints them.
    Printed,
    /// A system of the suite that is not there; nothing was scored.
    Absent,
}

impl RowKind {
    /// Its mark in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Control => "control",
            Self::Printed => "printed",
            Self::Absent => "absent",
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// A measure.
    Measure(Measure),
    /// A figure that only papers print.
    Printed {
        /// Name in files.
        key: String,
        /// Name in tables.
        title: String,
    },
}

impl Column {
    /// Name in tables.
    pub fn title(&self) -> String {
        match self {
            Self::Measure(measure) => measure.title(),
            Self::Printed { title, .. } => title.clone(),
        }
    }

    /// What the column is of, where several tasks share a table.
    pub const fn group(&self) -> Option<&'static str> {
        match self {
            Self::Measure(measure) => match measure.task() {
                Some(task) => Some(task.title()),
                None => None,
            },
            Self::Printed { .. } => None,
        }
    }

    /// Name in files.
    pub fn key(&self) -> String {
        match self {
            Self::Measure(measure) => measure.key(),
            Self::Printed { key, .. } => key.clone(),
        }
    }

    const fn direction(&self) -> Option<Direction> {
        match self {
            Self::Measure(measure) => measure.direction(),
            Self::Printed { .. } => None,
        }
    }
}

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// Mean over the seeds, as shown: shares in percent.
    pub value: f64,
    /// Deviation over the seeds, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// 95 % bootstrap interval by dialogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// p-value of the difference to the system that is tested against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// 95 % interval of that difference, by the paired bootstrap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Interval>,
    /// Whether it is the best of its column among what was scored here.
    pub is_best: bool,
}

impl Cell {
    /// Whether the difference to the system tested against may be chance.
    pub fn is_not_significant(&self) -> bool {
        self.p.is_some_and(|p| p > 0.05)
    }

    /// A figure that a paper prints.
    pub const fn printed(value: f64) -> Self {
        Self {
            value,
            deviation: None,
            interval: None,
            p: None,
            difference: None,
            is_best: false,
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Name of the system.
    pub system: String,
    /// What it is.
    pub kind: RowKind,
    /// Number of seeds.
    pub n_seeds: usize,
    /// One place a column; `None` where there is nothing to measure.
    pub cells: Vec<Option<Cell>>,
    /// What is to be said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Protocol of the instances and target texts.
    pub protocol: &'static str,
    /// Instances in it.
    pub n_instances: usize,
    /// Dialogues they are of.
    pub n_dialogues: usize,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What the systems are tested against, and how.
    pub comparison: Option<Comparison>,
}

/// The system that the others are tested against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Its name.
    pub against: String,
    /// The test.
    pub test: TestKind,
}

/// A scored system under one protocol: for each seed, one tally a dialogue.
#[derive(Debug, Clone)]
pub struct ScoredSystem {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: RowKind,
    /// By seed, by dialogue.
    pub seeds: Vec<Vec<SystemTally>>,
    /// Which labels the first seed has right.
    pub rights: Rights,
}

/// Tallies of one dialogue, one a seed.
#[derive(Debug, Clone)]
struct BySeed(Vec<SystemTally>);

impl Tally for BySeed {
    fn merge(&mut self, other: &Self) {
        for (mine, other) in self.0.iter_mut().zip(&other.0) {
            mine.merge(other);
        }
    }

    fn clear(&mut self) {
        self.0.iter_mut().for_each(SystemTally::clear);
    }
}

impl ScoredSystem {
    /// One entry a dialogue, its seeds repeated up to `n_seeds`.
    fn by_dialogue(&self, n_seeds: usize) -> Vec<BySeed> {
        let n_dialogues = self.seeds.first().map_or(0, Vec::len);
        (0..n_dialogues)
            .map(|dialogue| {
                let seeds = self.seeds.iter().cycle().take(n_seeds);
                BySeed(seeds.map(|seed| seed[dialogue].clone()).collect())
            })
            .collect()
    }

    /// The values of a measure, one a seed.
    fn values(&self, measure: Measure) -> Vec<f64> {
        self.seeds
            .iter()
            .filter_map(|dialogues| {
                let (first, others) = dialogues.split_first()?;
                let mut sum = first.clone();
                for other in others {
                    sum.merge(other);
                }
                measure.value(&sum)
            })
            .collect()
    }
}

type SeedQuantity = dyn Fn(&BySeed) -> f64;

fn mean_value(measure: Measure, tallies: &BySeed) -> f64 {
    let values = tallies.0.iter().filter_map(|tally| measure.value(tally));
    let (sum, n) = values.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
    if n == 0 { 0.0 } else { sum / f64::from(n) }
}

/// The rows of the systems, tested against the one named.
pub fn rows(
    systems: &[ScoredSystem],
    columns: &[Column],
    comparison: Option<&Comparison>,
    resampling: Resampling,
) -> Vec<Row> {
    let reference = comparison.and_then(|one| {
        let system = systems.iter().find(|system| system.name == one.against)?;
        Some((system, one.test))
    });
    let mut rows: Vec<Row> = systems
        .iter()
        .map(|system| {
            let other = reference.filter(|(reference, _)| reference.name != system.name);
            row(system, columns, other, resampling)
        })
        .collect();
    for (idx, column) in columns.iter().enumerate() {
        mark_best(&mut rows, idx, column);
    }
    rows
}

fn row(
    system: &ScoredSystem,
    columns: &[Column],
    reference: Option<(&ScoredSystem, TestKind)>,
    resampling: Resampling,
) -> Row {
    let values: Vec<(usize, Measure, Vec<f64>)> = columns
        .iter()
        .enumerate()
        .filter_map(|(idx, column)| match column {
            Column::Measure(measure) => Some((idx, *measure, system.values(*measure))),
            Column::Printed { .. } => None,
        })
        .filter(|(_, _, values)| !values.is_empty())
        .collect();
    let measures: Vec<Measure> = values.iter().map(|(_, measure, _)| *measure).collect();
    let quantities: Vec<Box<SeedQuantity>> = measures
        .iter()
        .map(|&measure| Box::new(move |tallies: &BySeed| mean_value(measure, tallies)) as Box<_>)
        .collect();
    let quantities: Vec<Quantity<'_, BySeed>> = quantities.iter().map(AsRef::as_ref).collect();
    let n_seeds = system.seeds.len();
    let intervals = interval(&system.by_dialogue(n_seeds), &quantities, resampling);
    let tested = match reference {
        Some((reference, test)) => {
            let pair = Pair { system, reference };
            pair.differences(test, &measures, &quantities, resampling)
        }
        None => vec![Difference::default(); measures.len()],
    };
    let mut cells = vec![None; columns.len()];
    for (place, (idx, measure, values)) in values.iter().enumerate() {
        let interval = intervals.as_ref().map(|all| all[place]);
        cells[*idx] = cell(*measure, values, interval, tested[place]);
    }
    Row {
        system: system.name.clone(),
        kind: system.kind,
        n_seeds,
        cells,
        note: None,
    }
}

/// A system beside the one that it is tested against.
struct Pair<'s> {
    system: &'s ScoredSystem,
    reference: &'s ScoredSystem,
}

/// What a test says of one measure.
#[derive(Debug, Clone, Copy, Default)]
struct Difference {
    p: Option<f64>,
    interval: Option<Interval>,
}

impl Pair<'_> {
    /// One entry a measure; nothing where the reference has no such measure or the test none.
    fn differences(
        &self,
        test: TestKind,
        measures: &[Measure],
        quantities: &[Quantity<'_, BySeed>],
        resampling: Resampling,
    ) -> Vec<Difference> {
        let n_seeds = self.system.seeds.len().max(self.reference.seeds.len());
        let ours = self.system.by_dialogue(n_seeds);
        let theirs = self.reference.by_dialogue(n_seeds);
        let of_p = |p| Difference {
            p: Some(p),
            interval: None,
        };
        let all: Option<Vec<Difference>> = match test {
            TestKind::Randomisation => randomisation(&ours, &theirs, quantities, resampling)
                .map(|all| all.into_iter().map(of_p).collect()),
            TestKind::Bootstrap => {
                paired_differences(&ours, &theirs, quantities, resampling).map(|all| {
                    let difference = |one: crate::significance::PairedDifference| Difference {
                        p: Some(one.p),
                        interval: Some(one.interval),
                    };
                    all.into_iter().map(difference).collect()
                })
            }
            TestKind::Mcnemar => Some(measures.iter().map(|one| self.mcnemar(*one)).collect()),
        };
        let mut all = all.unwrap_or_else(|| vec![Difference::default(); measures.len()]);
        for (difference, measure) in all.iter_mut().zip(measures) {
            if measure.direction().is_none() || self.reference.values(*measure).is_empty() {
                *difference = Difference::default();
            }
        }
        all
    }

    /// Over the instances that exactly one of the two first seeds has right.
    fn mcnemar(&self, measure: Measure) -> Difference {
        let Measure::Accuracy(task) = measure else {
            return Difference::default();
        };
        let ours = &self.system.rights[task as usize];
        let pairs = ours.iter().zip(&self.reference.rights[task as usize]);
        let (mut n_ours, mut n_theirs) = (0, 0);
        for (ours, theirs) in pairs {
            n_ours += usize::from(*ours && !theirs);
            n_theirs += usize::from(!ours && *theirs);
        }
        Difference {
            p: Some(sign_test(n_ours, n_theirs)),
            interval: None,
        }
    }
}

fn cell(
    measure: Measure,
    values: &[f64],
    interval: Option<Interval>,
    difference: Difference,
) -> Option<Cell> {
    let scale = if measure.is_share() { 100.0 } else { 1.0 };
    let scaled = |interval: Interval| Interval {
        low: interval.low * scale,
        high: interval.high * scale,
    };
    let summary = mean_and_deviation(values)?;
    Some(Cell {
        value: summary.mean * scale,
        deviation: summary.deviation.map(|deviation| deviation * scale),
        interval: interval.map(scaled),
        p: difference.p,
        difference: difference.interval.map(scaled),
        is_best: false,
    })
}

fn mark_best(rows: &mut [Row], idx: usize, column: &Column) {
    let Some(direction) = column.direction() else {
        return;
    };
    let best = rows
        .iter()
        .filter_map(|row| row.cells[idx].map(|cell| cell.value))
        .reduce(|best, value| {
            if direction.is_better(value, best) {
                value
            } else {
                best
            }
        });
    for cell in rows.iter_mut().filter_map(|row| row.cells[idx].as_mut()) {
        cell.is_best = best.is_some_and(|best| (cell.value - best).abs() < 1e-9);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Task;

    /// A system that is right in the first `n_right` of ten dialogues of one instance.
    fn system(name: &str, n_right: &[usize]) -> ScoredSystem {
        let dialogues = |n_right: usize| {
            (0..10)
                .map(|idx| {
                    let mut tally = SystemTally::new(2, 2);
                    tally
                        .labels_mut(Task::Strategy)
                        .add(0, Some(usize::from(idx >= n_right)));
                    tally
                })
                .collect()
        };
        let rights = (0..10).map(|idx| idx < n_right[0]).collect();
        ScoredSystem {
            name: name.to_owned(),
            kind: RowKind::Model,
            seeds: n_right.iter().map(|&n| dialogues(n)).collect(),
            rights: [Vec::new(), rights, Vec::new()],
        }
    }

    const COLUMNS: [Column; 2] = [
        Column::Measure(Measure::Accuracy(Task::Strategy)),
        Column::Measure(Measure::MacroF1(Task::Strategy)),
    ];

    fn tested(test: TestKind) -> Vec<Row> {
        let systems = [
            system("good", &[10, 10]),
            system("same", &[5]),
            system("base", &[4]),
        ];
        let comparison = Comparison {
            against: "base".to_owned(),
            test,
        };
        rows(&systems, &COLUMNS, Some(&comparison), Resampling::default())
    }

    #[test]
    fn seeds_become_mean_and_deviation_and_chance_is_marked() {
        let rows = tested(TestKind::Randomisation);
        let good = rows[0].cells[0].unwrap();
        assert_eq!((good.value, good.deviation), (100.0, Some(0.0)));
        assert!(good.is_best && !good.is_not_significant(), "{good:?}");
        let same = rows[1].cells[0].unwrap();
        assert!(same.is_not_significant() && !same.is_best);
        assert!(same.interval.unwrap().low < 50.0 && same.interval.unwrap().high > 50.0);
        assert_eq!(rows[2].cells[0].unwrap().p, None);
    }

    #[test]
    fn the_paired_bootstrap_gives_an_interval_of_the_difference() {
        let rows = tested(TestKind::Bootstrap);
        let good = rows[0].cells[0].unwrap();
        let difference = good.difference.unwrap();
        assert!(difference.low > 20.0 && difference.high < 95.0, "{good:?}");
        assert!(difference.low < 60.0 && difference.high > 60.0, "{good:?}");
        assert!(!good.is_not_significant());
        // Base is never ahead, but in a third of the draws the one dialogue is not there.
        let same = rows[1].cells[0].unwrap();
        assert!(same.difference.unwrap().low.abs() < 1e-9 && same.is_not_significant());
        assert_eq!(rows[2].cells[0].unwrap().difference, None);
    }

    #[test]
    fn mcnemars_test_compares_accuracy_alone() {
        let rows = tested(TestKind::Mcnemar);
        // Six instances won, none lost: 2 / 2^6.
        let good = rows[0].cells[0].unwrap().p.unwrap();
        assert!((good - 2.0 / 64.0).abs() < 1e-12, "{good}");
        let same = rows[1].cells[0].unwrap().p.unwrap();
        assert!((same - 1.0).abs() < 1e-12, "{same}");
        assert_eq!(rows[0].cells[1].unwrap().p, None);
    }

    #[test]
    fn a_measure_without_anything_to_measure_has_no_figure() {
        let columns = [Column::Measure(Measure::Bleu(2))];
        let rows = rows(&[system("a", &[3])], &columns, None, Resampling::default());
        assert_eq!(rows[0].cells, [None]);
    }
}

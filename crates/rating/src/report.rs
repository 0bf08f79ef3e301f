//! Table V: what the ratings come to, and how far they can be trusted.
//!
//! The unit is the moment. Its raters' verdicts come to one ([`Verdict::most`]); the shares of moments
//! won, tied and lost have Wilson intervals, and a sign test asks whether wins and losses are equally
//! likely, corrected over the five questions by Holm. The paper gives shares alone. Agreement is over
//! win, tie and loss of system A, so sides do not enter. Raters who missed checks are left out by a
//! rule stated in the report, which names them and also gives the figures with everybody.

use std::collections::BTreeMap;

use serde::Serialize;
use smes_evaluation::Interval;
use smes_evaluation::metrics::{
    Ratings, Scale, fleiss_kappa, krippendorff_alpha, percent_agreement,
};
use smes_evaluation::significance::{holm, sign_test, wilson_95};

use crate::judge::{self, JudgeReport};
use crate::study::{Manifest, Rater};
use crate::{Answers, Item, Question, RaterId, RatingError, Study, TaskKind, Verdict};

/// Which raters count.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportOptions {
    /// Least share of the checks done right, of the checks seen.
    pub min_checks: f64,
    /// Raters left out by hand.
    pub left_out: Vec<RaterId>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            min_checks: 0.75,
            left_out: Vec::new(),
        }
    }
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Those that count.
    pub n_right: usize,
    /// All.
    pub n: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, is_right: bool) {
        self.n += 1;
        self.n_right += usize::from(is_right);
    }
}

/// One rater.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RaterReport {
    /// Who.
    pub rater: RaterId,
    /// Tasks they were given.
    pub n_tasks: usize,
    /// Tasks with every question answered.
    pub n_whole: usize,
    /// Checks with all answers as asked, of the checks done.
    pub checks: Tally,
    /// Answers that were the same the second time, of the questions answered twice.
    pub repeats: Tally,
    /// Share of the left side among answers that chose a side; about a half for who reads.
    pub left_share: Option<f64>,
    /// Share of ties among all answers.
    pub tie_share: Option<f64>,
    /// Median time that a task was in view, in seconds.
    pub pace_s: Option<f64>,
    /// Why they do not count, if so.
    pub left_out: Option<String>,
}

/// A number of moments, and their share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub n: usize,
    /// Of all.
    pub share: f64,
    /// Wilson's.
    pub interval: Option<Interval>,
}

impl Share {
    pub(crate) fn new(n: usize, of: usize) -> Self {
        Self {
            n,
            share: if of == 0 { 0.0 } else { n as f64 / of as f64 },
            interval: wilson_95(n, of),
        }
    }
}

/// How far raters agree on a question.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Moments that every rater judged, of two or more: those that kappa is over.
    pub n_whole_items: usize,
    /// Share of pairs of raters that agree.
    pub percent: Option<f64>,
    /// Fleiss' kappa.
    pub fleiss_kappa: Option<f64>,
    /// Krippendorff's alpha, nominal, over all moments.
    pub krippendorff_alpha: Option<f64>,
}

/// One question: a row of Table V.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuestionReport {
    /// The question.
    pub question: Question,
    /// Moments with a verdict.
    pub n_items: usize,
    /// Moments that system A won.
    pub win: Share,
    /// Moments without a difference.
    pub tie: Share,
    /// Moments that system B won.
    pub loss: Share,
    /// Sign test over the moments.
    pub p: f64,
    /// The same, corrected for asking five questions.
    pub p_holm: f64,
    /// All single ratings: wins, ties, losses.
    pub ratings: [usize; Verdict::N],
    /// Agreement among the raters.
    pub agreement: Agreement,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyReport {
    /// What was compared, and how it was drawn.
    pub study: Manifest,
    /// Least share of checks done right that was asked for.
    pub min_checks: f64,
    /// Every rater, also those who do not count.
    pub raters: Vec<RaterReport>,
    /// The questions, over the raters who count.
    pub questions: Vec<QuestionReport>,
    /// The questions over all raters, where some do not count.
    pub questions_of_all: Option<Vec<QuestionReport>>,
    /// Models that were asked the same; no human evaluation.
    pub judges: Vec<JudgeReport>,
}

/// What one rater says of each moment, by [`Question::idx`].
pub(crate) type Verdicts = Vec<[Option<Verdict>; Question::ALL.len()]>;

/// Makes the report of a study, finished or not.
///
/// # Errors
/// [`RatingError`] when its files cannot be read.
pub fn report(study: &Study, options: &ReportOptions) -> Result<StudyReport, RatingError> {
    let raters = study.raters()?;
    if let Some(rater) = options
        .left_out
        .iter()
        .find(|one| !raters.contains_key(one))
    {
        return Err(RatingError::UnknownRater { rater: *rater });
    }
    let mut reports = Vec::new();
    let mut all = BTreeMap::new();
    let mut counting = BTreeMap::new();
    for rater in raters.values() {
        let answers = Answers::load(&study.ratings_path(rater.rater), rater.tasks.len())?;
        let report = rater_report(rater, &answers, study.items(), options);
        let verdicts = verdicts(rater, &answers, study.moments().len());
        if report.left_out.is_none() {
            counting.insert(rater.rater, verdicts.clone());
        }
        all.insert(rater.rater, verdicts);
        reports.push(report);
    }
    let n_moments = study.moments().len();
    Ok(StudyReport {
        study: study.manifest().clone(),
        min_checks: options.min_checks,
        judges: judge::reports(study, &counting.values().collect::<Vec<_>>())?,
        questions: questions(&counting, n_moments),
        questions_of_all: (counting.len() < all.len()).then(|| questions(&all, n_moments)),
        raters: reports,
    })
}

/// The first verdicts of a rater; the repeated ones only tell of their consistency.
fn verdicts(rater: &Rater, answers: &Answers, n_moments: usize) -> Verdicts {
    let mut verdicts = vec![[None; Question::ALL.len()]; n_moments];
    for (task, given) in rater.tasks.iter().zip(&answers.tasks) {
        if task.kind == TaskKind::Moment {
            verdicts[task.item] = given
                .choices
                .map(|choice| choice.map(|choice| Verdict::of(choice, task.left)));
        }
    }
    verdicts
}

/// The verdict of several raters on each moment; `None` where none of them gave one.
pub(crate) fn together<'v>(
    raters: impl Iterator<Item = &'v Verdicts> + Clone,
    item: usize,
    question: Question,
) -> Option<Verdict> {
    let mut given = raters
        .filter_map(|verdicts| verdicts[item][question.idx()])
        .peekable();
    given.peek()?;
    Some(Verdict::most(given))
}

fn questions(raters: &BTreeMap<RaterId, Verdicts>, n_moments: usize) -> Vec<QuestionReport> {
    let mut rows: Vec<QuestionReport> = Question::ALL
        .into_iter()
        .map(|question| question_report(question, raters, n_moments))
        .collect();
    let p_values: Vec<f64> = rows.iter().map(|row| row.p).collect();
    for (row, adjusted) in rows.iter_mut().zip(holm(&p_values)) {
        row.p_holm = adjusted;
    }
    rows
}

fn question_report(
    question: Question,
    raters: &BTreeMap<RaterId, Verdicts>,
    n_moments: usize,
) -> QuestionReport {
    let mut counts = [0; Verdict::N];
    let mut ratings = [0; Verdict::N];
    let mut by_item: Vec<Ratings> = Vec::new();
    for item in 0..n_moments {
        let class = |verdicts: &Verdicts| verdicts[item][question.idx()].map(Verdict::class);
        let row: Ratings = raters.values().map(class).collect();
        for class in row.iter().flatten() {
            ratings[*class] += 1;
        }
        by_item.push(row);
        if let Some(verdict) = together(raters.values(), item, question) {
            counts[verdict.class()] += 1;
        }
    }
    let n_items = counts.iter().sum();
    let [win, tie, loss] = counts.map(|n| Share::new(n, n_items));
    let p = sign_test(win.n, loss.n);
    QuestionReport {
        question,
        n_items,
        win,
        tie,
        loss,
        p,
        p_holm: p,
        ratings,
        agreement: agreement(&by_item),
    }
}

fn agreement(by_item: &[Ratings]) -> Agreement {
    let whole: Vec<Ratings> = by_item
        .iter()
        .filter(|row| row.len() > 1 && !row.contains(&None))
        .cloned()
        .collect();
    Agreement {
        n_whole_items: whole.len(),
        percent: percent_agreement(by_item, Verdict::N),
        fleiss_kappa: fleiss_kappa(&whole, Verdict::N),
        krippendorff_alpha: krippendorff_alpha(by_item, Verdict::N, Scale::Nominal),
    }
}

fn rater_report(
    rater: &Rater,
    answers: &Answers,
    items: &[Item],
    options: &ReportOptions,
) -> RaterReport {
    let checks = checks(rater, answers, items);
    let mut sides = [0_usize; 3];
    for choice in answers.tasks.iter().flat_map(|task| task.choices).flatten() {
        sides[choice as usize] += 1;
    }
    let [left, ties, right] = sides;
    let share = |n: usize, of: usize| (of > 0).then(|| n as f64 / of as f64);
    let mut times: Vec<u64> = answers
        .tasks
        .iter()
        .filter(|task| task.is_whole())
        .map(|task| task.elapsed_ms)
        .collect();
    times.sort_unstable();
    RaterReport {
        rater: rater.rater,
        n_tasks: rater.tasks.len(),
        n_whole: answers.n_whole(),
        checks,
        repeats: repeats(rater, answers),
        left_share: share(left, left + right),
        tie_share: share(ties, left + ties + right),
        pace_s: times.get(times.len() / 2).map(|ms| *ms as f64 / 1000.0),
        left_out: why_left_out(rater.rater, checks, answers, options),
    }
}

fn why_left_out(
    rater: RaterId,
    checks: Tally,
    answers: &Answers,
    options: &ReportOptions,
) -> Option<String> {
    let Tally { n_right, n } = checks;
    if options.left_out.contains(&rater) {
        Some("left out by hand".to_owned())
    } else if answers.tasks.iter().all(|task| task.choices == [None; 5]) {
        Some("has not begun".to_owned())
    } else if (n_right as f64) < options.min_checks * n as f64 {
        Some(format!("did {n_right} of {n} checks right"))
    } else {
        None
    }
}

fn checks(rater: &Rater, answers: &Answers, items: &[Item]) -> Tally {
    let mut tally = Tally::default();
    for (task, given) in rater.tasks.iter().zip(&answers.tasks) {
        let Some(wanted) = items[task.item].check.filter(|_| given.is_whole()) else {
            continue;
        };
        let is_right = given
            .choices
            .iter()
            .flatten()
            .all(|choice| Verdict::of(*choice, task.left) == wanted);
        tally.add(is_right);
    }
    tally
}

fn repeats(rater: &Rater, answers: &Answers) -> Tally {
    let mut tally = Tally::default();
    let both = || rater.tasks.iter().zip(&answers.tasks);
    for (again, given) in both().filter(|(task, _)| task.kind == TaskKind::Repeat) {
        let first =
            both().find(|(task, _)| task.kind == TaskKind::Moment && task.item == again.item);
        let Some((task, before)) = first else {
            continue;
        };
        for (now, then) in given.choices.iter().zip(&before.choices) {
            if let (Some(now), Some(then)) = (now, then) {
                tally.add(Verdict::of(*now, again.left) == Verdict::of(*then, task.left));
            }
        }
    }
    tally
}

/// Headers of [`table_rows`].
pub const TABLE_HEADERS: [&str; 8] = [
    "Question", "Win", "Tie", "Loss", "p", "p (Holm)", "kappa", "alpha",
];

/// The questions as the rows of a table; wins are those of system A. Shares in percent with their
/// 95 % intervals; `*` marks questions whose corrected p-value is below 0.05.
pub fn table_rows(questions: &[QuestionReport]) -> Vec<Vec<String>> {
    questions
        .iter()
        .map(|row| {
            let mark = if row.p_holm < 0.05 { "*" } else { "" };
            vec![
                format!("{}{mark}", row.question.title()),
                percent(&row.win),
                percent(&row.tie),
                percent(&row.loss),
                p_value(row.p),
                p_value(row.p_holm),
                coefficient(row.agreement.fleiss_kappa),
                coefficient(row.agreement.krippendorff_alpha),
            ]
        })
        .collect()
}

pub(crate) fn percent(share: &Share) -> String {
    let range = share.interval.map_or_else(String::new, |interval| {
        format!(
            " [{:.1}, {:.1}]",
            interval.low * 100.0,
            interval.high * 100.0
        )
    });
    format!("{:.1}{range}", share.share * 100.0)
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "<0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

pub(crate) fn coefficient(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::System;
    use crate::test_support::{Habit, rate, study};

    const CAREFUL: Habit = Habit {
        prefers: |_, _| Some(System::A),
        reads_checks: true,
        is_consistent: true,
    };

    fn make(habits: &[Habit], options: &ReportOptions) -> StudyReport {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        for habit in habits {
            rate(&study, habit);
        }
        report(&study, options).unwrap()
    }

    #[test]
    fn sides_are_undone_and_the_majority_decides_each_moment() {
        let report = make(
            &[
                CAREFUL,
                CAREFUL,
                Habit {
                    prefers: |item, _| if item < 3 { None } else { Some(System::B) },
                    ..CAREFUL
                },
            ],
            &ReportOptions::default(),
        );
        for row in &report.questions {
            assert_eq!(
                (row.n_items, row.win.n, row.tie.n, row.loss.n),
                (12, 12, 0, 0)
            );
            assert_eq!(row.ratings, [24, 3, 9]);
            // 2 * 0.5^12, and five times that.
            assert!((row.p - 2.0 / 4096.0).abs() < 1e-12, "{}", row.p);
            assert!((row.p_holm - 10.0 / 4096.0).abs() < 1e-12, "{}", row.p_holm);
            assert_eq!(row.agreement.n_whole_items, 12);
            // One of three pairs agrees everywhere.
            assert!((row.agreement.percent.unwrap() - 1.0 / 3.0).abs() < 1e-12);
        }
        assert!(report.questions_of_all.is_none());
        for rater in &report.raters {
            assert_eq!((rater.n_whole, rater.n_tasks), (16, 16));
            assert_eq!(rater.checks, Tally { n_right: 2, n: 2 });
            assert_eq!(rater.repeats, Tally { n_right: 10, n: 10 });
            assert_eq!(rater.pace_s, Some(5.0));
        }
    }

    #[test]
    fn who_does_not_read_is_left_out_and_named() {
        let careless = Habit {
            prefers: |_, _| Some(System::B),
            reads_checks: false,
            is_consistent: false,
        };
        let report = make(&[CAREFUL, careless], &ReportOptions::default());
        assert_eq!(report.raters[0].left_out, None);
        let left_out = report.raters[1].left_out.as_deref();
        assert_eq!(left_out, Some("did 0 of 2 checks right"));
        assert_eq!(report.raters[1].repeats, Tally { n_right: 0, n: 10 });
        assert_eq!(report.questions[0].win.n, 12);
        let of_all = report.questions_of_all.unwrap();
        assert_eq!((of_all[0].win.n, of_all[0].tie.n), (0, 12));
    }

    #[test]
    fn an_empty_and_a_half_done_study_can_be_reported_on() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let empty = report(&study, &ReportOptions::default()).unwrap();
        assert!(empty.raters.is_empty() && empty.questions[0].n_items == 0);
        assert_eq!(table_rows(&empty.questions)[0][1], "0.0");
        study.invite(1).unwrap();
        let begun = report(&study, &ReportOptions::default()).unwrap();
        assert_eq!(begun.raters[0].left_out.as_deref(), Some("has not begun"));
        let by_hand = ReportOptions {
            left_out: vec![RaterId::new(7)],
            ..ReportOptions::default()
        };
        assert!(matches!(
            report(&study, &by_hand),
            Err(RatingError::UnknownRater { .. })
        ));
    }

    #[test]
    fn the_table_reads_like_table_five() {
        let half = Habit {
            prefers: |item, question| match question {
                Question::Overall => Some(System::A),
                _ => [Some(System::A), Some(System::B), None][item % 3],
            },
            ..CAREFUL
        };
        let report = make(&[half, CAREFUL], &ReportOptions::default());
        let rows: Vec<String> = table_rows(&report.questions)
            .iter()
            .map(|row| row.join(" | "))
            .collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        Fluency* | 66.7 [39.1, 86.2] | 33.3 [13.8, 60.9] | 0.0 [0.0, 24.2] | 0.008 | 0.031 | -0.33 | -0.28
        Identification* | 66.7 [39.1, 86.2] | 33.3 [13.8, 60.9] | 0.0 [0.0, 24.2] | 0.008 | 0.031 | -0.33 | -0.28
        Comfort* | 66.7 [39.1, 86.2] | 33.3 [13.8, 60.9] | 0.0 [0.0, 24.2] | 0.008 | 0.031 | -0.33 | -0.28
        Suggestion* | 66.7 [39.1, 86.2] | 33.3 [13.8, 60.9] | 0.0 [0.0, 24.2] | 0.008 | 0.031 | -0.33 | -0.28
        Overall* | 100.0 [75.8, 100.0] | 0.0 [0.0, 24.2] | 0.0 [0.0, 24.2] | <0.001 | 0.002 | - | -
        ");
    }
}

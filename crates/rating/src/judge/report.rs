//! What judges say: verdicts, the place they prefer, and how far they agree with people.

use serde::Serialize;
use smes_endpoint::Usage;
use smes_evaluation::metrics::cohen_kappa;
use smes_evaluation::significance::{holm, sign_test};

use super::file::{JudgeHeader, Judgements, latest, load};
use crate::report::{Share, Tally, Verdicts, coefficient, p_value, percent};
use crate::{Choice, Question, RatingError, Study, System, Verdict};

/// One judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeReport {
    /// Its name: that of its file.
    pub name: String,
    /// Who was asked what.
    pub asked: JudgeHeader,
    /// Moments judged in both orders: those that count.
    pub n_items: usize,
    /// Judgements for which no usable answer came.
    pub n_failed: usize,
    /// Requests that were sent in all.
    pub n_requests: u64,
    /// Tokens in all.
    pub usage: Usage,
    /// The questions.
    pub questions: Vec<JudgeQuestion>,
}

/// One question to one judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeQuestion {
    /// The question.
    pub question: Question,
    /// Moments won by system A in both orders.
    pub win: Share,
    /// Moments tied, or judged differently in the two orders.
    pub tie: Share,
    /// Moments won by system B in both orders.
    pub loss: Share,
    /// Sign test over the moments.
    pub p: f64,
    /// The same, corrected for asking five questions.
    pub p_holm: f64,
    /// Moments with the same verdict in both orders.
    pub same_in_both_orders: Tally,
    /// Choices of the first place, of all choices of a place.
    pub first_place: Tally,
    /// Sign test of first against second place: small where the judge has a place it prefers.
    pub p_place: f64,
    /// Beside the majority of the raters who count; none where nobody rated.
    pub with_raters: Option<WithRaters>,
}

/// Agreement between a judge and the majority of the raters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WithRaters {
    /// Moments with the same verdict.
    pub same: Tally,
    /// Cohen's kappa.
    pub cohen_kappa: Option<f64>,
}

/// The reports of all judges of a study, by name. `raters` are the verdicts of those who count.
pub(crate) fn reports(
    study: &Study,
    raters: &[&Verdicts],
) -> Result<Vec<JudgeReport>, RatingError> {
    let folder = study.folder().join("judges");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(&folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
            && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
        {
            names.push((name.to_owned(), path));
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|(name, path)| {
            let loaded = load(&path, study.moments().len())?;
            let mut usage = Usage::default();
            for one in &loaded.all {
                usage += one.usage;
            }
            let judgements = &latest(&loaded.all);
            Ok(JudgeReport {
                name,
                n_items: (0..study.moments().len())
                    .filter(|item| both_orders(judgements, *item, Question::Overall).is_some())
                    .count(),
                n_failed: judgements
                    .values()
                    .filter(|one| one.choices.is_none())
                    .count(),
                n_requests: loaded.all.iter().map(|one| u64::from(one.n_requests)).sum(),
                usage,
                questions: questions(judgements, study.moments().len(), raters),
                asked: loaded.header,
            })
        })
        .collect()
}

fn questions(
    judgements: &Judgements,
    n_moments: usize,
    raters: &[&Verdicts],
) -> Vec<JudgeQuestion> {
    let mut rows: Vec<JudgeQuestion> = Question::ALL
        .into_iter()
        .map(|question| question_report(question, judgements, n_moments, raters))
        .collect();
    let p_values: Vec<f64> = rows.iter().map(|row| row.p).collect();
    for (row, adjusted) in rows.iter_mut().zip(holm(&p_values)) {
        row.p_holm = adjusted;
    }
    rows
}

/// The verdicts on a moment with A first and with B first.
fn both_orders(
    judgements: &Judgements,
    item: usize,
    question: Question,
) -> Option<(Verdict, Verdict)> {
    let verdict = |first: System| {
        let choices = judgements.get(&(item, first == System::A))?.choices?;
        Some(Verdict::of(choices[question.idx()], first))
    };
    Some((verdict(System::A)?, verdict(System::B)?))
}

fn question_report(
    question: Question,
    judgements: &Judgements,
    n_moments: usize,
    raters: &[&Verdicts],
) -> JudgeQuestion {
    let mut counts = [0; Verdict::N];
    let mut same_in_both_orders = Tally::default();
    let mut beside = Vec::new();
    for item in 0..n_moments {
        let Some((ab, ba)) = both_orders(judgements, item, question) else {
            continue;
        };
        let verdict = if ab == ba { ab } else { Verdict::Tie };
        counts[verdict.class()] += 1;
        same_in_both_orders.add(ab == ba);
        let people = crate::report::together(raters.iter().copied(), item, question);
        beside.extend(people.map(|people| (verdict.class(), people.class())));
    }
    let mut first_place = Tally::default();
    for choices in judgements.values().filter_map(|one| one.choices) {
        match choices[question.idx()] {
            Choice::Left => first_place.add(true),
            Choice::Right => first_place.add(false),
            Choice::Tie => {}
        }
    }
    let n_items = counts.iter().sum();
    let [win, tie, loss] = counts.map(|n| Share::new(n, n_items));
    let p = sign_test(win.n, loss.n);
    JudgeQuestion {
        question,
        win,
        tie,
        loss,
        p,
        p_holm: p,
        same_in_both_orders,
        p_place: sign_test(first_place.n_right, first_place.n - first_place.n_right),
        first_place,
        with_raters: (!beside.is_empty()).then(|| with_raters(&beside)),
    }
}

fn with_raters(beside: &[(usize, usize)]) -> WithRaters {
    let mut same = Tally::default();
    for (judge, people) in beside {
        same.add(judge == people);
    }
    WithRaters {
        same,
        cohen_kappa: cohen_kappa(beside, Verdict::N),
    }
}

/// Headers of [`judge_rows`].
pub const JUDGE_HEADERS: [&str; 8] = [
    "Question",
    "Win",
    "Tie",
    "Loss",
    "p (Holm)",
    "Same in both orders",
    "First place",
    "As raters",
];

/// A judge's questions as the rows of a table; wins are those of system A. Shares in percent; beside
/// the choices of the first place stands the p-value of their sign test, beside the agreement with
/// raters Cohen's kappa.
pub fn judge_rows(report: &JudgeReport) -> Vec<Vec<String>> {
    let tally = |tally: &Tally| format!("{}/{}", tally.n_right, tally.n);
    let row = |row: &JudgeQuestion| {
        let with_raters = row.with_raters.map_or_else(
            || "-".to_owned(),
            |with| format!("{} ({})", tally(&with.same), coefficient(with.cohen_kappa)),
        );
        vec![
            row.question.title().to_owned(),
            percent(&row.win),
            percent(&row.tie),
            percent(&row.loss),
            p_value(row.p_holm),
            tally(&row.same_in_both_orders),
            format!("{} (p {})", tally(&row.first_place), p_value(row.p_place)),
            with_raters,
        ]
    };
    report.questions.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::LineFile;
    use crate::judge::file::{Judgement, path};
    use crate::report::{ReportOptions, report};
    use crate::test_support::{Habit, rate, study};

    fn write(study: &Study, name: &str, choices: fn(usize, System) -> Option<Choice>) {
        let mut file = LineFile::open(&path(study, name)).unwrap();
        file.append(&JudgeHeader::new(study, "m", "localhost"))
            .unwrap();
        for item in 0..study.moments().len() {
            for first in [System::A, System::B] {
                file.append(&Judgement {
                    item,
                    first,
                    choices: choices(item, first).map(|choice| [choice; 5]),
                    n_malformed: 0,
                    n_requests: 1,
                    usage: Usage {
                        prompt_tokens: 10,
                        completion_tokens: 2,
                    },
                    took_ms: 1,
                })
                .unwrap();
            }
        }
    }

    #[test]
    fn a_judge_that_likes_a_place_decides_nothing_and_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        write(&study, "first", |_, _| Some(Choice::Left));
        let made = report(&study, &ReportOptions::default()).unwrap();
        let row = &made.judges[0].questions[0];
        assert_eq!((row.win.n, row.tie.n, row.loss.n), (0, 12, 0));
        assert_eq!(
            (row.same_in_both_orders.n_right, row.same_in_both_orders.n),
            (0, 12)
        );
        assert_eq!((row.first_place.n_right, row.first_place.n), (24, 24));
        assert!(row.p_place < 1e-6 && row.with_raters.is_none());
        assert_eq!(
            made.judges[0].usage,
            Usage {
                prompt_tokens: 240,
                completion_tokens: 48
            }
        );
    }

    #[test]
    fn a_judge_is_held_beside_the_raters_and_failures_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let people = Habit {
            prefers: |item, _| Some(if item < 6 { System::A } else { System::B }),
            reads_checks: true,
            is_consistent: true,
        };
        rate(&study, &people);
        // As the raters for the first nine moments, A for two more, no answer for the last.
        write(&study, "other", |item, first| {
            let better = if (6..9).contains(&item) {
                System::B
            } else {
                System::A
            };
            let choice = if better == first {
                Choice::Left
            } else {
                Choice::Right
            };
            (item < 11).then_some(choice)
        });
        let made = report(&study, &ReportOptions::default()).unwrap();
        let judge = &made.judges[0];
        assert_eq!(
            (judge.n_items, judge.n_failed, judge.n_requests),
            (11, 2, 24)
        );
        let row = &judge.questions[4];
        assert_eq!((row.win.n, row.loss.n), (8, 3));
        let with = row.with_raters.unwrap();
        assert_eq!((with.same.n_right, with.same.n), (9, 11));
        // By hand: 9/11 beside (8 * 6 + 3 * 5) / 121 by chance.
        let kappa = (9.0 / 11.0 - 63.0 / 121.0) / (1.0 - 63.0 / 121.0);
        assert!((with.cohen_kappa.unwrap() - kappa).abs() < 1e-12);
        assert_eq!(judge_rows(judge)[4][7], format!("9/11 ({kappa:.2})"));
    }
}

//! A score report as the rows of a table: every system and control by task, in one table.

use crate::controls::Control;
use crate::score::{ScoreReport, TaskScore};
use crate::significance::Interval;

/// Headers of [`table_rows`].
pub const TABLE_HEADERS: [&str; 6] = ["Task", "System", "Acc", "macro-F1", "weighted-F1", "n"];

/// One row a task and system. Values in percent with their 95 % intervals; the best of each task
/// and metric is marked with `*`. Controls stand only under the tasks they have a rule for.
pub fn table_rows(report: &ScoreReport) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let task = |name: &str, own: Option<&TaskScore>, controls: Vec<(&'static str, &TaskScore)>| {
        own.map_or_else(Vec::new, |own| {
            let mut all = vec![(report.reasoner.as_str(), own)];
            all.extend(controls);
            task_rows(name, &all)
        })
    };
    let controls = |has_rule: fn(Control) -> bool| {
        Control::ALL
            .into_iter()
            .filter(move |control| has_rule(*control))
            .filter_map(|control| {
                let report = report.controls.get(control.key())?;
                Some((control.key(), report))
            })
    };
    rows.extend(task(
        "user emotion",
        report.user_emotion.as_ref(),
        controls(Control::has_emotion_rule)
            .filter_map(|(key, report)| Some((key, report.user_emotion.as_ref()?)))
            .collect(),
    ));
    rows.extend(task(
        "strategy",
        report.strategy.as_ref(),
        controls(Control::has_strategy_rule)
            .filter_map(|(key, report)| Some((key, report.strategy.as_ref()?)))
            .collect(),
    ));
    rows.extend(task(
        "system emotion",
        report.system_emotion.as_ref(),
        controls(Control::has_emotion_rule)
            .filter_map(|(key, report)| Some((key, report.system_emotion.as_ref()?)))
            .collect(),
    ));
    rows
}

fn task_rows(task: &str, systems: &[(&str, &TaskScore)]) -> Vec<Vec<String>> {
    let best = |value: fn(&TaskScore) -> f64| {
        systems
            .iter()
            .map(|(_, score)| value(score))
            .fold(f64::NEG_INFINITY, f64::max)
    };
    let (best_accuracy, best_macro, best_weighted) = (
        best(|score| score.accuracy),
        best(|score| score.macro_f1),
        best(|score| score.weighted_f1),
    );
    systems
        .iter()
        .enumerate()
        .map(|(idx, (name, score))| {
            vec![
                if idx == 0 { task } else { "" }.to_owned(),
                (*name).to_owned(),
                cell(score.accuracy, score.accuracy_interval, best_accuracy),
                cell(score.macro_f1, score.macro_f1_interval, best_macro),
                cell(score.weighted_f1, None, best_weighted),
                score.n.to_string(),
            ]
        })
        .collect()
}

fn cell(value: f64, interval: Option<Interval>, best: f64) -> String {
    let mark = if (value - best).abs() < 1e-9 {
        "*"
    } else {
        " "
    };
    let range = interval.map_or_else(String::new, |interval| {
        format!(
            " [{:.1}, {:.1}]",
            interval.low * 100.0,
            interval.high * 100.0
        )
    });
    format!("{:.2}{mark}{range}", value * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{header, record, write_file};
    use crate::{Resampling, score};
    use smes_dialogue::{Label, Strategy};

    #[test]
    fn the_table_shows_the_system_first_and_marks_the_best() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        let restatement = Some(Strategy::from_name("Restatement"));
        let mut wrong = record("b", 1);
        wrong.gold.strategy = restatement.clone();
        wrong.last_strategy = restatement;
        wrong.continues_turn = true;
        write_file(&path, &header(2), &[record("a", 1), wrong]);
        let options = Resampling { n: 0, seed: 1 };
        let report = score(&path, options).unwrap();
        let rows: Vec<String> = table_rows(&report)
            .iter()
            .map(|row| row.join(" | "))
            .collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        user emotion | invented@1 | 100.00* | 100.00* | 100.00* | 2
         | majority | 0.00  | 0.00  | 0.00  | 2
         | always_neutral | 0.00  | 0.00  | 0.00  | 2
        strategy | invented@1 | 50.00* | 33.33* | 33.33  | 2
         | majority | 0.00  | 0.00  | 0.00  | 2
         | repeat_last_strategy | 50.00* | 33.33* | 50.00* | 2
         | repeat_last_else_opening | 50.00* | 33.33* | 50.00* | 2
         | repeat_inside_turn | 50.00* | 33.33* | 50.00* | 2
        system emotion | invented@1 | 100.00* | 100.00* | 100.00* | 2
         | majority | 100.00* | 100.00* | 100.00* | 2
         | always_neutral | 100.00* | 100.00* | 100.00* | 2
        ");
    }
}

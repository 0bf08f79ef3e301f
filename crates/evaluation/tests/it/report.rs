//! The reports of a small suite over the invented corpus.

use smes_dialogue::{Private, SplitName};
use smes_evaluation::report::{csv, html, latex, markdown};
use smes_evaluation::suite::Suite;
use smes_evaluation::{
    Evaluation, GoldSet, Predicted, Predictions, SeedBertScores, SystemRun, evaluate,
};

use crate::support;

const SUITE: &str = r#"
name = "small"
title = "Small & <plain>"
corpus = "x"
protocols = ["published", "spoken", "spoken-unshared"]
against = "silent"
resamples = 50

[[system]]
name = "silent"
predictions = ["a"]
control = true

[[system]]
name = "parrot_1"
predictions = ["b"]

[[system]]
name = "gone"
predictions = ["c"]
optional = "make it first"

[[table]]
title = "Both"
protocol = "spoken"
columns = ["strategy.accuracy", "bleu_2", "printed:f1:F1 as printed"]

[[table.printed]]
system = "theirs"
values = { bleu_2 = 37.89, f1 = 20.2 }
"#;

fn runs(suite: &Suite, gold: &GoldSet) -> Vec<SystemRun> {
    let folder = tempfile::tempdir().unwrap();
    let said: Vec<Private<String>> = gold
        .instances()
        .map(|(_, one)| one.spoken.clone())
        .collect();
    let predictions = |name: &str, speaks: bool| {
        let path = folder.path().join(name);
        support::write(&path, gold, |idx| {
            (Predicted::default(), speaks.then(|| said[idx].clone()))
        });
        vec![Predictions::read(&path, gold).unwrap()]
    };
    let seeds = [predictions("a", false), predictions("b", true), Vec::new()];
    let run = |(spec, seeds): (&smes_evaluation::suite::SystemSpec, _)| SystemRun {
        spec: spec.clone(),
        bertscores: vec![SeedBertScores::default()],
        seeds,
    };
    suite.systems.iter().zip(seeds).map(run).collect()
}

fn evaluated(suite: &str) -> (Evaluation, GoldSet, Vec<SystemRun>) {
    let suite = Suite::parse(suite, "s.toml").unwrap();
    let gold = support::fixture_gold(SplitName::Test);
    let runs = runs(&suite, &gold);
    (
        evaluate(&suite.title, &gold, &suite.plan, &runs),
        gold,
        runs,
    )
}

#[test]
fn a_table_of_its_own_shows_scored_absent_and_printed_rows() {
    let (evaluation, ..) = evaluated(SUITE);
    let text = markdown(&evaluation);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(lines[0], "| system | source | Acc | B-2 | F1 as printed |");
    assert!(
        lines[2].starts_with("| silent | control | 0.00*"),
        "{}",
        lines[2]
    );
    assert!(lines[2].ends_with("| - | - |"), "{}", lines[2]);
    assert!(lines[3].contains("| parrot_1 | model |") && lines[3].contains("100.00*"));
    assert_eq!(lines[4], "| gone | absent | - | - | - |");
    assert_eq!(lines[5], "| theirs | printed | - | 37.89 | 20.2 |");
    assert!(
        text.contains("`gone` is not scored: make it first"),
        "{text}"
    );
}

#[test]
fn a_table_may_test_against_a_system_of_its_own() {
    let suite = SUITE.replace(
        "protocol = \"spoken\"\n",
        "protocol = \"spoken\"\nagainst = \"parrot_1\"\n",
    );
    let (evaluation, ..) = evaluated(&suite);
    let table = &evaluation.tables[0];
    assert_eq!(table.comparison.as_ref().unwrap().against, "parrot_1");
    let p = |row: usize| table.rows[row].cells[1].and_then(|cell| cell.p);
    assert_eq!(p(1), None, "nobody is tested against itself");
    let note = "in `Both` the system tested against is `parrot_1`";
    assert!(evaluation.notes.iter().any(|one| one == note));
}

#[test]
fn csv_has_a_line_a_figure_and_latex_escapes_names() {
    let (evaluation, ..) = evaluated(SUITE);
    let text = csv(&evaluation);
    assert!(text.starts_with("table,protocol,system,source,"));
    assert!(
        text.contains("\nBoth,spoken,parrot_1,model,1,bleu_2,100.000000,"),
        "{text}"
    );
    assert!(
        text.contains("\nBoth,spoken,theirs,printed,0,f1,20.200000,,,,,,,0"),
        "{text}"
    );
    let text = latex(&evaluation);
    assert!(text.contains("parrot\\_1 & 0.00 & \\textbf{100.00}") || text.contains("parrot\\_1 &"));
    assert!(
        text.contains("theirs (printed) & -- & 37.89 & 20.2 \\\\"),
        "{text}"
    );
}

#[test]
fn without_tables_of_its_own_a_suite_has_one_a_task_and_one_a_protocol() {
    let table = SUITE.find("\n[[table]]").unwrap();
    let (evaluation, ..) = evaluated(&SUITE[..table]);
    let titles: Vec<&str> = evaluation
        .tables
        .iter()
        .map(|table| table.title.as_str())
        .collect();
    assert_eq!(titles.len(), 9, "{titles:?}");
    assert!(titles.contains(&"strategy, without rows shared with train"));
    assert!(titles.contains(&"responses, protocol `published`"));
}

#[test]
fn the_page_holds_everything_and_loads_nothing() {
    let (evaluation, gold, runs) = evaluated(SUITE);
    let page = html(&evaluation, &gold, &runs).unwrap();
    assert!(page.contains("<title>Small &amp; &lt;plain&gt;</title>"));
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // What stands in the data of the page cannot end its script element.
    let data = page.find("id=\"data\">").unwrap();
    let data = &page[data + "id=\"data\">".len()..];
    let data = &data[..data.find("</script>").unwrap()];
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["systems"].as_array().unwrap().len(), 2);
    assert_eq!(
        data["dialogues"].as_array().unwrap().len(),
        gold.dialogues.len()
    );
}

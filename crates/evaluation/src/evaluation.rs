//! A suite's systems, scored: tables, and what lies behind them.

use crate::align::Predictions;
use crate::detail::Detail;
use crate::gold::GoldSet;
use crate::measure::{Measure, Task};
use crate::protocol::{Protocol, WITHOUT_SHARED_ROWS};
use crate::scorer::{BertScores, Scorer, rights};
use crate::suite::{Plan, SystemSpec, TableSpec};
use crate::table::{Column, Comparison, Row, RowKind, ScoredSystem, Table, rows};

/// A system of a suite with its predictions, one a seed; none where it is absent.
#[derive(Debug)]
pub struct SystemRun {
    /// What the suite says of it.
    pub spec: SystemSpec,
    /// Its predictions by seed.
    pub seeds: Vec<Predictions>,
    /// BERTScore by seed, under the target text with the cue and under the spoken one.
    pub bertscores: Vec<SeedBertScores>,
}

/// BERTScore of one seed under both target texts.
#[derive(Debug, Clone, Default)]
pub struct SeedBertScores {
    /// Against utterance and cue.
    pub with_cue: Option<BertScores>,
    /// Against the utterance.
    pub spoken: Option<BertScores>,
}

/// Everything that a report shows.
#[derive(Debug)]
pub struct Evaluation {
    /// Its heading.
    pub title: String,
    /// The tables.
    pub tables: Vec<Table>,
    /// What lies behind the figures of each system that is there, its first seed.
    pub details: Vec<Detail>,
    /// What one has to know to read the tables.
    pub notes: Vec<String>,
}

/// Scores the systems as the plan says.
pub fn evaluate(title: &str, gold: &GoldSet, plan: &Plan, systems: &[SystemRun]) -> Evaluation {
    let mut scorer = Scorer::new(gold);
    let mut tables = Vec::new();
    if plan.tables.is_empty() {
        tables.extend(label_tables(&mut scorer, plan, systems));
        tables.extend(text_tables(&mut scorer, plan, systems));
    }
    for spec in &plan.tables {
        tables.push(own_table(&mut scorer, plan, systems, spec));
    }
    let there = systems.iter().filter(|system| !system.seeds.is_empty());
    Evaluation {
        title: title.to_owned(),
        tables,
        details: there
            .map(|system| Detail::new(&system.spec, gold, &system.seeds[0]))
            .collect(),
        notes: notes(gold, plan, systems),
    }
}

/// One table a task, for all instances and, where a protocol asks, for those not shared with train.
fn label_tables(scorer: &mut Scorer<'_>, plan: &Plan, systems: &[SystemRun]) -> Vec<Table> {
    let mut tables = Vec::new();
    for drops_shared_rows in [false, true] {
        let protocol = plan
            .protocols
            .iter()
            .find(|protocol| protocol.drops_shared_rows == drops_shared_rows);
        let Some(protocol) = protocol else { continue };
        let under = systems
            .iter()
            .filter(|system| system.spec.protocols.contains(protocol));
        let scored = scored(scorer, protocol, under.collect());
        for task in Task::ALL {
            let columns = [
                Measure::Accuracy(task),
                Measure::MacroF1(task),
                Measure::WeightedF1(task),
                Measure::Coverage(task),
            ];
            let title = if drops_shared_rows {
                format!("{}, {WITHOUT_SHARED_ROWS}", task.title())
            } else {
                task.title().to_owned()
            };
            let columns = columns.map(Column::Measure);
            tables.push(table(scorer, plan, protocol, title, &columns, &scored));
        }
    }
    tables
}

fn text_tables(scorer: &mut Scorer<'_>, plan: &Plan, systems: &[SystemRun]) -> Vec<Table> {
    let mut tables = Vec::new();
    for protocol in &plan.protocols {
        let columns: Vec<Column> = protocol
            .text_measures
            .iter()
            .filter(|measure| is_asked(plan, **measure))
            .map(|measure| Column::Measure(*measure))
            .collect();
        let with_words = systems
            .iter()
            .filter(|system| system.spec.protocols.contains(protocol) && !system.spec.labels_only);
        let scored = scored(scorer, protocol, with_words.collect());
        let title = format!("responses, protocol `{}`", protocol.name);
        let table = table(scorer, plan, protocol, title, &columns, &scored);
        if !table.rows.is_empty() {
            tables.push(table);
        }
    }
    tables
}

/// BERTScore has a column only where an encoder is named.
fn is_asked(plan: &Plan, measure: Measure) -> bool {
    measure != Measure::BertScore || plan.bertscore.is_some()
}

fn own_table(
    scorer: &mut Scorer<'_>,
    plan: &Plan,
    systems: &[SystemRun],
    spec: &TableSpec,
) -> Table {
    let under = systems
        .iter()
        .filter(|system| system.spec.protocols.contains(&spec.protocol));
    let scored = scored(scorer, spec.protocol, under.clone().collect());
    let title = spec.title.clone();
    let plan = &plan.for_table(spec);
    let mut table = table(scorer, plan, spec.protocol, title, &spec.columns, &scored);
    table
        .rows
        .retain(|row| row.cells.iter().any(Option::is_some));
    let absent = under.filter(|system| system.seeds.is_empty());
    table.rows.extend(absent.map(|system| Row {
        system: system.spec.name.clone(),
        kind: RowKind::Absent,
        n_seeds: 0,
        cells: vec![None; spec.columns.len()],
        note: system.spec.optional.clone(),
    }));
    table.rows.extend(spec.printed.iter().map(|printed| Row {
        system: printed.system.clone(),
        kind: RowKind::Printed,
        n_seeds: 0,
        cells: printed.cells.clone(),
        note: None,
    }));
    table
}

fn scored(
    scorer: &mut Scorer<'_>,
    protocol: &Protocol,
    systems: Vec<&SystemRun>,
) -> Vec<ScoredSystem> {
    systems
        .into_iter()
        .filter(|system| !system.seeds.is_empty())
        .map(|system| ScoredSystem {
            name: system.spec.name.clone(),
            kind: system.spec.kind,
            rights: rights(scorer.gold(), &system.seeds[0], protocol),
            seeds: system
                .seeds
                .iter()
                .enumerate()
                .map(|(seed, predictions)| {
                    let bertscores = system
                        .bertscores
                        .get(seed)
                        .and_then(|scores| scores.under(protocol));
                    scorer.tallies(predictions, protocol, bertscores)
                })
                .collect(),
        })
        .collect()
}

impl SeedBertScores {
    const fn under(&self, protocol: &Protocol) -> Option<&BertScores> {
        match protocol.target {
            crate::protocol::Target::WithCue => self.with_cue.as_ref(),
            crate::protocol::Target::Spoken => self.spoken.as_ref(),
        }
    }
}

fn table(
    scorer: &Scorer<'_>,
    plan: &Plan,
    protocol: &'static Protocol,
    title: String,
    columns: &[Column],
    systems: &[ScoredSystem],
) -> Table {
    let gold = scorer.gold();
    let in_dialogue = |dialogue: &crate::gold::GoldDialogue| {
        let instances = dialogue.instances.iter();
        instances.filter(|one| one.is_in(protocol)).count()
    };
    let counts: Vec<usize> = gold.dialogues.iter().map(in_dialogue).collect();
    Table {
        title,
        protocol: protocol.name,
        n_instances: counts.iter().sum(),
        n_dialogues: counts.iter().filter(|n| **n > 0).count(),
        columns: columns.to_vec(),
        rows: rows(systems, columns, plan.comparison.as_ref(), plan.resampling),
        comparison: plan.comparison.clone(),
    }
}

fn notes(gold: &GoldSet, plan: &Plan, systems: &[SystemRun]) -> Vec<String> {
    let mut notes = vec![format!(
        "corpus `{}` ({}), {} split, {} instances of {} dialogues",
        gold.corpus.name,
        gold.corpus.checksum,
        gold.split,
        gold.n_instances(),
        gold.dialogues.len()
    )];
    notes.push(format!(
        "95 % intervals: bootstrap over dialogues, {} draws, seed {}; an instance without a prediction counts as wrong",
        plan.resampling.n, plan.resampling.seed
    ));
    if let Some(Comparison { against, test }) = &plan.comparison {
        notes.push(format!(
            "`ns`: not significantly different from `{against}` (p > 0.05; {})",
            test.description()
        ));
    }
    notes.extend(plan.tables.iter().filter_map(|table| {
        let against = table.against.as_ref()?;
        Some(format!(
            "in `{}` the system tested against is `{against}`",
            table.title
        ))
    }));
    let is_of_other_instances =
        |table: &TableSpec| table.protocol.drops_shared_rows && !table.printed.is_empty();
    if plan.tables.iter().any(is_of_other_instances) {
        notes.push("printed figures are of all instances, shared rows among them".to_owned());
    }
    let n_conventions = gold
        .instances()
        .filter(|(_, one)| one.instance.user_emotion_from.is_none())
        .count();
    if n_conventions > 0 {
        notes.push(format!(
            "in {n_conventions} instances no seeker has spoken before; the gold user emotion there is the published code's convention"
        ));
    }
    let n_without_cue = gold
        .instances()
        .filter(|(_, one)| one.with_cue.is_none())
        .count();
    if n_without_cue > 0 {
        notes.push(format!(
            "{n_without_cue} instances have no cue; `published` leaves them out of the measures of text"
        ));
    }
    for system in systems {
        notes.extend(note_on(system));
    }
    notes
}

fn note_on(system: &SystemRun) -> Option<String> {
    let name = &system.spec.name;
    if system.seeds.is_empty() {
        let why = system.spec.optional.as_deref().unwrap_or("it is missing");
        return Some(format!("`{name}` is not scored: {why}"));
    }
    let n_missing: usize = system.seeds.iter().map(Predictions::n_missing).sum();
    (n_missing > 0)
        .then(|| format!("`{name}`: {n_missing} instances have no record and count as wrong"))
}

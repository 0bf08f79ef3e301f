//! The file, and what it means once checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use smes_dialogue::SplitName;
use toml::Spanned;

use super::SuiteError;
use crate::measure::Measure;
use crate::protocol::{PROTOCOLS, Protocol};
use crate::significance::{Resampling, TestKind};
use crate::table::{Cell, Column, Comparison, RowKind};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSuite {
    name: String,
    #[serde(default)]
    title: Option<String>,
    corpus: PathBuf,
    #[serde(default = "test_split")]
    split: SplitName,
    #[serde(default = "default_cues")]
    target_cues: String,
    protocols: Vec<Spanned<String>>,
    #[serde(default)]
    against: Option<Spanned<String>>,
    #[serde(default)]
    test: TestKind,
    #[serde(default)]
    resamples: Option<usize>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    bertscore: Option<BertScoreSettings>,
    #[serde(default, rename = "system")]
    systems: Vec<RawSystem>,
    #[serde(default, rename = "table")]
    tables: Vec<RawTable>,
}

const fn test_split() -> SplitName {
    SplitName::Test
}

fn default_cues() -> String {
    "video-llama".to_owned()
}

/// Which encoder measures likeness in meaning, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BertScoreSettings {
    /// `starter` for the embedded encoder, or a folder with `config.json`, `tokenizer.json` and
    /// `model.safetensors`.
    pub encoder: String,
    /// Layer whose hidden states are compared, from 1.
    pub layer: usize,
    /// Whether rare words count more.
    #[serde(default)]
    pub idf: bool,
    /// Score of random pairs, which becomes 0.
    #[serde(default)]
    pub baseline: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSystem {
    name: Spanned<String>,
    #[serde(default)]
    reasoner: Option<Spanned<String>>,
    #[serde(default)]
    seeds: Vec<u64>,
    #[serde(default)]
    predictions: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    control: bool,
    #[serde(default)]
    cues: Option<String>,
    #[serde(default)]
    labels_only: bool,
    #[serde(default)]
    protocols: Vec<Spanned<String>>,
    #[serde(default)]
    optional: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    title: String,
    protocol: Spanned<String>,
    #[serde(default)]
    against: Option<Spanned<String>>,
    columns: Vec<Spanned<String>>,
    #[serde(default, rename = "printed")]
    printed: Vec<RawPrinted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrinted {
    system: String,
    values: BTreeMap<Spanned<String>, f64>,
}

/// A suite whose names have been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Its name; the folder of its results.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// The corpus folder.
    pub corpus: PathBuf,
    /// The split that is scored.
    pub split: SplitName,
    /// Extractor whose cues are part of the published target texts.
    pub target_cues: String,
    /// What is to be done.
    pub plan: Plan,
    /// The systems, in the order of the tables.
    pub systems: Vec<SystemSpec>,
}

/// Protocols, tables and tests.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The protocols.
    pub protocols: Vec<&'static Protocol>,
    /// What the systems are tested against, and how.
    pub comparison: Option<Comparison>,
    /// Draws and seed of intervals and tests.
    pub resampling: Resampling,
    /// How BERTScore is computed, if it is.
    pub bertscore: Option<BertScoreSettings>,
    /// Tables beside the usual ones, or instead where there are some.
    pub tables: Vec<TableSpec>,
}

impl Plan {
    /// The plan with what a table has of its own.
    pub(crate) fn for_table(&self, table: &TableSpec) -> Self {
        let comparison = table.against.as_ref().map(|against| Comparison {
            against: against.clone(),
            test: self
                .comparison
                .as_ref()
                .map_or(TestKind::default(), |own| own.test),
        });
        Self {
            comparison: comparison.or_else(|| self.comparison.clone()),
            ..self.clone()
        }
    }
}

/// A system.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemSpec {
    /// Name in the tables.
    pub name: String,
    /// Model or control.
    pub kind: RowKind,
    /// Where its predictions come from, one a seed.
    pub sources: Vec<SystemSource>,
    /// Extractor whose cues it is given.
    pub cues: Option<String>,
    /// Whether it words no responses.
    pub labels_only: bool,
    /// Protocols it stands under.
    pub protocols: Vec<&'static Protocol>,
    /// Why it may be missing and how to make it.
    pub optional: Option<String>,
    /// Line in the file, from 1.
    pub line: usize,
}

/// Where predictions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemSource {
    /// A reasoner by its name.
    Reasoner(String),
    /// A file.
    File(PathBuf),
}

/// A table of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// What it shows.
    pub title: String,
    /// Its protocol.
    pub protocol: &'static Protocol,
    /// The system that the others are tested against in it, if not the suite's.
    pub against: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Figures that papers print, below the scored ones.
    pub printed: Vec<PrintedRow>,
}

/// Figures of one system as a paper prints them.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintedRow {
    /// The system.
    pub system: String,
    /// One place a column.
    pub cells: Vec<Option<Cell>>,
}

impl Suite {
    /// Reads and checks a suite.
    ///
    /// # Errors
    /// [`SuiteError`] with file and line.
    pub fn load(path: &Path) -> Result<Self, SuiteError> {
        let text = fs_err::read(path)?;
        let file = path.display().to_string();
        let text = String::from_utf8(text).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            SuiteError::Toml {
                file: file.clone(),
                line: valid.split(|&byte| byte == b'\n').count(),
                reason: "the text is not UTF-8".to_owned(),
            }
        })?;
        Self::parse(&text, &file)
    }

    /// Checks a suite's text; `file` names it in errors.
    ///
    /// # Errors
    /// As for [`Suite::load`].
    pub fn parse(text: &str, file: &str) -> Result<Self, SuiteError> {
        let check = Check { text, file };
        let raw: RawSuite = toml::from_str(text).map_err(|error| SuiteError::Toml {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| check.line(span.start)),
            reason: error.message().to_owned(),
        })?;
        let protocols = check.protocols(&raw.protocols)?;
        let mut systems: Vec<SystemSpec> = Vec::new();
        for system in raw.systems {
            let spec = check.system(system, &protocols)?;
            if systems.iter().any(|other| other.name == spec.name) {
                return Err(SuiteError::Duplicate {
                    file: file.to_owned(),
                    line: spec.line,
                    system: spec.name,
                });
            }
            systems.push(spec);
        }
        let names: Vec<String> = systems.iter().map(|system| system.name.clone()).collect();
        let of_tables = raw.tables.iter().filter_map(|table| table.against.as_ref());
        for against in raw.against.iter().chain(of_tables) {
            check.one_of("system", against, &names)?;
        }
        let tables = raw.tables.into_iter().map(|table| check.table(table));
        let default = Resampling::default();
        Ok(Self {
            title: raw.title.unwrap_or_else(|| raw.name.clone()),
            name: raw.name,
            corpus: raw.corpus,
            split: raw.split,
            target_cues: raw.target_cues,
            plan: Plan {
                protocols,
                comparison: raw.against.map(|against| Comparison {
                    against: against.into_inner(),
                    test: raw.test,
                }),
                resampling: Resampling {
                    n: raw.resamples.unwrap_or(default.n),
                    seed: raw.seed.unwrap_or(default.seed),
                },
                bertscore: raw.bertscore,
                tables: tables.collect::<Result<_, _>>()?,
            },
            systems,
        })
    }
}

/// The text, to find lines in.
struct Check<'t> {
    text: &'t str,
    file: &'t str,
}

impl Check<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.text[..at.min(self.text.len())].matches('\n').count()
    }

    fn one_of(
        &self,
        kind: &'static str,
        found: &Spanned<String>,
        expected: &[String],
    ) -> Result<(), SuiteError> {
        if expected.contains(found.get_ref()) {
            return Ok(());
        }
        Err(SuiteError::Unknown {
            file: self.file.to_owned(),
            line: self.line(found.span().start),
            kind,
            found: found.get_ref().clone(),
            expected: expected.to_vec(),
        })
    }

    fn protocol(&self, name: &Spanned<String>) -> Result<&'static Protocol, SuiteError> {
        let known = PROTOCOLS.map(|protocol| protocol.name.to_owned());
        self.one_of("protocol", name, &known)?;
        Ok(Protocol::named(name.get_ref()).expect("the name is one of those above"))
    }

    fn protocols(&self, names: &[Spanned<String>]) -> Result<Vec<&'static Protocol>, SuiteError> {
        names.iter().map(|name| self.protocol(name)).collect()
    }

    fn system(&self, raw: RawSystem, all: &[&'static Protocol]) -> Result<SystemSpec, SuiteError> {
        let line = self.line(raw.name.span().start);
        let name = raw.name.into_inner();
        let sources: Vec<SystemSource> = match (&raw.reasoner, raw.predictions.is_empty()) {
            (Some(reasoner), true) => seeded(reasoner.get_ref(), &raw.seeds),
            (None, false) => raw
                .predictions
                .into_iter()
                .map(|path| SystemSource::File(path.into_inner()))
                .collect(),
            _ => {
                return Err(SuiteError::Source {
                    file: self.file.to_owned(),
                    line,
                    system: name,
                });
            }
        };
        Ok(SystemSpec {
            kind: if raw.control {
                RowKind::Control
            } else {
                RowKind::Model
            },
            protocols: if raw.protocols.is_empty() {
                all.to_vec()
            } else {
                self.protocols(&raw.protocols)?
            },
            name,
            sources,
            cues: raw.cues,
            labels_only: raw.labels_only,
            optional: raw.optional,
            line,
        })
    }

    fn table(&self, raw: RawTable) -> Result<TableSpec, SuiteError> {
        let columns = raw
            .columns
            .iter()
            .map(|column| self.column(column))
            .collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<String> = columns.iter().map(Column::key).collect();
        let printed = raw.printed.into_iter().map(|row| {
            let mut cells = vec![None; keys.len()];
            for (key, value) in &row.values {
                self.one_of("column", key, &keys)?;
                for (cell, other) in cells.iter_mut().zip(&keys) {
                    if other == key.get_ref() {
                        *cell = Some(Cell::printed(*value));
                    }
                }
            }
            Ok(PrintedRow {
                system: row.system,
                cells,
            })
        });
        Ok(TableSpec {
            printed: printed.collect::<Result<_, SuiteError>>()?,
            protocol: self.protocol(&raw.protocol)?,
            against: raw.against.map(Spanned::into_inner),
            title: raw.title,
            columns,
        })
    }

    /// A measure's key, or `printed:KEY:TITLE` for a figure that only papers print.
    fn column(&self, name: &Spanned<String>) -> Result<Column, SuiteError> {
        let printed = name.get_ref().strip_prefix("printed:");
        if let Some((key, title)) = printed.and_then(|rest| rest.split_once(':')) {
            return Ok(Column::Printed {
                key: key.to_owned(),
                title: title.to_owned(),
            });
        }
        let all = Measure::all();
        let keys: Vec<String> = all.iter().map(|measure| measure.key()).collect();
        self.one_of("column", name, &keys)?;
        let measure = all
            .into_iter()
            .find(|measure| &measure.key() == name.get_ref());
        Ok(Column::Measure(
            measure.expect("the key is one of those above"),
        ))
    }
}

/// A reasoner's name for each seed, which stands for `{seed}` in it.
fn seeded(reasoner: &str, seeds: &[u64]) -> Vec<SystemSource> {
    if seeds.is_empty() {
        return vec![SystemSource::Reasoner(reasoner.to_owned())];
    }
    seeds
        .iter()
        .map(|seed| SystemSource::Reasoner(reasoner.replace("{seed}", &seed.to_string())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: &str = r#"
name = "mine"
corpus = "corpora/mesc"
protocols = ["published", "spoken"]
against = "base"

[[system]]
name = "base"
reasoner = "majority"
control = true

[[system]]
name = "runs"
reasoner = "starter:runs/starter-{seed}/model"
seeds = [1, 2]
protocols = ["spoken"]

[[table]]
title = "Figures"
protocol = "spoken"
columns = ["strategy.accuracy", "printed:w_f1:W-F1"]

[[table.printed]]
system = "theirs"
values = { "strategy.accuracy" = 49.0, w_f1 = 20.2 }
"#;

    fn error(from: &str, to: &str) -> String {
        assert!(SUITE.contains(from));
        Suite::parse(&SUITE.replace(from, to), "s.toml")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_suite_is_read_with_its_seeds_and_printed_figures() {
        let suite = Suite::parse(SUITE, "s.toml").unwrap();
        assert_eq!(suite.split, SplitName::Test);
        assert_eq!(suite.systems[0].kind, RowKind::Control);
        assert_eq!(
            suite.systems[1].sources[1],
            SystemSource::Reasoner("starter:runs/starter-2/model".to_owned())
        );
        assert_eq!(suite.systems[1].protocols.len(), 1);
        let table = &suite.plan.tables[0];
        assert_eq!(table.printed[0].cells[1], Some(Cell::printed(20.2)));
    }

    #[test]
    fn mistakes_are_errors_with_their_line() {
        assert_eq!(
            error("\"spoken\"]\nagainst", "\"said\"]\nagainst"),
            "s.toml:4: unknown protocol `said`"
        );
        assert_eq!(
            error("\"base\"\n\n", "\"bass\"\n\n"),
            "s.toml:5: unknown system `bass`"
        );
        assert_eq!(
            error(
                "\"spoken\"\ncolumns",
                "\"spoken\"\nagainst = \"bass\"\ncolumns"
            ),
            "s.toml:21: unknown system `bass`"
        );
        assert_eq!(
            error("strategy.accuracy\", ", "strategy.acc\", "),
            "s.toml:21: unknown column `strategy.acc`"
        );
        assert_eq!(
            error("reasoner = \"majority\"\n", ""),
            "s.toml:8: system `base` needs either `reasoner` or `predictions`"
        );
        assert_eq!(
            error("name = \"runs\"", "name = \"base\""),
            "s.toml:13: a system named `base` stands on an earlier line already"
        );
        let unknown = error("control = true", "kontrol = true");
        assert!(
            unknown.starts_with("s.toml:10: unknown field `kontrol`"),
            "{unknown}"
        );
    }

    #[test]
    fn a_file_that_is_no_utf_8_is_an_error_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        fs_err::write(&path, b"name = \"x\"\ncorpus = \"\xff\"\n").unwrap();
        let error = Suite::load(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("s.toml:2: the text is not UTF-8"),
            "{error}"
        );
    }
}

//! Corpora on disk: importers, exporters, splits, checks, statistics. No models.
//!
//! The first stage of the flow. A corpus is a folder of this project's own format
//! (`corpus.toml`, `dialogues.jsonl`, `splits.toml`, `cues/<extractor>.jsonl`); importers make one
//! out of published files, everything later only ever sees [`Corpus`]. Reading streams: memory is
//! bounded by one dialogue, whatever the size of the corpus.

mod check;
mod error;
mod export;
mod folds;
pub mod importers;
mod issue;
mod lines;
mod manifest;
mod plots;
mod reader;
mod splits;
mod stats;
mod writer;

pub use check::{CheckReport, Leakage, Problem, ProblemKind, check};
pub use error::CorpusError;
pub use export::{ExportError, ExportFormat, export};
pub use folds::{FoldPlan, MIN_FOLDS, write_folds};
pub use issue::{ImportIssue, IssueCounts, IssueKind};
pub use manifest::{Counts, LabelSetRef, Manifest, Provenance, SourceFile};
pub use plots::statistics_plots;
pub use reader::{Corpus, CueMap, CueRecord, Cues, Dialogues, Issues};
pub use splits::SplitFile;
pub use stats::{LabelCounts, Phases, RoleCounts, Statistics, statistics};

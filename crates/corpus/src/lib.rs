//! Corpora on disk: importers, exporters, splits, checks, statistics. No models.
//!
//! The first stage of the flow. A corpus is a folder of this project's own format
//! (`corpus.toml`, `dialogues.jsonl`, `splits.toml`, `cues/<extractor>.jsonl`); importers make one
//! out of published files, everything later only ever sees [`Corpus`]. Reading streams: memory is
//! bounded by one dialogue, whatever the size of the corpus.

mod error;
pub mod importers;
mod issue;
mod lines;
mod manifest;
mod reader;
mod splits;
mod writer;

pub use error::CorpusError;
pub use issue::{ImportIssue, IssueCounts, IssueKind};
pub use manifest::{Counts, LabelSetRef, Manifest, Provenance, SourceFile};
pub use reader::{Corpus, CueRecord, Cues, Dialogues, Issues};
pub use splits::SplitFile;
pub use writer::CorpusWriter;

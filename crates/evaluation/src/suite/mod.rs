//! Suites: which systems are scored under which protocols, as a TOML file.
//!
//! ```toml
//! name = "mine"
//! corpus = "corpora/mesc"
//! protocols = ["published", "spoken"]
//! against = "repeat last strategy"
//!
//! [[system]]
//! name = "starter"
//! reasoner = "starter:runs/starter-{seed}/model"
//! seeds = [1, 2, 3]
//!
//! [[system]]
//! name = "theirs"
//! predictions = ["gen.jsonl"]
//! ```
//!
//! A key that is not known, a protocol or column that does not exist, and a run that is missing are
//! errors with file and line. A system marked `optional` that is missing becomes a row that says so.

mod error;
mod file;
mod options;

pub use error::SuiteError;
pub use file::{BertScoreSettings, Plan, PrintedRow, Suite, SystemSource, SystemSpec, TableSpec};

//! Importing, checking, counting and exporting whole corpora.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "tests fail loudly, and tables of expected figures are long"
)]

mod bad_input;
mod export;
mod folder;
mod folds;
mod import;
mod published;
mod random_bytes;

use std::path::Path;

use smes_corpus::importers::{ImportError, Imported, Importer, MescJson, MescSource};
use smes_dialogue::SplitName;
use smes_testkit::fixture;

/// Imports without caring about progress.
fn import(importer: &dyn Importer, target: &Path) -> Result<Imported, ImportError> {
    importer.import(target, &mut |_| {})
}

/// The fixture of MESC with its two json files.
fn mesc_fixture() -> MescSource {
    MescSource {
        csv: fixture("mesc/MESC.csv"),
        json: vec![
            MescJson {
                split: SplitName::Validation,
                path: fixture("mesc/val.json"),
            },
            MescJson {
                split: SplitName::Test,
                path: fixture("mesc/test.json"),
            },
        ],
    }
}

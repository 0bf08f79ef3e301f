//! Where the real data lies, for the tests that need it.

use std::path::{Path, PathBuf};

/// The path of a file of the shared data, for example `mesc/MESC.csv`, or nothing when it is absent.
///
/// Looked for under the folder named by the environment variable `SMES_DATA`, and otherwise under
/// `shared/data` beside the root of the repository. When it is absent a line `skipped: ...` says
/// so, and the test that asked is to return early.
pub fn shared_data(relative: &str) -> Option<PathBuf> {
    let path = data_root().join(relative);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "skipped: `{}` is absent (set SMES_DATA to the folder of the shared data)",
        path.display()
    );
    None
}

fn data_root() -> PathBuf {
    std::env::var_os("SMES_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
}

//! Where the programs are.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use crate::MediaError;

/// The absolute path of a program, looked up now: the child gets an empty environment and could
/// not look it up itself.
pub(crate) fn find(program: &'static str) -> Result<PathBuf, MediaError> {
    find_in(&env::var_os("PATH").unwrap_or_default(), program)
        .ok_or(MediaError::ToolMissing { program })
}

fn find_in(path: &OsStr, program: &str) -> Option<PathBuf> {
    env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_program_in_the_second_folder_and_never_in_a_relative_one() {
        let empty = tempfile::tempdir().unwrap();
        let full = tempfile::tempdir().unwrap();
        fs_err::write(full.path().join("ffmpeg"), "").unwrap();
        let path = env::join_paths([empty.path(), full.path()]).unwrap();
        assert_eq!(find_in(&path, "ffmpeg"), Some(full.path().join("ffmpeg")));
        assert_eq!(find_in(&path, "ffprobe"), None);
        assert_eq!(find_in(OsStr::new("."), "Cargo.toml"), None);
    }

    #[test]
    fn a_missing_program_says_how_to_install_it() {
        let error = MediaError::ToolMissing { program: "ffmpeg" };
        assert_eq!(error.hint().unwrap(), "install it: `apt install ffmpeg`");
    }
}

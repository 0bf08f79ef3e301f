//! Checksums of files: SHA-256 for the record, and what a hub calls an `ETag`.

use std::{io::Read, path::Path};

use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::HubError;

/// SHA-256 of a file in hexadecimal, and its size in bytes.
pub(crate) fn sha256(file: &Path) -> Result<(String, u64), HubError> {
    let mut hasher = Sha256::new();
    let n_bytes = each_piece(file, |piece| hasher.update(piece))?;
    Ok((hex(&hasher.finalize()), n_bytes))
}

/// What the hub's `ETag` of a file should be, where it is a checksum: 64 digits are the SHA-256 of
/// a large file, 40 those of git for a small one.
pub(crate) fn as_etag(file: &Path, etag: &str) -> Result<Option<String>, HubError> {
    if !etag.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(None);
    }
    match etag.len() {
        64 => Ok(Some(sha256(file)?.0)),
        40 => {
            let n_bytes = each_piece(file, |_| ())?;
            let mut hasher = Sha1::new();
            hasher.update(format!("blob {n_bytes}\0"));
            each_piece(file, |piece| hasher.update(piece))?;
            Ok(Some(hex(&hasher.finalize())))
        }
        _ => Ok(None),
    }
}

fn each_piece(file: &Path, mut take: impl FnMut(&[u8])) -> Result<u64, HubError> {
    let io = |source| HubError::Io {
        file: file.to_owned(),
        source,
    };
    let mut reader = fs_err::File::open(file).map_err(io)?;
    let mut piece = vec![0; 1 << 20];
    let mut n_bytes = 0;
    loop {
        let n_read = reader.read(&mut piece).map_err(io)?;
        if n_read == 0 {
            return Ok(n_bytes);
        }
        take(&piece[..n_read]);
        n_bytes += n_read as u64;
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_sha256sum_and_git_hash_object() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        std::fs::write(&file, "hello\n").unwrap();
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let git = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(super::sha256(&file).unwrap(), (sha256.to_owned(), 6));
        assert_eq!(
            as_etag(&file, &"0".repeat(64)).unwrap().as_deref(),
            Some(sha256)
        );
        assert_eq!(
            as_etag(&file, &"0".repeat(40)).unwrap().as_deref(),
            Some(git)
        );
        assert_eq!(as_etag(&file, "W-abc").unwrap(), None);
    }
}

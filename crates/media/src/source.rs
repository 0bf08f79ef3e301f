//! Where a clip comes from: a file, or the memory of this process.
//!
//! A clip in memory is handed to the child as its standard input, an anonymous file in memory
//! (`memfd_create(2)`): what a person recorded is never written to a disk, it is gone with the last
//! descriptor, and yet it can be read back and forth, which formats with their index at the end
//! need and a pipe does not allow.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{MemfdFlags, memfd_create};

use crate::{Limits, MediaError};

/// A clip that was admitted: its size is within the limits.
pub(crate) enum Source {
    /// A file, by its absolute path.
    Path(PathBuf),
    /// Bytes in memory.
    Memory(File),
    /// Bytes that are still coming. They can be read once, and only forwards.
    Coming(PipeReader),
}

impl Source {
    /// Checks what can be checked without opening a decoder.
    pub(crate) fn file(path: &Path, limits: &Limits) -> Result<Self, MediaError> {
        let absolute = fs_err::canonicalize(path).map_err(|e| MediaError::unreadable(&e))?;
        let metadata = fs_err::metadata(&absolute).map_err(|e| MediaError::unreadable(&e))?;
        if !metadata.is_file() {
            return Err(MediaError::NotAFile);
        }
        admit_size(metadata.len(), limits)?;
        // Opened once here, so that a lack of permission is said as such.
        fs_err::File::open(&absolute).map_err(|e| MediaError::unreadable(&e))?;
        Ok(Self::Path(absolute))
    }

    /// Puts bytes where a child can read them.
    pub(crate) fn bytes(bytes: &[u8], limits: &Limits) -> Result<Self, MediaError> {
        admit_size(bytes.len() as u64, limits)?;
        let system = |source| MediaError::System {
            action: "hold the clip in memory",
            source,
        };
        let memory = memfd_create("clip", MemfdFlags::CLOEXEC).map_err(|e| system(e.into()))?;
        let mut memory = File::from(memory);
        memory.write_all(bytes).map_err(system)?;
        Ok(Self::Memory(memory))
    }

    /// What the child is told to read.
    pub(crate) fn name(&self) -> &Path {
        match self {
            Self::Path(path) => path,
            // Opening it opens the file anew, from its beginning.
            Self::Memory(_) | Self::Coming(_) => Path::new("/dev/stdin"),
        }
    }

    /// The child's standard input.
    pub(crate) fn stdin(&self) -> Result<Stdio, MediaError> {
        match self {
            Self::Path(_) => Ok(Stdio::null()),
            Self::Memory(memory) => {
                let memory = memory.try_clone().map_err(|source| MediaError::System {
                    action: "hand the clip over",
                    source,
                })?;
                Ok(memory.into())
            }
            Self::Coming(pipe) => {
                let pipe = pipe.try_clone().map_err(|source| MediaError::System {
                    action: "hand the clip over",
                    source,
                })?;
                Ok(pipe.into())
            }
        }
    }
}

/// A pipe into which a child writes as if it were a file: a recorded voice reaches no disk, and memory
/// does not grow with its length.
pub(crate) struct Funnel(PipeWriter);

impl Funnel {
    /// The end the child writes to, and the one to read from. That one ends when the child has ended and
    /// the other is dropped.
    pub(crate) fn new() -> Result<(Self, PipeReader), MediaError> {
        let (reader, writer) = std::io::pipe().map_err(|source| MediaError::System {
            action: "make a way for the sound",
            source,
        })?;
        Ok((Self(writer), reader))
    }

    /// Under which name the child finds it, as long as this value lives.
    pub(crate) fn name(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd()).into()
    }
}

fn admit_size(found: u64, limits: &Limits) -> Result<(), MediaError> {
    match found {
        0 => Err(MediaError::Empty),
        found if found > limits.input_bytes => Err(MediaError::TooLarge {
            found,
            limit: limits.input_bytes,
        }),
        _ => Ok(()),
    }
}

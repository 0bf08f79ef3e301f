//! Decoding of clips that are whole, partial, broken or hostile. All are made here with ffmpeg's
//! test sources.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod hostile;
mod live;
mod partial;
mod whole;

use std::path::{Path, PathBuf};
use std::process::Command;

use smes_media::{Clip, DecodeOptions, VideoOptions};

/// A folder of clips that is removed at the end of the test.
struct Clips(tempfile::TempDir);

impl Clips {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a clip with the arguments of an ffmpeg command line, split at spaces.
    fn make(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.path(name);
        assert!(self.try_make(name, arguments), "ffmpeg {arguments}");
        path
    }

    /// The same, for arguments that not every version knows.
    fn try_make(&self, name: &str, arguments: &str) -> bool {
        Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y"])
            .args(arguments.split_whitespace())
            .arg(self.path(name))
            .status()
            .expect("ffmpeg is installed")
            .success()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs_err::write(&path, bytes).unwrap();
        path
    }
}

const TONE: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=2";
const PICTURES: &str = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=2";

fn with_pictures(fps: f64, max_side: u32) -> DecodeOptions {
    DecodeOptions {
        video: Some(VideoOptions { fps, max_side }),
        ..DecodeOptions::audio_only()
    }
}

/// Zero crossings upwards a second: the frequency of a clean tone.
fn tone_hz(clip: &Clip) -> f64 {
    let audio = clip.audio.as_ref().unwrap();
    let crossings = audio
        .samples
        .windows(2)
        .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
        .count();
    crossings as f64 * f64::from(audio.sample_rate) / audio.samples.len() as f64
}

fn cut(path: &Path, share: f64) -> Vec<u8> {
    let mut bytes = fs_err::read(path).unwrap();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a file"
    )]
    bytes.truncate((bytes.len() as f64 * share) as usize);
    bytes
}

//! The fake microphone and camera: files that Chromium plays as if they were devices.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TEST_PICTURE: &str = "testsrc=size=640x480:rate=15:duration=2";

/// What the camera shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Camera<'p> {
    /// A made picture that moves, with nobody in it.
    TestPicture,
    /// A recording of somebody.
    Video(&'p Path),
}

/// A spoken sentence and a moving picture.
pub(crate) struct Devices {
    /// A sentence and two seconds of silence, 48 kHz WAV.
    pub(crate) voice: PathBuf,
    /// A picture that moves, Motion JPEG.
    pub(crate) picture: PathBuf,
}

impl Devices {
    /// Makes the files in a folder; `None` when a program for it is missing.
    pub(crate) fn make(folder: &Path, camera: Camera<'_>) -> Option<Self> {
        let spoken = folder.join("spoken.wav");
        let voice = folder.join("voice.wav");
        let picture = folder.join("picture.mjpeg");
        let sentence = "I worked late again today, and nobody said a single word about it.";
        run(
            "espeak-ng",
            &["-v", "en", "-s", "140", "-w", text(&spoken), sentence],
        )?;
        run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-y",
                "-i",
                text(&spoken),
                "-af",
                "apad=pad_dur=2",
                "-ar",
                "48000",
                "-ac",
                "1",
                text(&voice),
            ],
        )?;
        let source = match camera {
            Camera::TestPicture => &["-f", "lavfi", "-i", TEST_PICTURE][..],
            Camera::Video(file) => &["-t", "8", "-i", text(file)],
        };
        let before = ["-v", "error", "-y"];
        let after = [
            "-vf",
            "fps=15,scale=640:-2",
            "-pix_fmt",
            "yuvj420p",
            "-q:v",
            "5",
        ];
        let all = [&before[..], source, &after, &["-an", text(&picture)]].concat();
        run("ffmpeg", &all)?;
        Some(Self { voice, picture })
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder's name is UTF-8")
}

fn run(program: &str, arguments: &[&str]) -> Option<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok()?.success().then_some(())
}

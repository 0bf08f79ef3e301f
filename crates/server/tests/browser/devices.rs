//! The fake microphone and camera: files that Chromium plays, again and again, as if they were devices.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TEST_PICTURE: &str = "testsrc=size=640x480:rate=15:duration=2";
const SENTENCE: &str = "I worked late again today, and nobody said a single word about it.";

/// What the camera shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Camera<'p> {
    /// A made picture that moves, with nobody in it.
    TestPicture,
    /// A recording of somebody.
    Video(&'p Path),
}

/// What the microphone hears, before two seconds of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Microphone<'p> {
    /// A sentence of a machine's voice.
    Sentence,
    /// Recordings of somebody, one after the other.
    Recordings(&'p [PathBuf]),
}

/// The files of the devices.
pub(crate) struct Devices {
    /// 48 kHz WAV.
    pub(crate) voice: PathBuf,
    /// Motion JPEG.
    pub(crate) picture: PathBuf,
}

impl Devices {
    /// Makes the files in a folder; `None` when a program for it is missing.
    pub(crate) fn make(
        folder: &Path,
        camera: Camera<'_>,
        microphone: Microphone<'_>,
    ) -> Option<Self> {
        let voice = folder.join("voice.wav");
        match microphone {
            Microphone::Sentence => {
                let spoken = folder.join("spoken.wav");
                let how = ["-v", "en", "-s", "140", "-w", text(&spoken), SENTENCE];
                run("espeak-ng", &how)?;
                record(&[spoken], &voice)?;
            }
            Microphone::Recordings(recordings) => record(recordings, &voice)?,
        }
        let picture = folder.join("picture.mjpeg");
        film(camera, &picture)?;
        Some(Self { voice, picture })
    }
}

/// Joins recordings, with silence after them.
fn record(recordings: &[PathBuf], to: &Path) -> Option<()> {
    let inputs = recordings.iter().flat_map(|path| ["-i", text(path)]);
    let joined = format!("concat=n={}:v=0:a=1,apad=pad_dur=2", recordings.len());
    let mut arguments = vec!["-v", "error", "-y"];
    arguments.extend(inputs);
    arguments.extend(["-filter_complex", &joined]);
    arguments.extend(["-ar", "48000", "-ac", "1", text(to)]);
    run("ffmpeg", &arguments)
}

fn film(camera: Camera<'_>, to: &Path) -> Option<()> {
    let source = match camera {
        Camera::TestPicture => &["-f", "lavfi", "-i", TEST_PICTURE][..],
        Camera::Video(file) => &["-t", "8", "-i", text(file)],
    };
    let before = ["-v", "error", "-y"];
    let after = ["-vf", "fps=15,scale=640:-2", "-pix_fmt", "yuvj420p"];
    let end = ["-q:v", "5", "-an", text(to)];
    run("ffmpeg", &[&before[..], source, &after, &end].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a file's name is UTF-8")
}

fn run(program: &str, arguments: &[&str]) -> Option<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok()?.success().then_some(())
}

//! `smes clip`: what can be heard and seen in one recording.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use smes_cues::{CueError, CueExtractor, NativeExtractor, SpeakerBaseline};
use smes_dialogue::Cue;
use smes_media::{Limits, MediaError, Probe, Recording, probe};

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLES: &str = "\
Examples:
  smes clip hello.webm
  smes clip --json interview.mp4 > cue.json";

/// Arguments of `smes clip`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ClipArgs {
    /// A sound or video file in any common format.
    file: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `smes clip --json` prints.
#[derive(Serialize)]
struct Report {
    /// What the file says of itself.
    probe: Probe,
    /// Length of what was decoded, in milliseconds.
    duration_ms: u64,
    cue: Cue,
}

pub(crate) fn run(args: &ClipArgs, console: &Console) -> anyhow::Result<()> {
    let report = read(&args.file)?;
    if console.is_json() {
        return console.json(&report);
    }
    print(&report, console);
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Report> {
    let named = || format!("reading `{}`", file.display());
    let limits = Limits::corpus();
    // The file is looked at while it is read; what is wrong with it is said by the look.
    let (probe, read) = std::thread::scope(|scope| {
        let probing = scope.spawn(|| probe(file, &limits));
        let native = NativeExtractor::embedded();
        let read = native.map(|native| {
            let mut baseline = SpeakerBaseline::default();
            native.read(Recording::File(file), &limits, &mut baseline)
        });
        let probe = probing
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (probe, read)
    });
    let probe = probe.map_err(media_error).with_context(named)?;
    let read = read
        .map_err(|error| Advice::missing(error.hint(), error))?
        .map_err(cue_error)
        .with_context(named)?;
    Ok(Report {
        probe,
        duration_ms: read.duration_ms,
        cue: read.cue,
    })
}

/// An extractor's error with what to do about it.
pub(crate) fn cue_error(error: CueError) -> anyhow::Error {
    match error {
        CueError::Media(error) => media_error(error),
        _ => Advice::bad_input(error.hint(), error),
    }
}

/// A clip's error with what to do about it.
pub(crate) fn media_error(error: MediaError) -> anyhow::Error {
    match error {
        MediaError::ToolMissing { .. } => Advice::missing(error.hint(), error),
        _ => Advice::bad_input(error.hint(), error),
    }
}

fn print(report: &Report, console: &Console) {
    console.line(&file_line(report));
    console.line(report.cue.observation.expose());
    if !report.cue.features.is_empty() {
        let rows: Vec<Vec<String>> = report
            .cue
            .features
            .iter()
            .map(|f| vec![f.name.clone(), format!("{:.2}", f.value), f.unit.clone()])
            .collect();
        console.table(&["feature", "value", "unit"], &rows);
    }
    for limit in &report.cue.limits {
        console.line(&format!("limit: {limit}"));
    }
    if let Some(confidence) = report.cue.confidence {
        console.note(&format!(
            "confidence {confidence:.2} (of at most 0.90, a rule of thumb)"
        ));
    }
}

/// One line on the file: container, length, streams.
fn file_line(report: &Report) -> String {
    let mut parts = vec![
        report.probe.format.clone(),
        format!("{:.1} s", report.duration_ms as f64 / 1000.0),
    ];
    if let Some(audio) = &report.probe.audio {
        parts.push(format!("{} {} Hz", audio.codec, audio.sample_rate));
    }
    if let Some(video) = &report.probe.video {
        parts.push(format!("{} {}x{}", video.codec, video.width, video.height));
    }
    parts.join(" · ")
}

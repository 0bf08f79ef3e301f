//! `smes transcribe`: what is said in one recording.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;
use smes_media::{DecodeOptions, Limits, decode};
use smes_speech::{Hints, Transcript};

use crate::commands::clip::media_error;
use crate::commands::transcriber::{TranscriberArgs, bad_speech};
use crate::console::{Console, Output};

const EXAMPLES: &str = "\
Examples:
  smes models pull openai/whisper-base
  smes transcribe hello.webm
  smes transcribe interview.mp4 --language de --json
  smes transcribe hello.webm --transcriber whisper:models/whisper-small
  smes transcribe hello.webm --transcriber endpoint:http://127.0.0.1:8000/v1 --transcriber-model whisper-1

A Whisper runs here and nothing leaves this machine; an endpoint is sent the sound.";

/// Writes down what is said in a recording.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TranscribeArgs {
    /// A sound or video file in any common format.
    file: PathBuf,
    /// Who writes down: `whisper:OWNER/NAME` (as pulled), `whisper:DIR` or `endpoint:URL`.
    #[arg(
        long,
        value_name = "NAME:PLACE",
        default_value = "whisper:openai/whisper-base"
    )]
    transcriber: String,
    #[command(flatten)]
    options: TranscriberArgs,
    /// The language, such as `en`; found in the sound if absent.
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    transcriber: String,
    /// Length of the sound, in milliseconds.
    duration_ms: u64,
    /// Time it took, in milliseconds, the loading of the model left out.
    took_ms: f64,
    #[serde(flatten)]
    transcript: Transcript,
}

pub(crate) fn run(args: &TranscribeArgs, console: &Console) -> anyhow::Result<()> {
    let transcriber = args.options.open(&args.transcriber)?;
    let named = || format!("reading `{}`", args.file.display());
    let clip = decode(&args.file, &DecodeOptions::audio_only(), &Limits::corpus())
        .map_err(media_error)
        .with_context(named)?;
    for limit in &clip.limits {
        console.note(&format!("limit: {limit}"));
    }
    let hints = Hints {
        language: args.language.clone(),
        ..Hints::default()
    };
    let begun = Instant::now();
    let transcript = match &clip.audio {
        Some(sound) => transcriber.transcribe(sound, &hints).map_err(bad_speech)?,
        None => Transcript::default(),
    };
    let report = Report {
        transcriber: transcriber.id(),
        duration_ms: clip.duration_ms,
        took_ms: begun.elapsed().as_secs_f64() * 1e3,
        transcript,
    };
    if console.is_json() {
        return console.json(&report);
    }
    print(&report, console);
    Ok(())
}

fn print(report: &Report, console: &Console) {
    let text = report.transcript.text.expose();
    if text.is_empty() {
        console.note("no words were heard");
    } else {
        console.line(text);
    }
    let language = report.transcript.language.as_deref().unwrap_or("not told");
    console.note(&format!(
        "{:.1} s in {:.1} s · language: {language} · {}",
        report.duration_ms as f64 / 1e3,
        report.took_ms / 1e3,
        report.transcriber
    ));
}

//! Prints the F0 contour of sound files as tab-separated lines: file, time in seconds, F0 in Hz (0
//! where unvoiced).
//!
//! `cargo run --release -p smes-cues --example f0 -- a.wav b.wav`; with `--speed` it prints instead
//! one line with the seconds of sound, the seconds all native voice cues took over them, and the
//! seconds F0 alone took, decoding left out; with `--cue` the features of each file as JSON lines;
//! with `--descriptors` the descriptors of each file as tab-separated lines under their names, digital
//! silence around the sound left out. `scripts/compare-f0-praat.py`,
//! `scripts/compare-egemaps-opensmile.py` and `benches/cues/run.py` call it.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use smes_cues::voice::{descriptors, f0};
use smes_cues::{CueExtractor, NativeExtractor, SpeakerBaseline};
use smes_media::{Audio, Clip, DecodeOptions, Limits, decode};

/// Each measurement of speed is the best of this many.
const REPEATS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let mode = paths
        .first()
        .filter(|first| first.starts_with("--"))
        .cloned();
    if mode.is_some() {
        paths.remove(0);
    }
    let mut out = io::stdout().lock();
    match mode.as_deref() {
        None => contours(&paths, &mut out),
        Some("--speed") => speed(&paths, &mut out),
        Some("--cue") => cues(&paths, &mut out),
        Some("--descriptors") => describe(&paths, &mut out),
        Some(other) => Err(format!("unknown option `{other}`").into()),
    }
}

fn sound(path: &str) -> Result<Clip, Box<dyn std::error::Error>> {
    Ok(decode(
        Path::new(path),
        &DecodeOptions::audio_only(),
        &Limits::corpus(),
    )?)
}

fn contours(paths: &[String], out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    for path in paths {
        let Some(Audio {
            samples,
            sample_rate,
        }) = sound(path)?.audio
        else {
            continue;
        };
        for frame in f0::contour(&samples, sample_rate, |_| {}) {
            writeln!(
                out,
                "{path}\t{:.6}\t{:.4}",
                frame.time_s,
                frame.f0_hz.unwrap_or(0.0)
            )?;
        }
    }
    Ok(())
}

fn cues(paths: &[String], out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let native = NativeExtractor::embedded()?;
    for path in paths {
        let cue = native.extract(&sound(path)?, &mut SpeakerBaseline::default())?;
        let line =
            serde_json::json!({"file": path, "features": cue.features, "limits": cue.limits});
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn describe(paths: &[String], out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    writeln!(out, "file\t{}", descriptors::names().join("\t"))?;
    for path in paths {
        let Some(audio) = sound(path)?.audio else {
            continue;
        };
        let sounding = descriptors::without_digital_silence(&audio.samples);
        let frames = f0::contour(sounding, audio.sample_rate, |_| {});
        let values = descriptors::measure(sounding, &frames, 1.0);
        let written = values
            .iter()
            .map(|value| value.map_or_else(String::new, |value| value.to_string()));
        writeln!(out, "{path}\t{}", written.collect::<Vec<_>>().join("\t"))?;
    }
    Ok(())
}

fn speed(paths: &[String], out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let clips = paths
        .iter()
        .map(|path| sound(path))
        .collect::<Result<Vec<_>, _>>()?;
    let total_s: f64 = clips
        .iter()
        .map(|clip| clip.duration_ms as f64 / 1000.0)
        .sum();
    let native = NativeExtractor::embedded()?;
    let (mut cues_s, mut f0_s) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..REPEATS {
        let start = Instant::now();
        for clip in &clips {
            native.extract(clip, &mut SpeakerBaseline::default())?;
        }
        cues_s = cues_s.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for audio in clips.iter().filter_map(|clip| clip.audio.as_ref()) {
            std::hint::black_box(f0::contour(&audio.samples, audio.sample_rate, |_| {}));
        }
        f0_s = f0_s.min(start.elapsed().as_secs_f64());
    }
    writeln!(out, "{total_s:.3}\t{cues_s:.5}\t{f0_s:.5}")?;
    Ok(())
}

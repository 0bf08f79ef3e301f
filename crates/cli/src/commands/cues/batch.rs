//! The cues of many clips, on all cores.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use serde::Serialize;
use smes_cues::{CueExtractor, SpeakerBaseline};
use smes_dialogue::Cue;
use smes_media::{DecodeOptions, Limits, decode};

use super::clips::{ClipFile, Key, Speaker, find};
use super::partial::{Line, Partial};
use crate::console::Console;
use crate::exit::Advice;

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Summary {
    /// Clips in the folder.
    n_clips: usize,
    /// Cues written.
    n_cues: usize,
    /// Cues that an earlier run had made.
    n_resumed: usize,
    /// Seconds of recordings read by this run.
    clip_s: f64,
    /// Seconds this run took.
    took_s: f64,
    /// What cues say is missing, and how many of them.
    limits: BTreeMap<String, usize>,
    /// What went wrong, and in which clips.
    failures: BTreeMap<String, Vec<Key>>,
}

/// What came of a clip: its line and its length in seconds, or its failure in words.
type Outcome = (Key, Result<(Cue, f64), String>);

pub(super) fn run(
    folder: &Path,
    out: &Path,
    extractor: &dyn CueExtractor,
    console: &Console,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let speakers = find(folder)?;
    if let Some(parent) = out.parent().filter(|parent| *parent != Path::new("")) {
        fs_err::create_dir_all(parent)?;
    }
    let mut partial = Partial::open(out, &extractor.id())?;
    // A speaker of whom a clip is missing is read again from the start, for the baseline's sake.
    let is_done = |clips: &&Speaker| clips.iter().all(|clip| partial.has(&clip.key));
    let (done, left): (Vec<&Speaker>, Vec<&Speaker>) = speakers.iter().partition(is_done);
    let count = |speakers: &[&Speaker]| speakers.iter().map(|clips| clips.len()).sum::<usize>();
    let mut summary = Summary {
        n_clips: speakers.iter().map(Vec::len).sum(),
        n_resumed: count(&done),
        ..Summary::default()
    };
    let bar = console.progress(summary.n_clips as u64, "reading clips");
    bar.inc(summary.n_resumed as u64);
    read_all(&left, extractor, |(key, outcome)| {
        bar.inc(1);
        match outcome {
            Ok((cue, clip_s)) => {
                summary.clip_s += clip_s;
                partial.add(Line { key, cue })?;
            }
            Err(failure) => summary.failures.entry(failure).or_default().push(key),
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    let keys: Vec<&Key> = speakers.iter().flatten().map(|clip| &clip.key).collect();
    for cue in keys.iter().filter_map(|key| partial.get(key)) {
        summary.n_cues += 1;
        for limit in &cue.limits {
            *summary.limits.entry(limit.clone()).or_default() += 1;
        }
    }
    partial.finish(keys.into_iter())?;
    summary.took_s = begun.elapsed().as_secs_f64();
    tell(&summary, out, console)
}

/// Reads the clips of all speakers; a speaker's clips one after the other, speakers side by side.
fn read_all(
    speakers: &[&Speaker],
    extractor: &dyn CueExtractor,
    mut on_outcome: impl FnMut(Outcome) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let n_workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..n_workers.min(speakers.len()) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some(clips) = speakers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut baseline = SpeakerBaseline::default();
                    for clip in *clips {
                        let outcome = read(clip, extractor, &mut baseline);
                        if send.send((clip.key.clone(), outcome)).is_err() {
                            return;
                        }
                    }
                }
            });
        }
        drop(send);
        receive.into_iter().try_for_each(&mut on_outcome)
    })
}

/// The pictures of a clip are not decoded: `native` does not look at them yet.
fn read(
    clip: &ClipFile,
    extractor: &dyn CueExtractor,
    baseline: &mut SpeakerBaseline,
) -> Result<(Cue, f64), String> {
    let decoded = decode(&clip.path, &DecodeOptions::audio_only(), &Limits::corpus())
        .map_err(|error| error.to_string())?;
    let cue = extractor
        .extract(&decoded, baseline)
        .map_err(|error| error.to_string())?;
    Ok((cue, decoded.duration_ms as f64 / 1000.0))
}

fn tell(summary: &Summary, out: &Path, console: &Console) -> anyhow::Result<()> {
    if console.is_json() {
        console.json(summary)?;
    } else {
        console.line(&format!(
            "{} cues of {} clips in {}{}",
            summary.n_cues,
            summary.n_clips,
            out.display(),
            match summary.n_resumed {
                0 => String::new(),
                n => format!(" ({n} of an earlier run)"),
            }
        ));
        if summary.clip_s > 0.0 {
            console.note(&format!(
                "{:.0} s of recordings in {:.1} s: {:.0} times as fast as they last",
                summary.clip_s,
                summary.took_s,
                summary.clip_s / summary.took_s
            ));
        }
        let limits = summary.limits.iter().map(|(words, n)| (words, *n, "said"));
        let failed = summary.failures.iter();
        let failed = failed.map(|(words, keys)| (words, keys.len(), "failed"));
        let rows: Vec<Vec<String>> = limits
            .chain(failed)
            .map(|(words, n, what)| vec![words.clone(), what.to_owned(), n.to_string()])
            .collect();
        if !rows.is_empty() {
            console.table(&["what is missing", "", "clips"], &rows);
        }
    }
    if summary.n_cues == 0 {
        return Err(Advice::bad_input(
            Some("`smes clip FILE` says more about one of them".to_owned()),
            anyhow::anyhow!("none of {} clips could be read", summary.n_clips),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::cues::native;

    /// A second of a tone as a WAV file.
    fn wav() -> Vec<u8> {
        let samples: Vec<u8> = (0..16_000_u32)
            .flat_map(|i| {
                let value = (f64::from(i) * 0.08).sin() * 8_000.0;
                #[expect(clippy::cast_possible_truncation, reason = "within 16 bits")]
                let value = value as i16;
                value.to_le_bytes()
            })
            .collect();
        let mut file = b"RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\x7d\0\0".to_vec();
        file.extend(samples);
        file
    }

    #[test]
    fn bad_clips_are_counted_and_the_others_read_and_a_second_run_keeps_them() {
        let temp = tempfile::tempdir().unwrap();
        let clips = temp.path().join("clips");
        fs_err::create_dir(&clips).unwrap();
        for name in ["a.wav", "b.wav"] {
            fs_err::write(clips.join(name), wav()).unwrap();
        }
        fs_err::write(clips.join("empty.wav"), "").unwrap();
        fs_err::write(clips.join("text.mp4"), "not a video at all").unwrap();
        let out = temp.path().join("cues/native.jsonl");
        let console = Console::new(false, true);
        let native = native().unwrap();
        run(&clips, &out, &native, &console).unwrap();
        let text = fs_err::read_to_string(&out).unwrap();
        let keys: Vec<Key> = text
            .lines()
            .map(|line| serde_json::from_str::<Line>(line).unwrap().key)
            .collect();
        assert_eq!(
            keys,
            ["a.wav", "b.wav"].map(|clip| Key::Clip { clip: clip.into() })
        );
        fs_err::remove_file(clips.join("a.wav")).unwrap();
        fs_err::remove_file(clips.join("b.wav")).unwrap();
        let error = run(&clips, &out, &native, &console).unwrap_err();
        assert!(error.to_string().contains("none of 2 clips"), "{error}");
    }
}

//! The cues of many clips, on all cores.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use serde::Serialize;
use smes_cues::{CueError, CueExtractor, SpeakerBaseline};
use smes_dialogue::Cue;
use smes_endpoint::EndpointError;
use smes_media::{Limits, Recording, decode};

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

impl Summary {
    fn count<'c>(&mut self, cues: impl Iterator<Item = &'c Cue>) {
        for cue in cues {
            self.n_cues += 1;
            for limit in &cue.limits {
                *self.limits.entry(limit.clone()).or_default() += 1;
            }
        }
    }
}

/// So many clips in a row without an answer of the endpoint end a run.
const N_UNANSWERED: usize = 3;

/// What came of a clip: its line and its length in seconds, or its failure.
type Outcome = (Key, Result<(Cue, f64), Failure>);

/// Why a clip has no cue.
struct Failure {
    words: String,
    goes_on: GoesOn,
}

/// What a failure means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    /// It is about this clip; another run would fail too.
    Here,
    /// Another run may do better, and so may other clips.
    Later,
    /// Other clips would fail too.
    Nowhere,
}

impl From<CueError> for Failure {
    fn from(error: CueError) -> Self {
        let goes_on = match &error {
            CueError::Endpoint(
                EndpointError::GaveUp { .. } | EndpointError::NotTheProtocol { .. },
            ) => GoesOn::Later,
            CueError::Endpoint(_) => GoesOn::Nowhere,
            _ => GoesOn::Here,
        };
        Self {
            words: error.to_string(),
            goes_on,
        }
    }
}

pub(super) fn run(
    folder: &Path,
    out: &Path,
    extractor: &dyn CueExtractor,
    n_workers: usize,
    console: &Console,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let speakers = find(folder)?;
    if let Some(parent) = out.parent().filter(|parent| *parent != Path::new("")) {
        fs_err::create_dir_all(parent)?;
    }
    let mut partial = Partial::open(out, &extractor.id())?;
    let clips = || speakers.iter().flatten();
    let done: HashSet<&Key> = clips()
        .map(|clip| &clip.key)
        .filter(|key| partial.has(key))
        .collect();
    let is_left = |speaker: &&Speaker| speaker.iter().any(|clip| !done.contains(&clip.key));
    let left: Vec<&Speaker> = speakers.iter().filter(is_left).collect();
    let mut summary = Summary {
        n_clips: clips().count(),
        n_resumed: done.len(),
        ..Summary::default()
    };
    let bar = console.progress(summary.n_clips as u64, "reading clips");
    bar.inc(summary.n_resumed as u64);
    let mut patience = Patience::default();
    read_all(&left, &done, extractor, n_workers, |(key, outcome)| {
        bar.inc(1);
        match outcome {
            Ok((cue, clip_s)) => {
                summary.clip_s += clip_s;
                patience.n_unanswered = 0;
                partial.add(Line { key, cue })?;
                Ok(true)
            }
            Err(failure) => {
                summary.failures.entry(failure.words).or_default().push(key);
                Ok(patience.goes_on_after(failure.goes_on))
            }
        }
    })?;
    bar.finish_and_clear();
    let keys: Vec<&Key> = clips().map(|clip| &clip.key).collect();
    summary.count(keys.iter().filter_map(|key| partial.get(key)));
    summary.took_s = begun.elapsed().as_secs_f64();
    if patience.n_later > 0 {
        tell(&summary, out, console)?;
        let n_left = summary.n_clips - summary.n_cues;
        return Err(Advice::missing(
            Some("what is done is kept; the same command goes on".to_owned()),
            anyhow::anyhow!("{n_left} of {} clips have no cue yet", summary.n_clips),
        ));
    }
    partial.finish(keys.into_iter())?;
    tell(&summary, out, console)?;
    if summary.n_cues == 0 {
        return Err(Advice::bad_input(
            Some("`smes clip FILE` says more about one of them".to_owned()),
            anyhow::anyhow!("none of {} clips could be read", summary.n_clips),
        ));
    }
    Ok(())
}

/// How long a run goes on without answers.
#[derive(Debug, Default)]
struct Patience {
    /// Clips in a row that an endpoint did not answer.
    n_unanswered: usize,
    /// Clips that another run may do better with.
    n_later: usize,
}

impl Patience {
    /// Whether other clips are worth a try after this failure.
    fn goes_on_after(&mut self, failure: GoesOn) -> bool {
        self.n_later += usize::from(failure != GoesOn::Here);
        match failure {
            GoesOn::Here => true,
            GoesOn::Later => {
                self.n_unanswered += 1;
                self.n_unanswered < N_UNANSWERED
            }
            GoesOn::Nowhere => false,
        }
    }
}

/// Reads the clips of all speakers; a speaker's clips one after the other, speakers side by side.
/// Of clips that are done only what they tell of their speaker's usual voice is read again.
/// `on_outcome` says whether to go on; clips that are being read then are still heard out.
fn read_all(
    speakers: &[&Speaker],
    done: &HashSet<&Key>,
    extractor: &dyn CueExtractor,
    n_workers: usize,
    mut on_outcome: impl FnMut(Outcome) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..n_workers.clamp(1, speakers.len().max(1)) {
            let (send, next, is_over) = (send.clone(), &next, &is_over);
            scope.spawn(move || {
                while let Some(clips) = speakers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut baseline = SpeakerBaseline::default();
                    for clip in *clips {
                        if is_over.load(Ordering::Relaxed) {
                            return;
                        }
                        if done.contains(&clip.key) {
                            remember(clip, extractor, &mut baseline);
                            continue;
                        }
                        let outcome = read(clip, extractor, &mut baseline);
                        if send.send((clip.key.clone(), outcome)).is_err() {
                            return;
                        }
                    }
                }
            });
        }
        drop(send);
        for outcome in receive {
            match on_outcome(outcome) {
                Ok(goes_on) => {
                    is_over.fetch_or(!goes_on, Ordering::Relaxed);
                }
                Err(error) => {
                    is_over.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    })
}

/// Its cue is there; a fault of it was told when it was made.
fn remember(clip: &ClipFile, extractor: &dyn CueExtractor, baseline: &mut SpeakerBaseline) {
    if let Ok(decoded) = decode(&clip.path, &extractor.wants(), &Limits::corpus()) {
        let _ = extractor.remember(&decoded, baseline);
    }
}

fn read(
    clip: &ClipFile,
    extractor: &dyn CueExtractor,
    baseline: &mut SpeakerBaseline,
) -> Result<(Cue, f64), Failure> {
    let recording = Recording::File(&clip.path);
    let read = extractor.read(recording, &Limits::corpus(), baseline)?;
    Ok((read.cue, read.duration_ms as f64 / 1000.0))
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use smes_cues::NativeExtractor;
    use smes_dialogue::Extractor;
    use smes_media::Clip;

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
        run(&clips, &out, &native, 2, &console).unwrap();
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
        let error = run(&clips, &out, &native, 2, &console).unwrap_err();
        assert!(error.to_string().contains("none of 2 clips"), "{error}");
    }

    /// An endpoint that answers so many times.
    struct Wavering {
        native: NativeExtractor,
        n_left: Mutex<usize>,
        then: fn() -> EndpointError,
    }

    impl CueExtractor for Wavering {
        fn id(&self) -> Extractor {
            Extractor {
                name: "wavering".to_owned(),
                version: "1".to_owned(),
            }
        }

        fn extract(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<Cue, CueError> {
            let mut n_left = self.n_left.lock().unwrap();
            *n_left = n_left.checked_sub(1).ok_or_else(self.then)?;
            let mut cue = self.native.extract(clip, baseline)?;
            cue.extractor = self.id();
            cue.extractor.version += "+sound";
            Ok(cue)
        }
    }

    #[test]
    fn a_run_whose_endpoint_gave_up_keeps_what_is_done_and_goes_on() {
        let temp = tempfile::tempdir().unwrap();
        let clips = temp.path().join("clips");
        fs_err::create_dir(&clips).unwrap();
        for i in 0..8 {
            fs_err::write(clips.join(format!("{i}.wav")), wav()).unwrap();
        }
        let out = temp.path().join("cues.jsonl");
        let console = Console::new(false, true);
        let gave_up = || EndpointError::GaveUp {
            host: "h".to_owned(),
            n_tries: 1,
            last: smes_endpoint::Trouble::NoAnswer,
        };
        let spent = || EndpointError::Budget {
            limit: "5 tokens".to_owned(),
        };
        let wavering = |n_left, then| Wavering {
            native: native().unwrap(),
            n_left: Mutex::new(n_left),
            then,
        };
        let run_with = |n_left, then: fn() -> EndpointError| {
            run(&clips, &out, &wavering(n_left, then), 1, &console)
        };
        let error = run_with(2, spent).unwrap_err();
        assert!(error.to_string().contains("6 of 8"), "{error}");
        assert!(!out.exists(), "nothing is final yet");
        let error = run_with(3, gave_up).unwrap_err();
        assert!(error.to_string().contains("3 of 8"), "{error}");
        run_with(3, gave_up).unwrap();
        let text = fs_err::read_to_string(&out).unwrap();
        assert_eq!(text.lines().count(), 8);
    }

    #[test]
    fn a_run_ends_after_three_clips_without_an_answer_in_a_row() {
        let mut patience = Patience::default();
        let told = [GoesOn::Later, GoesOn::Here, GoesOn::Later, GoesOn::Later];
        let goes_on = told.map(|failure| patience.goes_on_after(failure));
        assert_eq!(goes_on, [true, true, true, false]);
        assert_eq!(patience.n_later, 3);
        assert!(!Patience::default().goes_on_after(GoesOn::Nowhere));
    }
}

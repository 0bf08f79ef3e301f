//! `smes cues show`: what is heard in a clip over time, as one picture.

use std::path::{Path, PathBuf};

use anyhow::Context;
use smes_cues::{CueExtractor, NativeExtractor, OverTime, SpeakerBaseline};
use smes_dialogue::Cue;
use smes_media::{Audio, Clip, DecodeOptions, Limits, decode};
use smes_plots::{Mark, Timeline, Track};

use super::native;
use crate::commands::clip::media_error;
use crate::console::Console;
use crate::exit::Advice;

/// Steps of the drawn wave.
const N_STEPS: usize = 700;
/// Characters of a line under the title.
const NOTE_CHARS: usize = 130;

/// Arguments of `smes cues show`.
#[derive(clap::Args, Debug)]
pub(super) struct ShowArgs {
    /// A sound or video file in any common format.
    clip: PathBuf,
    /// Picture to write, as `.svg` or as a page in `.html`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &ShowArgs, console: &Console) -> anyhow::Result<()> {
    let is_page = match args.out.extension().and_then(|end| end.to_str()) {
        Some("svg") => false,
        Some("html") => true,
        _ => {
            return Err(Advice::bad_input(
                Some("name it `.svg` or `.html`".to_owned()),
                anyhow::anyhow!("unknown kind of picture `{}`", args.out.display()),
            ));
        }
    };
    let named = || format!("reading `{}`", args.clip.display());
    let clip = decode(&args.clip, &DecodeOptions::audio_only(), &Limits::corpus())
        .map_err(media_error)
        .with_context(named)?;
    let (cue, picture) = draw(&args.clip, &clip, &native()?).with_context(named)?;
    let text = if is_page {
        page(&cue, &picture)
    } else {
        picture
    };
    fs_err::write(&args.out, text)?;
    console.line(cue.observation.expose());
    console.line(&format!("drawn in {}", args.out.display()));
    Ok(())
}

/// The cue of a clip and its picture.
fn draw(path: &Path, clip: &Clip, native: &NativeExtractor) -> anyhow::Result<(Cue, String)> {
    let advise = |error: smes_cues::CueError| Advice::bad_input(error.hint(), error);
    let cue = native
        .extract(clip, &mut SpeakerBaseline::default())
        .map_err(advise)?;
    let audio = clip.audio.as_ref().ok_or_else(|| {
        let hint = "there is nothing to draw yet of a clip without sound".to_owned();
        Advice::bad_input(Some(hint), anyhow::anyhow!("the clip has no sound"))
    })?;
    let heard = native.over_time(audio).map_err(advise)?;
    let mut notes = lines(cue.observation.expose());
    notes.extend(cue.limits.iter().map(|limit| format!("limit: {limit}")));
    let timeline = Timeline {
        title: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into(),
        notes,
        end_s: audio.samples.len() as f64 / f64::from(audio.sample_rate),
        tracks: voice_tracks(audio, &heard, native),
    };
    let picture = timeline
        .to_svg()
        .map_err(|error| Advice::bad_input(error.hint(), error))?;
    Ok((cue, picture))
}

/// What is heard. Faces have tracks of the same kind after these.
fn voice_tracks(audio: &Audio, heard: &OverTime, native: &NativeExtractor) -> Vec<Track> {
    let levels = &heard.reading.levels;
    let level = |(index, db): (usize, &f64)| (levels.time_s(index), db.max(-80.0));
    let mut tracks = vec![
        Track {
            label: "sound".to_owned(),
            mark: Mark::Envelope(envelope(&audio.samples)),
        },
        Track {
            label: "pitch F0 (Hz)".to_owned(),
            mark: Mark::Curve(voiced_pieces(heard)),
        },
        Track {
            label: "loudness (dB)".to_owned(),
            mark: Mark::Curve(vec![levels.db.iter().enumerate().map(level).collect()]),
        },
    ];
    let stretches = heard.windows.iter().zip(&heard.emotions);
    let stretches: Vec<_> = stretches
        .map(|(window, emotion)| (window.start_s, window.end_s, emotion.probabilities.clone()))
        .collect();
    if !stretches.is_empty() {
        tracks.push(Track {
            label: "sounds like acted".to_owned(),
            mark: Mark::Shares {
                names: native.emotions().names().map(str::to_owned).collect(),
                stretches,
            },
        });
    }
    tracks
}

/// Lowest and highest sample of equal steps.
fn envelope(samples: &[f32]) -> Vec<(f64, f64)> {
    let n_steps = N_STEPS.min(samples.len());
    (0..n_steps)
        .map(|step| {
            let part =
                &samples[step * samples.len() / n_steps..(step + 1) * samples.len() / n_steps];
            let range = part.iter().fold((0.0_f32, 0.0_f32), |(low, high), sample| {
                (low.min(*sample), high.max(*sample))
            });
            (f64::from(range.0), f64::from(range.1))
        })
        .collect()
}

/// F0 over each voiced stretch.
fn voiced_pieces(heard: &OverTime) -> Vec<Vec<(f64, f64)>> {
    let frames = &heard.reading.f0;
    frames
        .chunk_by(|a, b| a.f0_hz.is_some() == b.f0_hz.is_some())
        .map(|stretch| {
            let points = stretch.iter();
            points
                .filter_map(|frame| Some((frame.time_s, frame.f0_hz?)))
                .collect()
        })
        .filter(|piece: &Vec<_>| !piece.is_empty())
        .collect()
}

/// Words in lines that fit the picture.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if lines[last].chars().count() + word.chars().count() >= NOTE_CHARS {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last] += word;
        }
    }
    lines
}

/// A page that holds the picture and the features in a table.
fn page(cue: &Cue, picture: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let rows: String = cue
        .features
        .iter()
        .flat_map(|feature| {
            [
                "<tr><td>".to_owned(),
                escaped(&feature.name),
                format!("</td><td>{:.2}</td><td>", feature.value),
                escaped(&feature.unit),
                "</td></tr>\n".to_owned(),
            ]
        })
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>What was heard</title>\n\
         <style>body{{font-family:system-ui,sans-serif;max-width:1020px;margin:1rem auto}}\
         svg{{max-width:100%;height:auto}}td{{padding:.1rem .8rem}}td:nth-child(2){{text-align:right}}</style>\n\
         {picture}<table>\n<tr><th>feature</th><th>value</th><th>unit</th></tr>\n{rows}</table></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_wave_pitch_loudness_and_the_cue() {
        #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
        let samples: Vec<f32> = (0..48_000_u32)
            .map(|i| {
                let t = f64::from(i) / 16_000.0;
                let phase = std::f64::consts::TAU * 150.0 * t
                    - 12.0 * (std::f64::consts::TAU * 2.0 * t).cos();
                (0.2 * phase.sin() + 0.1 * (2.0 * phase).sin() + 0.1 * (3.0 * phase).sin()) as f32
            })
            .collect();
        let clip = Clip {
            duration_ms: 3_000,
            audio: Some(Audio {
                samples,
                sample_rate: 16_000,
            }),
            video: None,
            limits: Vec::new(),
        };
        let native = native().unwrap();
        let (cue, svg) = draw(Path::new("talk.wav"), &clip, &native).unwrap();
        for part in [
            "talk.wav",
            "pitch F0 (Hz)",
            "loudness (dB)",
            "acted",
            "boredom",
            "<polygon",
        ] {
            assert!(svg.contains(part), "{part}");
        }
        let page = page(&cue, &svg);
        assert!(page.contains("voice.f0_median") && page.contains("<svg"));
        let mute = Clip {
            audio: None,
            ..clip
        };
        assert!(draw(Path::new("mute.mp4"), &mute, &native).is_err());
    }

    #[test]
    fn long_sentences_are_broken_between_words() {
        let text = "word ".repeat(60);
        let found = lines(&text);
        assert!(found.len() > 1 && found.iter().all(|line| line.chars().count() <= NOTE_CHARS));
        assert_eq!(found.join(" "), text.trim());
    }
}

//! `smes cues show`: what is heard and seen in a clip over time, as one picture.

mod sketch;
mod tracks;

use std::path::{Path, PathBuf};

use anyhow::Context;
use smes_cues::{CueError, NativeExtractor, Perceived};
use smes_dialogue::Cue;
use smes_media::{Limits, Recording};
use smes_plots::Timeline;

use self::sketch::{Album, Wave};
use self::tracks::{face_tracks, voice_tracks};

use super::native;
use crate::commands::clip::cue_error;
use crate::console::Console;
use crate::exit::Advice;

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
    let native = native()?;
    let shown = Shown::of(Recording::File(&args.clip), &native)
        .map_err(cue_error)
        .with_context(named)?;
    let picture = shown.draw(&args.clip, &native).with_context(named)?;
    let cue = &shown.perceived.read.cue;
    let text = if is_page {
        page(cue, &picture)
    } else {
        picture
    };
    fs_err::write(&args.out, text)?;
    console.line(cue.observation.expose());
    console.line(&format!("drawn in {}", args.out.display()));
    Ok(())
}

/// What a picture is drawn from; no more of a long clip than of a short one is kept to be drawn.
struct Shown {
    perceived: Perceived,
    wave: Wave,
    album: Album,
}

impl Shown {
    fn of(recording: Recording<'_>, native: &NativeExtractor) -> Result<Self, CueError> {
        let (mut wave, mut album) = (Wave::default(), Album::default());
        let perceived = native.perceive(
            recording,
            &Limits::corpus(),
            |time_ms, picture| album.see(time_ms, picture),
            |piece| wave.hear(piece),
        )?;
        Ok(Self {
            perceived,
            wave,
            album,
        })
    }

    fn draw(&self, path: &Path, native: &NativeExtractor) -> anyhow::Result<String> {
        let mut tracks = Vec::new();
        if let Some(heard) = &self.perceived.heard {
            tracks.extend(voice_tracks(&self.wave, heard, native.emotions()));
        }
        if let Some(seen) = &self.perceived.seen {
            tracks.extend(face_tracks(&self.album, seen, native.expressions()));
        }
        if tracks.is_empty() {
            let hint =
                "there is nothing to draw of a clip without sound and without a face".to_owned();
            return Err(Advice::bad_input(
                Some(hint),
                anyhow::anyhow!("the clip has neither sound nor a face"),
            ));
        }
        let read = &self.perceived.read;
        let mut notes = lines(read.cue.observation.expose());
        let limits = read.cue.limits.iter();
        notes.extend(limits.map(|limit| format!("limit: {limit}")));
        let timeline = Timeline {
            title: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            notes,
            end_s: read.duration_ms as f64 / 1000.0,
            tracks,
        };
        timeline
            .to_svg()
            .map_err(|error| Advice::bad_input(error.hint(), error))
    }
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
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>What was heard and seen</title>\n\
         <style>body{{font-family:system-ui,sans-serif;max-width:1020px;margin:1rem auto}}\
         svg{{max-width:100%;height:auto}}td{{padding:.1rem .8rem}}td:nth-child(2){{text-align:right}}</style>\n\
         {picture}<table>\n<tr><th>feature</th><th>value</th><th>unit</th></tr>\n{rows}</table></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use smes_media::Audio;

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
        let audio = Audio {
            samples,
            sample_rate: 16_000,
        };
        let native = native().unwrap();
        let talk = audio.to_wav();
        let mut shown = Shown::of(Recording::Bytes(&talk), &native).unwrap();
        let svg = shown.draw(Path::new("talk.wav"), &native).unwrap();
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
        let page = page(&shown.perceived.read.cue, &svg);
        assert!(page.contains("voice.f0_median") && page.contains("<svg"));
        shown.perceived.heard = None;
        let error = shown.draw(Path::new("mute.mp4"), &native).unwrap_err();
        assert!(error.to_string().contains("neither sound nor a face"));
    }

    #[test]
    fn a_clip_without_sound_shows_its_face() {
        let Some(folder) = smes_testkit::shared_data("clips") else {
            return;
        };
        let native = native().unwrap();
        let path = folder.join("silence_girl.mp4");
        let shown = Shown::of(Recording::File(&path), &native).unwrap();
        let svg = shown.draw(&path, &native).unwrap();
        for part in [
            "face shows",
            "surprise",
            "The face was",
            "the clip has no sound",
        ] {
            assert!(svg.contains(part), "{part}");
        }
        assert_eq!(svg.matches("<image").count(), 6);
        assert!(page(&shown.perceived.read.cue, &svg).contains("face.share_neutral"));
    }

    #[test]
    fn long_sentences_are_broken_between_words() {
        let text = "word ".repeat(60);
        let found = lines(&text);
        assert!(found.len() > 1 && found.iter().all(|line| line.chars().count() <= NOTE_CHARS));
        assert_eq!(found.join(" "), text.trim());
    }
}

//! What happens over the time of a recording: tracks under each other over one axis of time. What a long
//! recording holds too much of is summed up by columns of the picture.

mod columns;

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use self::columns::{Column, N_COLUMNS, of_curve, of_shares};
use crate::PlotError;
use crate::canvas::{document, escaped, tick};
use crate::palette::hex;

/// A picture of tracks over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Title, above.
    pub title: String,
    /// Lines of text under the title.
    pub notes: Vec<String>,
    /// Where the axis ends, in seconds; it begins at 0.
    pub end_s: f64,
    /// The tracks, from above.
    pub tracks: Vec<Track>,
}

/// One track.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// What it shows, with its unit.
    pub label: String,
    /// The values.
    pub mark: Mark,
}

/// How the values of a track are drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Lowest and highest value of each of many equal steps from the start to the end of the axis.
    Envelope(Vec<(f64, f64)>),
    /// Pieces of a curve, each of points (seconds, value).
    Curve(Vec<Vec<(f64, f64)>>),
    /// Shares that sum to 1, stacked, over stretches of time.
    Shares {
        /// Names of the shares.
        names: Vec<String>,
        /// Start and end in seconds, and a share a name.
        stretches: Vec<(f64, f64, Vec<f64>)>,
    },
    /// Small pictures side by side, each in the middle of its time.
    Pictures(Vec<Thumbnail>),
}

/// A small grey square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Its time, in milliseconds.
    pub at_ms: u64,
    /// Pixels of a side.
    pub side: u32,
    /// Row by row, `side * side` bytes.
    pub grey: Vec<u8>,
}

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 44.0;
const NOTE: f64 = 20.0;
const TRACK: f64 = 120.0;
const GAP: f64 = 22.0;
const BOTTOM: f64 = 50.0;
/// Marks on the axis of time, about.
const N_TICKS: f64 = 8.0;
/// From here on the axis counts minutes, in seconds.
const LONG_S: f64 = 600.0;

impl Timeline {
    /// The picture as an SVG document.
    ///
    /// # Errors
    /// [`PlotError`] when there is no track or a number is not finite.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        self.validate()?;
        let mut body = String::new();
        let mut top = TOP;
        for note in &self.notes {
            let (middle, note) = (WIDTH / 2.0, escaped(note));
            let _ = write!(
                body,
                "<text x=\"{middle:.1}\" y=\"{:.1}\" font-size=\"13\" text-anchor=\"middle\" fill=\"#1F2328\">{note}</text>",
                top + 8.0
            );
            top += NOTE;
        }
        top += 8.0;
        let bottom = top + (TRACK + GAP) * self.tracks.len() as f64 - GAP;
        self.axis(&mut body, top, bottom);
        for track in &self.tracks {
            self.track(&mut body, track, top);
            top += TRACK + GAP;
        }
        Ok(document(&self.title, (WIDTH, bottom + BOTTOM), &body))
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + seconds / self.end_s * (WIDTH - LEFT - RIGHT)
    }

    fn axis(&self, body: &mut String, top: f64, bottom: f64) {
        let (unit, name) = if self.end_s < LONG_S {
            (1.0, "s")
        } else {
            (60.0, "min")
        };
        let step = round_step(self.end_s / unit / N_TICKS);
        let mut time = 0.0;
        while time * unit <= self.end_s {
            let at = self.x(time * unit);
            let _ = write!(
                body,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\" stroke=\"#D0D7DE\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#1F2328\">{}</text>",
                bottom + 18.0,
                tick(time)
            );
            time += step;
        }
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"13\" text-anchor=\"middle\" fill=\"#1F2328\">time ({name}){}</text>",
            f64::midpoint(LEFT, WIDTH - RIGHT),
            bottom + 38.0,
            self.summed_up()
        );
    }

    /// What is said of tracks that are summed up.
    fn summed_up(&self) -> String {
        let is_curve = |track: &Track| matches!(&track.mark, Mark::Curve(pieces) if of_curve(pieces, self.end_s).is_some());
        let is_shares = |track: &Track| matches!(&track.mark, Mark::Shares { stretches, .. } if of_shares(stretches, self.end_s).is_some());
        let column = two_digits(self.end_s / N_COLUMNS as f64);
        let mut said = String::new();
        if self.tracks.iter().any(is_curve) {
            let _ = write!(said, " · lines: median and middle 80 % of each {column} s");
        }
        if self.tracks.iter().any(is_shares) {
            let _ = write!(said, " · shares: mean of each {column} s");
        }
        said
    }

    fn track(&self, body: &mut String, track: &Track, top: f64) {
        let _ = write!(
            body,
            "<text x=\"12\" y=\"{:.1}\" font-size=\"13\" fill=\"#1F2328\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{TRACK}\" fill=\"none\" stroke=\"#D0D7DE\"/>",
            top + TRACK / 2.0,
            escaped(&track.label),
            WIDTH - LEFT - RIGHT
        );
        match &track.mark {
            Mark::Envelope(steps) => self.envelope(body, steps, top),
            Mark::Curve(pieces) => self.curve(body, pieces, top),
            Mark::Shares { names, stretches } => self.shares(body, names, stretches, top),
            Mark::Pictures(pictures) => {
                for picture in pictures {
                    self.picture(body, picture, top);
                }
            }
        }
    }

    /// The picture itself lies within the document, as a PNG file in base64.
    fn picture(&self, body: &mut String, picture: &Thumbnail, top: f64) {
        let Some(file) = png_file(picture) else {
            return;
        };
        let (side, middle) = (TRACK - 8.0, self.x(picture.at_ms as f64 / 1000.0));
        let _ = write!(
            body,
            "<image x=\"{:.1}\" y=\"{:.1}\" width=\"{side}\" height=\"{side}\" href=\"data:image/png;base64,{}\"/>",
            middle - side / 2.0,
            top + 4.0,
            BASE64_STANDARD.encode(file)
        );
    }

    fn envelope(&self, body: &mut String, steps: &[(f64, f64)], top: f64) {
        let peak = steps
            .iter()
            .fold(1e-9_f64, |peak, (low, high)| peak.max(-low).max(*high));
        let y = |value: f64| top + TRACK / 2.0 - value / peak * (TRACK / 2.0 - 4.0);
        let at = |index: usize| self.x(self.end_s * (index as f64 + 0.5) / steps.len() as f64);
        let mut points = String::new();
        for (index, (_, high)) in steps.iter().enumerate() {
            let _ = write!(points, "{:.1},{:.1} ", at(index), y(*high));
        }
        for (index, (low, _)) in steps.iter().enumerate().rev() {
            let _ = write!(points, "{:.1},{:.1} ", at(index), y(*low));
        }
        let colour = hex(0);
        let _ = write!(
            body,
            "<polygon points=\"{}\" fill=\"{colour}\" stroke=\"{colour}\" stroke-width=\"0.5\"/>",
            points.trim_end()
        );
    }

    fn curve(&self, body: &mut String, pieces: &[Vec<(f64, f64)>], top: f64) {
        let columns = of_curve(pieces, self.end_s);
        let values: Vec<f64> = match &columns {
            Some(runs) => runs
                .iter()
                .flatten()
                .flat_map(|c| [c.low, c.high])
                .collect(),
            None => pieces.iter().flatten().map(|(_, value)| *value).collect(),
        };
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return;
        }
        let room = ((high - low) * 0.08).max(high.abs() * 1e-3).max(1e-9);
        let (low, high) = (low - room, high + room);
        let y = |value: f64| top + TRACK * (high - value) / (high - low);
        for value in [low + room, high - room] {
            let _ = write!(
                body,
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"end\" fill=\"#1F2328\">{}</text>",
                LEFT - 6.0,
                y(value) + 4.0,
                tick((value * 10.0).round() / 10.0)
            );
        }
        match &columns {
            None => pieces.iter().for_each(|piece| self.line(body, piece, &y)),
            Some(runs) => runs.iter().for_each(|run| self.band(body, run, &y)),
        }
    }

    fn line(&self, body: &mut String, piece: &[(f64, f64)], y: &dyn Fn(f64) -> f64) {
        let mut points = String::new();
        for (seconds, value) in piece {
            let _ = write!(points, "{:.1},{:.1} ", self.x(*seconds), y(*value));
        }
        if let [(seconds, value)] = piece[..] {
            // A line of one point shows as a dot, thanks to its round ends.
            let _ = write!(points, "{:.1},{:.1}", self.x(seconds), y(value));
        }
        let _ = write!(
            body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linecap=\"round\"/>",
            points.trim_end(),
            hex(0)
        );
    }

    /// A line through medians in the range around them.
    fn band(&self, body: &mut String, run: &[Column], y: &dyn Fn(f64) -> f64) {
        let half = (WIDTH - LEFT - RIGHT) / N_COLUMNS as f64 / 2.0;
        let mut edge = String::new();
        for column in run {
            let (x, y) = (self.x(column.seconds), y(column.high));
            let _ = write!(edge, "{:.1},{y:.1} {:.1},{y:.1} ", x - half, x + half);
        }
        for column in run.iter().rev() {
            let (x, y) = (self.x(column.seconds), y(column.low));
            let _ = write!(edge, "{:.1},{y:.1} {:.1},{y:.1} ", x + half, x - half);
        }
        let _ = write!(
            body,
            "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"0.3\"/>",
            edge.trim_end(),
            hex(0)
        );
        let medians: Vec<(f64, f64)> = run.iter().map(|c| (c.seconds, c.middle)).collect();
        self.line(body, &medians, y);
    }

    fn shares(
        &self,
        body: &mut String,
        names: &[String],
        stretches: &[(f64, f64, Vec<f64>)],
        top: f64,
    ) {
        let columns = of_shares(stretches, self.end_s);
        for (start_s, end_s, shares) in columns.as_deref().unwrap_or(stretches) {
            let (left, right) = (self.x(*start_s), self.x(end_s.min(self.end_s)));
            // Narrow ones stand without a gap.
            let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
            let mut bottom = top + TRACK;
            for (index, share) in shares.iter().enumerate() {
                let height = share * TRACK;
                bottom -= height;
                let _ = write!(
                    body,
                    "<rect x=\"{left:.1}\" y=\"{bottom:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
                    (right - left - gap).max(1.0),
                    hex(index)
                );
            }
        }
        let row = TRACK / names.len().max(1) as f64;
        for (index, name) in names.iter().enumerate() {
            // From below, as the shares are stacked.
            let middle = top + TRACK - row * (index as f64 + 0.5);
            let _ = write!(
                body,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\" fill=\"{}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\" fill=\"#1F2328\">{}</text>",
                WIDTH - RIGHT + 10.0,
                middle - 5.5,
                hex(index),
                WIDTH - RIGHT + 27.0,
                middle + 4.0,
                escaped(name)
            );
        }
    }

    fn validate(&self) -> Result<(), PlotError> {
        if self.tracks.is_empty() || self.end_s <= 0.0 {
            return Err(PlotError::Empty {
                title: self.title.clone(),
            });
        }
        let bad = |series: &str, idx: usize, value: f64| PlotError::BadValue {
            title: self.title.clone(),
            series: series.to_owned(),
            idx,
            value,
        };
        if !self.end_s.is_finite() {
            return Err(bad("time", 0, self.end_s));
        }
        for track in &self.tracks {
            let values: Vec<f64> = match &track.mark {
                Mark::Envelope(steps) => steps.iter().flat_map(|step| [step.0, step.1]).collect(),
                Mark::Curve(pieces) => pieces.iter().flatten().flat_map(|p| [p.0, p.1]).collect(),
                Mark::Shares { stretches, .. } => stretches
                    .iter()
                    .flat_map(|(start, end, shares)| {
                        [*start, *end].into_iter().chain(shares.iter().copied())
                    })
                    .collect(),
                Mark::Pictures(_) => Vec::new(),
            };
            if let Some(idx) = values.iter().position(|value| !value.is_finite()) {
                return Err(bad(&track.label, idx, values[idx]));
            }
        }
        Ok(())
    }
}

/// `None` when the pixels are not as many as they should be.
fn png_file(picture: &Thumbnail) -> Option<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.side, picture.side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&picture.grey).ok()?;
    writer.finish().ok()?;
    Some(file)
}

/// The next of 1, 2 and 5 times a power of ten that is no smaller.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    *steps
        .iter()
        .find(|step| **step >= least * (1.0 - 1e-9))
        .unwrap_or(&steps[3])
}

/// A number above 0 with two significant digits.
fn two_digits(number: f64) -> String {
    let scale = 10_f64.powf(1.0 - number.log10().floor());
    tick((number * scale).round() / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(value: f64) -> Timeline {
        Timeline {
            title: "a <clip>".into(),
            notes: vec!["low & slow".into()],
            end_s: 4.0,
            tracks: vec![
                Track {
                    label: "wave".into(),
                    mark: Mark::Envelope(vec![(-0.5, 0.5); 8]),
                },
                Track {
                    label: "F0 (Hz)".into(),
                    mark: Mark::Curve(vec![
                        vec![(0.5, value)],
                        vec![(1.0, 2.0), (2.0, 3.0)],
                        vec![],
                    ]),
                },
                Track {
                    label: "emotion".into(),
                    mark: Mark::Shares {
                        names: vec!["joy".into(), "anger".into()],
                        stretches: vec![(0.0, 2.0, vec![0.25, 0.75])],
                    },
                },
            ],
        }
    }

    #[test]
    fn a_column_is_told_with_two_digits() {
        for (number, told) in [
            (17.0 / 360.0, "0.047"),
            (30.0 / 360.0, "0.083"),
            (10.0, "10"),
            (1.26, "1.3"),
        ] {
            assert_eq!(two_digits(number), told);
        }
    }

    #[test]
    fn every_track_is_drawn_and_text_is_escaped() {
        let svg = timeline(1.0).to_svg().unwrap();
        for part in [
            "<polygon",
            "<polyline",
            ">F0 (Hz)</text>",
            ">anger</text>",
            "low &amp; slow",
            "a &lt;clip&gt;",
            // Two seconds of four are half the width, three quarters of 120 are 90.
            "width=\"359.0\" height=\"90.0\"",
        ] {
            assert!(svg.contains(part), "{part}");
        }
    }

    #[test]
    fn a_picture_is_drawn_around_its_time_and_one_of_another_size_is_not() {
        let with = |side| Timeline {
            tracks: vec![Track {
                label: "face".into(),
                mark: Mark::Pictures(vec![Thumbnail {
                    at_ms: 2_000,
                    side,
                    grey: vec![7; 9],
                }]),
            }],
            ..timeline(1.0)
        };
        let svg = with(3).to_svg().unwrap();
        // Half of four seconds is the middle of 720; 112 wide. A PNG file begins with `iVBORw0KGgo`.
        let place = "<image x=\"454.0\"";
        assert!(
            svg.contains(place) && svg.contains("base64,iVBORw0KGgo"),
            "{svg}"
        );
        assert!(!with(4).to_svg().unwrap().contains("<image"));
    }

    #[test]
    fn an_hour_is_summed_up_in_a_picture_that_stays_small_and_says_so() {
        let n = 360_000;
        let second = |i: i32| f64::from(i) / 100.0;
        let hour = Timeline {
            end_s: 3_600.0,
            tracks: vec![
                Track {
                    label: "F0 (Hz)".into(),
                    mark: Mark::Curve(
                        (0..n)
                            .map(|i| vec![(second(i), f64::from(i % 90))])
                            .collect(),
                    ),
                },
                Track {
                    label: "emotion".into(),
                    mark: Mark::Shares {
                        names: vec!["joy".into(), "anger".into()],
                        stretches: (0..n)
                            .map(|i| (second(i), second(i + 1), vec![0.25, 0.75]))
                            .collect(),
                    },
                },
            ],
            ..timeline(1.0)
        };
        let svg = hour.to_svg().unwrap();
        assert!(svg.len() < 200_000, "{}", svg.len());
        let said =
            "time (min) · lines: median and middle 80 % of each 10 s · shares: mean of each 10 s";
        assert!(svg.contains(said) && svg.contains(">60</text>"));
        let short = timeline(1.0).to_svg().unwrap();
        assert!(short.contains(">time (s)</text>"));
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        assert!(matches!(
            timeline(f64::NAN).to_svg(),
            Err(PlotError::BadValue { .. })
        ));
        let none = Timeline {
            tracks: Vec::new(),
            ..timeline(1.0)
        };
        assert!(matches!(none.to_svg(), Err(PlotError::Empty { .. })));
    }

    #[test]
    fn steps_of_the_axis_are_round() {
        let found = [0.3, 0.5, 1.7, 60.0].map(round_step);
        for (found, expected) in found.iter().zip([0.5, 0.5, 2.0, 100.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}

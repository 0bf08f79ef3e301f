//! From frames to what was seen of the one face that the clip is about.

use std::collections::BTreeMap;

use smes_media::Video;

use super::detect::FaceDetector;
use super::expression::ExpressionReader;
use super::picture::{Grey, Square};
use super::quality::{Flaw, Quality};
use super::track::Tracker;
use crate::CueError;

/// Faces seen in fewer frames are mistakes of the detector.
const LEAST_FRAMES: usize = 3;
/// Another face that was seen this often, beside the main one, is somebody else.
const OTHER_SHARE: f64 = 0.25;
/// Faces that the network reads at once.
const BATCH: usize = 32;

/// Reads faces.
#[derive(Debug, Clone)]
pub struct FaceReader {
    detector: FaceDetector,
    expressions: ExpressionReader,
}

/// What was seen of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceReading {
    /// Frames that were looked at.
    pub n_frames: usize,
    /// Milliseconds from one frame to the next.
    pub step_ms: f64,
    /// Median over the frames of their mean brightness, 0 to 255.
    pub brightness: f64,
    /// The largest steady face, in time order; empty when there was none.
    pub moments: Vec<Moment>,
    /// Steady faces beside it.
    pub n_others: usize,
}

/// The face in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// From the start of the clip.
    pub time_ms: u64,
    /// Where it was, in pixels of the frame.
    pub square: Square,
    /// Height of the frame, in pixels.
    pub frame_height: usize,
    /// A probability for each expression, or why it was not judged.
    pub judged: Result<Vec<f64>, Flaw>,
}

impl FaceReader {
    /// A reader from its parts.
    pub fn new(detector: FaceDetector, expressions: ExpressionReader) -> Self {
        Self {
            detector,
            expressions,
        }
    }

    /// The models that ship with the program.
    ///
    /// # Errors
    /// As for [`FaceDetector::embedded`] and [`ExpressionReader::embedded`].
    pub fn embedded() -> Result<Self, CueError> {
        Ok(Self::new(
            FaceDetector::embedded()?,
            ExpressionReader::embedded()?,
        ))
    }

    /// The model of expressions.
    pub fn expressions(&self) -> &ExpressionReader {
        &self.expressions
    }

    /// Begins to watch frames in time order.
    pub fn watch(&self) -> Watch<'_> {
        Watch {
            reader: self,
            tracker: Tracker::new(self.detector.clone()),
            faces: BTreeMap::new(),
            brightness: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Watches all frames of a clip.
    ///
    /// # Errors
    /// When the network fails.
    pub fn read(&self, video: &Video) -> Result<FaceReading, CueError> {
        let mut watch = self.watch();
        for frame in &video.frames {
            if let Some(picture) = Grey::of_frame(video, frame) {
                watch.see(frame.time_ms, &picture);
            }
        }
        watch.finish()
    }
}

/// Frames being watched. What it keeps of a frame is a face of some thousand bytes.
pub struct Watch<'r> {
    reader: &'r FaceReader,
    tracker: Tracker,
    faces: BTreeMap<usize, Vec<Glimpse>>,
    brightness: Vec<u8>,
    times: Vec<u64>,
}

/// One face in one frame, not yet judged.
struct Glimpse {
    time_ms: u64,
    square: Square,
    frame_height: usize,
    crop: Result<Grey, Flaw>,
}

impl Watch<'_> {
    /// Looks at the next frame.
    pub fn see(&mut self, time_ms: u64, picture: &Grey) {
        self.times.push(time_ms);
        self.brightness.push(mean_brightness(picture));
        for sighting in self.tracker.see(time_ms, picture) {
            let square = sighting.square;
            let crop = match Quality::of(picture, &square).flaw() {
                Some(flaw) => Err(flaw),
                None => Ok(self.reader.expressions.crop(picture, &square)),
            };
            self.faces.entry(sighting.face).or_default().push(Glimpse {
                time_ms,
                square,
                frame_height: picture.height(),
                crop,
            });
        }
    }

    /// Judges the largest steady face.
    ///
    /// # Errors
    /// When the network fails.
    pub fn finish(mut self) -> Result<FaceReading, CueError> {
        let steady = |glimpses: &Vec<Glimpse>| glimpses.len() >= LEAST_FRAMES.min(self.times.len());
        self.faces.retain(|_, glimpses| steady(glimpses));
        // How large and how long, together.
        let weight = |glimpses: &[Glimpse]| glimpses.iter().map(|g| g.square.side).sum::<f32>();
        let main = self
            .faces
            .iter()
            .max_by(|a, b| weight(a.1).total_cmp(&weight(b.1)));
        let main = main.map(|(face, _)| *face);
        let glimpses = main.and_then(|face| self.faces.remove(&face));
        let glimpses = glimpses.unwrap_or_default();
        let others = self
            .faces
            .values()
            .filter(|other| other.len() as f64 >= OTHER_SHARE * glimpses.len() as f64);
        Ok(FaceReading {
            n_frames: self.times.len(),
            step_ms: step_ms(&self.times),
            brightness: median(&mut self.brightness),
            n_others: others.count(),
            moments: judged(&self.reader.expressions, glimpses)?,
        })
    }
}

fn judged(expressions: &ExpressionReader, glimpses: Vec<Glimpse>) -> Result<Vec<Moment>, CueError> {
    let crops: Vec<Grey> = glimpses
        .iter()
        .filter_map(|glimpse| glimpse.crop.as_ref().ok().cloned())
        .collect();
    let mut found = Vec::with_capacity(crops.len());
    for batch in crops.chunks(BATCH) {
        found.extend(expressions.read(batch)?);
    }
    let mut found = found.into_iter();
    let moment = |glimpse: Glimpse| Moment {
        time_ms: glimpse.time_ms,
        square: glimpse.square,
        frame_height: glimpse.frame_height,
        judged: glimpse
            .crop
            .map(|_| found.next().expect("one judgement a crop")),
    };
    Ok(glimpses.into_iter().map(moment).collect())
}

fn mean_brightness(picture: &Grey) -> u8 {
    let sum: u64 = picture.pixels().iter().map(|p| u64::from(*p)).sum();
    u8::try_from(sum / picture.pixels().len() as u64).unwrap_or(u8::MAX)
}

fn median(values: &mut [u8]) -> f64 {
    values.sort_unstable();
    values.get(values.len() / 2).map_or(0.0, |v| f64::from(*v))
}

/// The mean time between frames; 0 for fewer than two.
fn step_ms(times: &[u64]) -> f64 {
    match (times.first(), times.last()) {
        (Some(first), Some(last)) if times.len() > 1 => {
            last.saturating_sub(*first) as f64 / (times.len() - 1) as f64
        }
        _ => 0.0,
    }
}

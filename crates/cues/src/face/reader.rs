//! From frames to what was seen of the one face that the clip is about.

use std::collections::BTreeMap;

use smes_media::Video;

use super::detect::FaceDetector;
use super::expression::ExpressionReader;
use super::head::{HeadPose, HeadReader};
use super::picture::{Grey, Square};
use super::quality::{Flaw, Quality};
use super::track::Tracker;
use crate::CueError;
use crate::stats::quantile;

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
    models: Models,
}

/// What reads a face that was found.
#[derive(Debug, Clone)]
struct Models {
    expressions: ExpressionReader,
    heads: HeadReader,
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
    /// Milliseconds from the start of the clip.
    pub time_ms: u64,
    /// Where it was, in pixels of the frame.
    pub square: Square,
    /// Height of the frame, in pixels.
    pub frame_height: usize,
    /// How the head was turned, in degrees, where the picture is good enough to tell.
    pub pose: Option<HeadPose>,
    /// A calibrated probability for each expression, in the order of the set, or why it was not judged.
    pub judged: Result<Vec<f64>, Flaw>,
}

impl FaceReader {
    /// A reader from its parts.
    pub fn new(detector: FaceDetector, expressions: ExpressionReader, heads: HeadReader) -> Self {
        Self {
            detector,
            models: Models { expressions, heads },
        }
    }

    /// The models that ship with the program.
    ///
    /// # Errors
    /// As for [`FaceDetector::embedded`], [`ExpressionReader::embedded`] and [`HeadReader::embedded`].
    pub fn embedded() -> Result<Self, CueError> {
        Ok(Self::new(
            FaceDetector::embedded()?,
            ExpressionReader::embedded()?,
            HeadReader::embedded()?,
        ))
    }

    /// The model of expressions.
    pub fn expressions(&self) -> &ExpressionReader {
        &self.models.expressions
    }

    /// The model of heads.
    pub fn heads(&self) -> &HeadReader {
        &self.models.heads
    }

    /// Begins to watch frames in time order.
    pub fn watch(&self) -> Watch {
        Watch {
            models: self.models.clone(),
            tracker: Tracker::new(self.detector.clone()),
            faces: BTreeMap::new(),
            brightness: Vec::new(),
            times: Vec::new(),
            failed: None,
        }
    }

    /// Watches all frames of a clip; those whose size does not fit are passed over.
    ///
    /// # Errors
    /// [`CueError::Nn`] when a network fails.
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

/// Frames being watched. What it keeps of a frame is where faces were and what they showed.
pub struct Watch {
    models: Models,
    tracker: Tracker,
    faces: BTreeMap<usize, Face>,
    /// Mean of each frame, 0 to 255.
    brightness: Vec<f64>,
    times: Vec<u64>,
    /// The first fault of the network; nothing is judged after it.
    failed: Option<CueError>,
}

/// A face in the latest picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Glance {
    /// It cannot be judged.
    Flawed(Flaw),
    /// A calibrated probability for each expression, in the order of the set.
    Judged(Vec<f64>),
}

/// One face from frame to frame.
#[derive(Default)]
struct Face {
    glimpses: Vec<Glimpse>,
    /// What was read of the first of the glimpses without a flaw.
    looks: Vec<Look>,
    /// The next ones, which wait to be read together.
    waiting: Vec<Crops>,
}

/// A face as each of the models reads it.
struct Crops {
    expression: Grey,
    head: Grey,
}

/// What was read of one face in one frame.
struct Look {
    pose: Option<HeadPose>,
    judged: Result<Vec<f64>, Flaw>,
}

/// One face in one frame.
struct Glimpse {
    time_ms: u64,
    square: Square,
    frame_height: usize,
    flaw: Option<Flaw>,
}

impl Watch {
    /// Looks at the next frame, which is so many milliseconds from the start of the clip.
    pub fn see(&mut self, time_ms: u64, picture: &Grey) {
        self.times.push(time_ms);
        self.brightness.push(mean_brightness(picture));
        let models = &self.models;
        for sighting in self.tracker.see(time_ms, picture) {
            let square = sighting.square;
            let flaw = Quality::of(picture, &square).flaw();
            let face = self.faces.entry(sighting.face).or_default();
            face.glimpses.push(Glimpse {
                time_ms,
                square,
                frame_height: picture.height(),
                flaw,
            });
            if flaw.is_none() && self.failed.is_none() {
                face.waiting.push(models.crop(picture, &square));
                if face.waiting.len() >= BATCH {
                    self.failed = face.judge(models).err();
                }
            }
        }
    }

    /// What the largest face of the latest picture shows; none where there is no face. Its expression
    /// is judged at once and not with the next ones.
    pub fn glance(&mut self) -> Option<Glance> {
        let now = *self.times.last()?;
        let in_picture = |face: &&mut Face| {
            let last = face.glimpses.last();
            last.is_some_and(|glimpse| glimpse.time_ms == now)
        };
        let side = |face: &&mut Face| face.glimpses.last().map_or(0.0, |last| last.square.side);
        let faces = self.faces.values_mut().filter(in_picture);
        let largest = faces.max_by(|a, b| side(a).total_cmp(&side(b)))?;
        if let Some(flaw) = largest.glimpses.last()?.flaw {
            return Some(Glance::Flawed(flaw));
        }
        if self.failed.is_none() {
            self.failed = largest.judge(&self.models).err();
        }
        Some(match &largest.looks.last()?.judged {
            Ok(probabilities) => Glance::Judged(probabilities.clone()),
            Err(flaw) => Glance::Flawed(*flaw),
        })
    }

    /// What was seen of the largest steady face.
    ///
    /// # Errors
    /// [`CueError::Nn`] when a network failed, now or on a frame before.
    pub fn finish(mut self) -> Result<FaceReading, CueError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let n_least = LEAST_FRAMES.min(self.times.len());
        self.faces.retain(|_, face| face.glimpses.len() >= n_least);
        let weighed = self.faces.iter().map(|(name, face)| (*name, face.weight()));
        let main = weighed.max_by(|a, b| a.1.total_cmp(&b.1));
        let main = main.and_then(|(name, _)| self.faces.remove(&name));
        let mut main = main.unwrap_or_default();
        main.judge(&self.models)?;
        let n_main = main.glimpses.len() as f64;
        let others = self.faces.values();
        let others = others.filter(|other| other.glimpses.len() as f64 >= OTHER_SHARE * n_main);
        Ok(FaceReading {
            n_frames: self.times.len(),
            step_ms: step_ms(&self.times),
            brightness: quantile(&self.brightness, 0.5).unwrap_or(0.0),
            n_others: others.count(),
            moments: main.moments(),
        })
    }
}

impl Face {
    /// How large and how long, together.
    fn weight(&self) -> f32 {
        self.glimpses
            .iter()
            .map(|glimpse| glimpse.square.side)
            .sum()
    }

    fn judge(&mut self, models: &Models) -> Result<(), CueError> {
        self.looks.extend(models.read(&self.waiting)?);
        self.waiting.clear();
        Ok(())
    }

    fn moments(self) -> Vec<Moment> {
        let mut looks = self.looks.into_iter();
        let moment = |glimpse: Glimpse| {
            let unseen = |flaw| Look {
                pose: None,
                judged: Err(flaw),
            };
            let mut next = || looks.next().expect("one look a glimpse without a flaw");
            let look = glimpse.flaw.map_or_else(&mut next, unseen);
            Moment {
                time_ms: glimpse.time_ms,
                square: glimpse.square,
                frame_height: glimpse.frame_height,
                pose: look.pose,
                judged: look.judged,
            }
        };
        self.glimpses.into_iter().map(moment).collect()
    }
}

impl Models {
    fn crop(&self, picture: &Grey, square: &Square) -> Crops {
        Crops {
            expression: self.expressions.crop(picture, square),
            head: self.heads.crop(picture, square),
        }
    }

    /// Reads how heads are turned, and the expressions of those that are not turned too far.
    fn read(&self, faces: &[Crops]) -> Result<Vec<Look>, CueError> {
        let heads: Vec<&Grey> = faces.iter().map(|face| &face.head).collect();
        let poses = self.heads.read(&heads)?;
        let flaws: Vec<Option<Flaw>> = poses.iter().map(Flaw::of_pose).collect();
        let clear = faces.iter().zip(&flaws).filter(|(_, flaw)| flaw.is_none());
        let clear: Vec<&Grey> = clear.map(|(face, _)| &face.expression).collect();
        let mut judged = self.expressions.read(&clear)?.into_iter();
        let look = |(pose, flaw): (HeadPose, Option<Flaw>)| Look {
            pose: Some(pose),
            judged: match flaw {
                Some(flaw) => Err(flaw),
                None => Ok(judged.next().expect("one judgement a face without a flaw")),
            },
        };
        Ok(poses.into_iter().zip(flaws).map(look).collect())
    }
}

fn mean_brightness(picture: &Grey) -> f64 {
    let sum: u64 = picture.pixels().iter().map(|p| u64::from(*p)).sum();
    sum as f64 / picture.pixels().len() as f64
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

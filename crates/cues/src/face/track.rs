//! The same faces from picture to picture.
//!
//! The whole picture is searched once a second, or more often while no face is known; in between
//! each known face is looked for near where it was. A face that turned away keeps its name for some
//! seconds, so that someone who looks down is not taken for someone new.

use super::detect::FaceDetector;
use super::picture::{Grey, Square};

/// Milliseconds between two searches of the whole picture: with a face known, and without.
const SEARCH_MS: u64 = 1_000;
const SEARCH_AGAIN_MS: u64 = 250;
/// How long a lost face keeps its name.
const REMEMBERED_MS: u64 = 5_000;
/// How long it is looked for near where it was.
const FOLLOWED_MS: u64 = 750;
/// Faces that are followed at once; more are counted by the searches only.
const MAX_FOLLOWED: usize = 3;
/// Share of the new place in a smoothed one: a detector trembles by some per cent of a face.
const NEW_SHARE: f32 = 0.6;

/// Squares that overlap more than this are of one face: of two that are followed, which never meet in
/// one, and of one that is followed and one that a search finds, which trembles more.
const SAME_FOLLOWED: f32 = 0.3;
const SAME_FOUND: f32 = 0.2;
/// A face that is found anew may be one that was lost within so many of its sides, between so many and so
/// many times as large.
const MOST_MOVED: f32 = 1.5;
const GROWN: std::ops::Range<f32> = 0.5..2.0;

/// One sight of one face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// Number of the face, from 0.
    pub face: usize,
    /// Where it is, in pixels of the picture, smoothed over time.
    pub square: Square,
}

/// A face that is known.
#[derive(Debug, Clone, Copy)]
struct Known {
    face: usize,
    square: Square,
    last_seen_ms: u64,
}

/// Follows faces through pictures in time order.
#[derive(Debug, Clone)]
pub struct Tracker {
    detector: FaceDetector,
    known: Vec<Known>,
    n_faces: usize,
    last_search_ms: Option<u64>,
}

impl Tracker {
    /// Nobody is known yet.
    pub fn new(detector: FaceDetector) -> Self {
        Self {
            detector,
            known: Vec::new(),
            n_faces: 0,
            last_search_ms: None,
        }
    }

    /// The faces of the next picture, which is so many milliseconds from the start.
    pub fn see(&mut self, time_ms: u64, picture: &Grey) -> Vec<Sighting> {
        self.known
            .retain(|known| time_ms.saturating_sub(known.last_seen_ms) <= REMEMBERED_MS);
        let mut sightings = self.follow(time_ms, picture);
        let pause_ms = if sightings.is_empty() {
            SEARCH_AGAIN_MS
        } else {
            SEARCH_MS
        };
        let is_due = self
            .last_search_ms
            .is_none_or(|last| time_ms.saturating_sub(last) >= pause_ms);
        if is_due {
            self.last_search_ms = Some(time_ms);
            self.search(time_ms, picture, &mut sightings);
        }
        sightings
    }

    /// Looks for the known faces near where they were, the largest first.
    fn follow(&mut self, time_ms: u64, picture: &Grey) -> Vec<Sighting> {
        self.known
            .sort_by(|a, b| b.square.side.total_cmp(&a.square.side));
        let mut sightings: Vec<Sighting> = Vec::new();
        let recent = |known: &&mut Known| time_ms.saturating_sub(known.last_seen_ms) <= FOLLOWED_MS;
        for known in self.known.iter_mut().filter(recent).take(MAX_FOLLOWED) {
            let Some(found) = self.detector.near(picture, &known.square) else {
                continue;
            };
            // Two names never meet in one face.
            let is_taken = |seen: &Sighting| seen.square.overlap(&found.square) > SAME_FOLLOWED;
            if !sightings.iter().any(is_taken) {
                sightings.push(known.moved(found.square, time_ms));
            }
        }
        sightings
    }

    /// Looks for faces that were not followed: known ones that came back, and new ones.
    fn search(&mut self, time_ms: u64, picture: &Grey, sightings: &mut Vec<Sighting>) {
        for found in self.detector.everywhere(picture) {
            let is_seen = |seen: &Sighting| seen.square.overlap(&found.square) > SAME_FOUND;
            if sightings.iter().any(is_seen) {
                continue;
            }
            let lost = self.known.iter_mut().filter(|known| {
                known.last_seen_ms < time_ms && may_be_same(&known.square, &found.square)
            });
            let back = lost.min_by(|a, b| {
                let gap = |known: &Known| distance(&known.square, &found.square);
                gap(a).total_cmp(&gap(b))
            });
            let sighting = if let Some(known) = back {
                known.square = found.square;
                known.moved(found.square, time_ms)
            } else {
                let mut new = Known {
                    face: self.n_faces,
                    square: found.square,
                    last_seen_ms: time_ms,
                };
                self.n_faces += 1;
                let sighting = new.moved(found.square, time_ms);
                self.known.push(new);
                sighting
            };
            sightings.push(sighting);
        }
    }
}

impl Known {
    fn moved(&mut self, to: Square, time_ms: u64) -> Sighting {
        let smooth = |old: f32, new: f32| old + NEW_SHARE * (new - old);
        let ((x, y), (new_x, new_y)) = (self.square.centre(), to.centre());
        self.square = Square::around(
            (smooth(x, new_x), smooth(y, new_y)),
            smooth(self.square.side, to.side),
        );
        self.last_seen_ms = time_ms;
        Sighting {
            face: self.face,
            square: self.square,
        }
    }
}

/// Whether a face found anew may be one that was lost: not far from where it was, of like size.
fn may_be_same(was: &Square, is: &Square) -> bool {
    GROWN.contains(&(is.side / was.side)) && distance(was, is) < MOST_MOVED
}

/// Between centres, in sides of the first.
fn distance(a: &Square, b: &Square) -> f32 {
    let ((ax, ay), (bx, by)) = (a.centre(), b.centre());
    (ax - bx).hypot(ay - by) / a.side
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_moves_most_of_the_way_to_where_it_is_found() {
        let mut known = Known {
            face: 3,
            square: Square::around((100.0, 100.0), 50.0),
            last_seen_ms: 0,
        };
        let seen = known.moved(Square::around((110.0, 90.0), 60.0), 125);
        assert_eq!((seen.face, known.last_seen_ms), (3, 125));
        let (x, y) = seen.square.centre();
        for (found, expected) in [(x, 106.0), (y, 94.0), (seen.square.side, 56.0)] {
            assert!((found - expected).abs() < 1e-4, "{seen:?}");
        }
    }

    #[test]
    fn a_face_that_comes_back_near_and_as_large_may_be_the_one_that_was_lost() {
        let was = Square::around((100.0, 100.0), 50.0);
        for (x, side, expected) in [
            (100.0, 50.0, true),
            (170.0, 50.0, true),
            (180.0, 50.0, false),
            (100.0, 24.0, false),
            (100.0, 101.0, false),
        ] {
            let is = Square::around((x, 100.0), side);
            assert_eq!(may_be_same(&was, &is), expected, "{is:?}");
        }
    }
}

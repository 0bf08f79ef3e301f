//! Where faces are in a picture: `SeetaFace`'s funnel-structured cascade.
//!
//! Method and model: S. Wu, M. Kan, Z. He, S. Shan, X. Chen (2017), *Funnel-structured cascade for
//! multi-view face detection with alignment-awareness*, Neurocomputing 221. The model file is
//! `models/face/detector.bin`; its licence is in `NOTICE`. The crate `rustface` reads the same
//! file, but its indices are not checked: a window that is corrected beyond the right edge makes it
//! write outside of its buffer, and pictures come from strangers. So this is the method anew,
//! without `unsafe`; a test holds it against `rustface` (docs/adr/0013).

mod lab;
mod model;
mod sampling;
mod surf;

use self::lab::Codes;
use self::model::Parts;
use self::sampling::{pixels, shrunk};
use self::surf::{Gradients, Mlp, Patch};
use super::picture::{Grey, Square};

/// Side of the window in which a face is looked for, in pixels: the smallest face that is found.
pub const WINDOW: usize = 40;
/// Each scale of the picture is this much smaller than the one before.
const SCALE_STEP: f32 = 0.8;
/// How far the window moves, in pixels.
const STRIDE: usize = 4;
/// Windows that overlap more than this are one, within a round and at the end.
const SAME_WINDOW: f32 = 0.8;
const SAME_FACE: f32 = 0.3;

/// A face in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Where, in pixels of the picture: from above the brows to below the mouth.
    pub square: Square,
    /// Summed score of the windows that agree on it; above about 2 it is mostly a face.
    pub score: f64,
}

/// A cascade ready to search.
#[derive(Debug, Clone)]
pub struct Cascade {
    parts: Parts,
    patches: Vec<Patch>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    x: i32,
    y: i32,
    side: i32,
    score: f64,
}

impl Cascade {
    /// Reads a model file in the format of `SeetaFace` 1.0; `None` when it is not one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            parts: model::parse(bytes)?,
            patches: surf::patches(),
        })
    }

    /// Faces with at least this score (see [`Found::score`]), the best first. None is smaller than
    /// [`WINDOW`].
    pub fn find(&self, picture: &Grey, least_score: f64) -> Vec<Found> {
        let mut lists = self.propose(picture);
        for list in &mut lists {
            *list = suppressed(std::mem::take(list), SAME_WINDOW);
        }
        let n_rounds = self.parts.rounds.len();
        for (round, branches) in self.parts.rounds.iter().enumerate() {
            let is_last = round + 1 == n_rounds;
            let take_up = |branch: &model::Branch| {
                let sources = branch.sources.iter().flat_map(|list| lists[*list].iter());
                self.pass(picture, &branch.stages, sources.copied().collect(), is_last)
            };
            lists = branches.iter().map(take_up).collect();
        }
        let faces = lists.into_iter().next().unwrap_or_default();
        let found = |window: &Window| Found {
            square: Square {
                x: window.x as f32,
                y: window.y as f32,
                side: window.side as f32,
            },
            score: window.score,
        };
        faces
            .iter()
            .filter(|window| window.score >= least_score)
            .map(found)
            .collect()
    }

    /// The first round: for each view the windows that pass, over all places and scales.
    fn propose(&self, picture: &Grey) -> Vec<Vec<Window>> {
        let mut lists = vec![Vec::new(); self.parts.views.len()];
        let mut scale = 1.0_f32;
        let least = WINDOW as f32 / picture.width().min(picture.height()) as f32;
        while scale >= least {
            let [width, height] = [picture.width(), picture.height()].map(|n| scaled(n, scale));
            if width < WINDOW || height < WINDOW {
                break;
            }
            let codes = Codes::of(&shrunk(picture, width, height));
            for y in (0..=height - WINDOW).step_by(STRIDE) {
                for x in (0..=width - WINDOW).step_by(STRIDE) {
                    if !codes.varies(x, y) {
                        continue;
                    }
                    for (view, list) in self.parts.views.iter().zip(&mut lists) {
                        if let Some(score) = view.score(&codes, x, y) {
                            list.push(Window {
                                x: unscaled(x, scale),
                                y: unscaled(y, scale),
                                side: unscaled(WINDOW, scale),
                                score: f64::from(score),
                            });
                        }
                    }
                }
            }
            scale *= SCALE_STEP;
        }
        lists
    }

    /// The windows that pass all stages of a branch.
    fn pass(
        &self,
        picture: &Grey,
        stages: &[Mlp],
        mut windows: Vec<Window>,
        is_last: bool,
    ) -> Vec<Window> {
        for (at, stage) in stages.iter().enumerate() {
            let judge = |window: &Window| self.judge(picture, stage, *window);
            windows = windows.iter().filter_map(judge).collect();
            if at + 1 < stages.len() {
                windows = suppressed(windows, SAME_WINDOW);
            } else if is_last {
                windows = suppressed(windows, SAME_FACE);
            }
        }
        windows
    }

    /// The window with its place corrected, if it passes a stage.
    fn judge(&self, picture: &Grey, stage: &Mlp, window: Window) -> Option<Window> {
        let Window { x, y, side, .. } = window;
        let most = i32::try_from(4 * picture.width().max(picture.height())).unwrap_or(i32::MAX);
        let is_there = x + side > 0 && y + side > 0 && (2..=most).contains(&side);
        is_there.then_some(())?;
        let gradients = Gradients::of(&pixels(picture, window));
        let [score, across, down, growth] = stage.judge(&gradients, &self.patches);
        (score > stage.threshold).then_some(())?;
        let (from_x, from_y, from) = (x.max(0) as f32, y.max(0) as f32, side as f32);
        let to = ((growth * 2.0 - 1.0) * from + from + 0.5).floor();
        let moved = |place: f32, shift: f32| {
            ((shift * 2.0 - 1.0) * from + place + (from - to) * 0.5 + 0.5).floor()
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most a few sides outside of the picture"
        )]
        Some(Window {
            x: moved(from_x, across) as i32,
            y: moved(from_y, down) as i32,
            side: to as i32,
            score: f64::from(score),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size times a scale of at most 1"
)]
fn scaled(size: usize, scale: f32) -> usize {
    (size as f32 * scale) as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a place within the picture"
)]
fn unscaled(place: usize, scale: f32) -> i32 {
    (place as f32 / scale + 0.5) as i32
}

/// Of windows that overlap more than `same`, the best, with the scores of all.
fn suppressed(mut windows: Vec<Window>, same: f32) -> Vec<Window> {
    windows.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Window> = Vec::new();
    let mut is_merged = vec![false; windows.len()];
    for at in 0..windows.len() {
        if is_merged[at] {
            continue;
        }
        let mut best = windows[at];
        for (other, is_merged) in windows.iter().zip(&mut is_merged).skip(at + 1) {
            if !*is_merged && overlap(&windows[at], other) > same {
                *is_merged = true;
                best.score += other.score;
            }
        }
        kept.push(best);
    }
    kept
}

fn overlap(a: &Window, b: &Window) -> f32 {
    let shared = |p: i32, q: i32| (p + a.side).min(q + b.side) - p.max(q);
    let (width, height) = (shared(a.x, b.x), shared(a.y, b.y));
    if width <= 0 || height <= 0 {
        return 0.0;
    }
    let both = width as f32 * height as f32;
    both / ((a.side as f32).powi(2) + (b.side as f32).powi(2) - both)
}

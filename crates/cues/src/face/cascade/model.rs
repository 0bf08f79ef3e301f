//! The file format of the cascade: little-endian 32-bit numbers.

use super::lab::{GROUP, LabView, Vote};
use super::surf::{self, Layer, Mlp};

/// One branch of a round: which windows it takes up and the stages they must pass.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) sources: Vec<usize>,
    pub(super) stages: Vec<Mlp>,
}

/// What a file holds.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) views: Vec<LabView>,
    pub(super) rounds: Vec<Vec<Branch>>,
}

/// Bound of any count in a file.
const MANY: usize = 1 << 20;
const LAB: usize = 0;
const MLP: usize = 1;

/// Reads a file; `None` when it is no whole and consistent cascade.
pub(super) fn parse(bytes: &[u8]) -> Option<Parts> {
    let mut file = Numbers { bytes };
    let n_rounds = file.count()?;
    let views = first_round(&mut file)?;
    let mut n_lists = views.len();
    let mut rounds = Vec::new();
    for _ in 1..n_rounds {
        let round = later_round(&mut file, n_lists)?;
        n_lists = round.len();
        rounds.push(round);
    }
    let is_whole = file.bytes.is_empty() && n_lists == 1 && !rounds.is_empty();
    is_whole.then_some(Parts { views, rounds })
}

fn first_round(file: &mut Numbers) -> Option<Vec<LabView>> {
    let n_views = file.count()?;
    let mut views = Vec::new();
    for _ in 0..n_views {
        (file.count()? == 1 && file.count()? == LAB).then_some(())?;
        views.push(lab_view(file)?);
        // It takes up no list of windows, which files write as -1.
        (file.whole()? <= 0).then_some(())?;
    }
    Some(views)
}

fn later_round(file: &mut Numbers, n_lists: usize) -> Option<Vec<Branch>> {
    let n_branches = file.count()?;
    let mut branches = Vec::new();
    for _ in 0..n_branches {
        let n_stages = file.count()?;
        let mut stages = Vec::new();
        for _ in 0..n_stages {
            (file.count()? == MLP).then_some(())?;
            stages.push(mlp(file)?);
        }
        let n_sources = file.count()?;
        let sources = file.counts(n_sources)?;
        let is_known = !sources.is_empty() && sources.iter().all(|list| *list < n_lists);
        is_known.then_some(())?;
        branches.push(Branch { sources, stages });
    }
    Some(branches)
}

fn lab_view(file: &mut Numbers) -> Option<LabView> {
    let (n_votes, n_bins) = (file.count()?, file.count()?);
    (n_votes % GROUP == 0 && n_bins == 255).then_some(())?;
    let places = file.counts(2 * n_votes)?;
    let thresholds = file.reals(n_votes)?;
    let mut votes = Vec::new();
    for (place, threshold) in places.chunks_exact(2).zip(thresholds) {
        votes.push(Vote::new(
            (place[0], place[1]),
            threshold,
            file.reals(n_bins + 1)?,
        )?);
    }
    Some(LabView { votes })
}

fn mlp(file: &mut Numbers) -> Option<Mlp> {
    let (n_layers, n_patches) = (file.count()?, file.count()?);
    // The file counts patches from 1.
    let ids = file.counts(n_patches)?;
    let patches = ids
        .iter()
        .map(|id| id.checked_sub(1).filter(|id| *id < surf::N_PATCHES));
    let patches: Vec<usize> = patches.collect::<Option<_>>()?;
    let threshold = file.real()?;
    let mut n_in = file.count()?;
    (n_in == n_patches * surf::PATCH_NUMBERS).then_some(())?;
    let mut layers = Vec::new();
    for _ in 1..n_layers {
        let n_out = file.count()?;
        layers.push(Layer {
            n_in,
            weights: file.reals(n_in.checked_mul(n_out)?)?,
            biases: file.reals(n_out)?,
        });
        n_in = n_out;
    }
    // Score, shift across, shift down, growth.
    (n_in == 4).then_some(Mlp {
        patches,
        threshold,
        layers,
    })
}

struct Numbers<'b> {
    bytes: &'b [u8],
}

impl Numbers<'_> {
    fn four(&mut self) -> Option<[u8; 4]> {
        let (four, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*four)
    }

    fn whole(&mut self) -> Option<i32> {
        Some(i32::from_le_bytes(self.four()?))
    }

    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.whole()?).ok()?;
        (count <= MANY).then_some(count)
    }

    fn real(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(self.four()?)).filter(|real| real.is_finite())
    }

    fn counts(&mut self, n: usize) -> Option<Vec<usize>> {
        (0..n).map(|_| self.count()).collect()
    }

    fn reals(&mut self, n: usize) -> Option<Vec<f32>> {
        (0..n).map(|_| self.real()).collect()
    }
}

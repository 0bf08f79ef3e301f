//! The network: a few 3 x 3 convolutions, one linear map of all their places.
//!
//! Unlike the network of expressions it keeps where things are, which is what tells how a head is
//! turned.

use smes_nn::layers::{Dropout, Linear};
use smes_nn::{NnError, ParamLoader, Pass, Tensor};

use super::{HeadModelConfig, HeadPose};
use crate::face::Grey;
use crate::face::convolutions::{Convolutions, inputs, with_mirror_images};

/// What the network gives is in units of so many degrees.
pub const UNIT_DEG: f32 = 15.0;
/// Yaw, pitch, roll.
const N_ANGLES: usize = 3;

/// Reads grey faces; gives three angles for each.
#[derive(Debug, Clone)]
pub struct HeadNet {
    side: usize,
    blocks: Convolutions,
    dropout: Dropout,
    head: Linear,
}

impl HeadNet {
    /// Takes the parameters of the convolutions (`Convolutions::load`) and of the last map
    /// (`head.weight` `[3, H W C]`, with what the last convolution gives of `H W` places).
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(loader: &ParamLoader<'_>, config: &HeadModelConfig) -> Result<Self, NnError> {
        let blocks = Convolutions::load(loader, &config.layers)?;
        let n_in = blocks.n_numbers(config.side);
        Ok(Self {
            side: config.side,
            blocks,
            dropout: Dropout::new(config.dropout),
            head: Linear::load(&loader.part("head"), n_in, N_ANGLES)?,
        })
    }

    /// Side of the faces it reads, in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// # Shapes
    /// `faces`: `[N, side, side, 1]`, see [`standardised`](crate::face::standardised) · returns `[N, 3]`:
    /// yaw, pitch, roll, in units of [`UNIT_DEG`]
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shape is another.
    pub fn forward(&self, faces: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        let x = self.blocks.forward(faces)?.flatten_from(1)?;
        self.head.forward(&self.dropout.forward(&x, pass)?)
    }

    /// What is read of each face as it is, without a look at its mirror image.
    ///
    /// # Shapes
    /// `faces`: `N`, each of `side` by `side` pixels · returns `N` poses, in degrees
    ///
    /// # Errors
    /// When a face has another size.
    pub fn plain(&self, faces: &[&Grey]) -> Result<Vec<HeadPose>, NnError> {
        self.read(&inputs(faces.iter().copied(), self.side)?)
    }

    /// What is read of each face: the mean of it and of its mirror image, mirrored back. So the pose of
    /// a mirror image is the mirrored pose.
    ///
    /// # Shapes
    /// `faces`: `N`, each of `side` by `side` pixels · returns `N` poses, in degrees
    ///
    /// # Errors
    /// When a face has another size.
    pub fn poses(&self, faces: &[&Grey]) -> Result<Vec<HeadPose>, NnError> {
        let read = self.read(&inputs(with_mirror_images(faces), self.side)?)?;
        let mean = |two: &[HeadPose]| {
            let (plain, back) = (two[0].angles(), two[1].mirrored().angles());
            HeadPose::from(std::array::from_fn(|at| f32::midpoint(plain[at], back[at])))
        };
        Ok(read.chunks_exact(2).map(mean).collect())
    }

    fn read(&self, inputs: &Tensor) -> Result<Vec<HeadPose>, NnError> {
        let rows = self.forward(inputs, &mut Pass::eval())?.to_vec2()?;
        let pose = |row: &Vec<f32>| HeadPose::from(std::array::from_fn(|at| row[at] * UNIT_DEG));
        Ok(rows.iter().map(pose).collect())
    }
}

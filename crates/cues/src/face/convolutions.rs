//! What the networks that read faces share: mirror images, how a face becomes numbers, and 3 x 3
//! convolutions.
//!
//! Each convolution is followed by a layer norm over the channels of a place and GELU; there is no
//! batch norm, so that a face is read alike whatever stands beside it.

use std::borrow::{Borrow, Cow};

use smes_nn::layers::{Conv3x3, LayerNorm, gelu};
use smes_nn::{Device, NnError, ParamLoader, Tensor};

use super::Grey;
use crate::stats::moments;

const EPSILON: f64 = 1e-5;
/// Added to the deviation of brightness: a dim face is brightened, noise in the dark is not.
const LEAST_DEVIATION: f32 = 10.0;

/// Convolutions one after the other.
#[derive(Debug, Clone)]
pub(super) struct Convolutions {
    blocks: Vec<(Conv3x3, LayerNorm)>,
    /// Width and stride of each.
    layers: Vec<(usize, usize)>,
}

impl Convolutions {
    /// Takes the parameters of each block: `blocks.0.conv.weight` `[C, 9 C']`, `blocks.0.norm.weight`
    /// `[C]`, ..
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub(super) fn load(
        loader: &ParamLoader<'_>,
        layers: &[(usize, usize)],
    ) -> Result<Self, NnError> {
        let mut width = 1;
        let mut blocks = Vec::new();
        for (idx, (n_out, stride)) in layers.iter().enumerate() {
            let place = loader.part("blocks").part(idx.to_string());
            blocks.push((
                Conv3x3::load(&place.part("conv"), width, *n_out, *stride)?,
                LayerNorm::load(&place.part("norm"), *n_out, EPSILON)?,
            ));
            width = *n_out;
        }
        Ok(Self {
            blocks,
            layers: layers.to_vec(),
        })
    }

    /// Channels of what they give.
    pub(super) fn width(&self) -> usize {
        self.layers.last().map_or(1, |(width, _)| *width)
    }

    /// How many numbers they give of a face of this side.
    pub(super) fn n_numbers(&self, side: usize) -> usize {
        let strides = self.layers.iter().map(|(_, stride)| *stride);
        let side = strides.fold(side, |side, stride| side.div_ceil(stride.max(1)));
        side * side * self.width()
    }

    /// # Shapes
    /// `faces`: `[N, side, side, 1]` · returns `[N, H, W, C]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shape is another.
    pub(super) fn forward(&self, faces: &Tensor) -> Result<Tensor, NnError> {
        let mut x = faces.clone();
        for (conv, norm) in &self.blocks {
            x = gelu(&norm.forward(&conv.forward(&x)?)?)?;
        }
        Ok(x)
    }
}

/// Faces as the networks read them: each [`standardised`].
///
/// # Shapes
/// `faces`: `N`, each of `side` by `side` pixels · returns `[N, side, side, 1]`
///
/// # Errors
/// When a face has another size.
pub(super) fn inputs(
    faces: impl IntoIterator<Item = impl Borrow<Grey>>,
    side: usize,
) -> Result<Tensor, NnError> {
    let faces: Vec<Vec<f32>> = faces
        .into_iter()
        .map(|face| standardised(face.borrow()))
        .collect();
    let shape = (faces.len(), side, side, 1);
    Ok(Tensor::from_vec(faces.concat(), shape, &Device::Cpu)?)
}

/// Each face followed by its mirror image.
pub(super) fn with_mirror_images<'f>(faces: &'f [&Grey]) -> impl Iterator<Item = Cow<'f, Grey>> {
    let pair = |face: &&'f Grey| [Cow::Borrowed(*face), Cow::Owned(mirrored(face))];
    faces.iter().flat_map(pair)
}

/// The brightness of a face with mean 0 and deviation near 1: a number a pixel, row by row.
///
/// # Equation
/// `(x - mean) / (deviation + 10)`, of levels 0 to 255
pub fn standardised(face: &Grey) -> Vec<f32> {
    let values: Vec<f32> = face.pixels().iter().map(|p| f32::from(*p)).collect();
    let (mean, variance) = moments(&values);
    let deviation = variance.sqrt() + LEAST_DEVIATION;
    values.into_iter().map(|v| (v - mean) / deviation).collect()
}

/// The mirror image of a picture.
///
/// # Panics
/// Never: it has as many pixels as the picture.
pub fn mirrored(picture: &Grey) -> Grey {
    let rows = picture.pixels().chunks_exact(picture.width());
    let pixels = rows.flat_map(|row| row.iter().rev().copied()).collect();
    Grey::new(picture.width(), picture.height(), pixels).expect("as many pixels as before")
}

//! The network: a few 3 x 3 convolutions, a mean over the face, one linear map.
//!
//! Each convolution is followed by a layer norm over the channels of a place and GELU; there is no
//! batch norm, so that a face is read alike whatever stands beside it.

use smes_nn::layers::{Conv3x3, Dropout, LayerNorm, Linear, gelu};
use smes_nn::{Device, NnError, ParamLoader, Pass, Tensor};

use super::FaceModelConfig;
use crate::face::Grey;

const EPSILON: f64 = 1e-5;
/// Added to the deviation of brightness: a dim face is brightened, noise in the dark is not.
const LEAST_DEVIATION: f32 = 10.0;

/// Reads grey faces; gives a row of logits for each.
#[derive(Debug, Clone)]
pub struct FaceNet {
    side: usize,
    blocks: Vec<(Conv3x3, LayerNorm)>,
    dropout: Dropout,
    head: Linear,
}

impl FaceNet {
    /// Takes the parameters of each block (`blocks.0.conv.weight` `[C, 9 C']`,
    /// `blocks.0.norm.weight` `[C]`, ..) and of the last map (`head.weight` `[E, C]`).
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(
        loader: &ParamLoader<'_>,
        config: &FaceModelConfig,
        n_expressions: usize,
    ) -> Result<Self, NnError> {
        let mut width = 1;
        let mut blocks = Vec::new();
        for (idx, (n_out, stride)) in config.layers.iter().enumerate() {
            let place = loader.part("blocks").part(idx.to_string());
            blocks.push((
                Conv3x3::load(&place.part("conv"), width, *n_out, *stride)?,
                LayerNorm::load(&place.part("norm"), *n_out, EPSILON)?,
            ));
            width = *n_out;
        }
        Ok(Self {
            side: config.side,
            blocks,
            dropout: Dropout::new(config.dropout),
            head: Linear::load(&loader.part("head"), width, n_expressions)?,
        })
    }

    /// Side of the faces it reads.
    pub fn side(&self) -> usize {
        self.side
    }

    /// # Shapes
    /// `faces`: `[N, side, side, 1]`, see [`standardised`] · returns `[N, E]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shape is another.
    pub fn forward(&self, faces: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        let mut x = faces.clone();
        for (conv, norm) in &self.blocks {
            x = gelu(&norm.forward(&conv.forward(&x)?)?)?;
        }
        let (n, height, width, channels) = x.dims4()?;
        let mean = x.reshape((n, height * width, channels))?.mean(1)?;
        self.head.forward(&self.dropout.forward(&mean, pass)?)
    }

    /// The mean of the logits of each face and of its mirror image.
    ///
    /// # Errors
    /// When a tensor operation fails.
    pub fn logits(&self, faces: &[Grey]) -> Result<Vec<Vec<f32>>, NnError> {
        let mut values = Vec::with_capacity(2 * faces.len() * self.side * self.side);
        for face in faces {
            let as_it_is = standardised(face);
            let rows = as_it_is.chunks_exact(self.side);
            let mirrored = rows.flat_map(|row| row.iter().rev().copied());
            let mirrored: Vec<f32> = mirrored.collect();
            values.extend(as_it_is);
            values.extend(mirrored);
        }
        let shape = (2 * faces.len(), self.side, self.side, 1);
        let inputs = Tensor::from_vec(values, shape, &Device::Cpu)?;
        let logits = self.forward(&inputs, &mut Pass::eval())?;
        let n_expressions = logits.dim(1)?;
        let pairs = logits.reshape((faces.len(), 2, n_expressions))?;
        Ok(pairs.mean(1)?.to_vec2()?)
    }
}

/// The brightness of a face with mean 0 and deviation near 1.
pub fn standardised(face: &Grey) -> Vec<f32> {
    let values: Vec<f32> = face.pixels().iter().map(|p| f32::from(*p)).collect();
    let n = values.len() as f32;
    let mean = values.iter().sum::<f32>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n;
    let deviation = variance.sqrt() + LEAST_DEVIATION;
    values.into_iter().map(|v| (v - mean) / deviation).collect()
}

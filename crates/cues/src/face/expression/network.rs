//! The network: a few 3 x 3 convolutions, a mean over the face, one linear map.

use smes_nn::layers::{Dropout, Linear};
use smes_nn::{NnError, ParamLoader, Pass, Tensor};

use super::FaceModelConfig;
use crate::face::Grey;
use crate::face::convolutions::{Convolutions, inputs, with_mirror_images};

/// Reads grey faces; gives a row of logits for each.
#[derive(Debug, Clone)]
pub struct FaceNet {
    side: usize,
    blocks: Convolutions,
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
        let blocks = Convolutions::load(loader, &config.layers)?;
        let width = blocks.width();
        Ok(Self {
            side: config.side,
            blocks,
            dropout: Dropout::new(config.dropout),
            head: Linear::load(&loader.part("head"), width, n_expressions)?,
        })
    }

    /// Side of the faces it reads, in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// # Shapes
    /// `faces`: `[N, side, side, 1]`, see [`standardised`](crate::face::standardised) · returns `[N, E]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shape is another.
    pub fn forward(&self, faces: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        let x = self.blocks.forward(faces)?;
        let (n, height, width, channels) = x.dims4()?;
        let mean = x.reshape((n, height * width, channels))?.mean(1)?;
        self.head.forward(&self.dropout.forward(&mean, pass)?)
    }

    /// The mean of the logits of each face and of its mirror image.
    ///
    /// # Shapes
    /// `faces`: `N`, each of `side` by `side` pixels · returns `N` rows of `E`
    ///
    /// # Errors
    /// When a face has another size.
    pub fn logits(&self, faces: &[&Grey]) -> Result<Vec<Vec<f32>>, NnError> {
        let inputs = inputs(with_mirror_images(faces), self.side)?;
        let logits = self.forward(&inputs, &mut Pass::eval())?;
        let n_expressions = logits.dim(1)?;
        let pairs = logits.reshape((faces.len(), 2, n_expressions))?;
        Ok(pairs.mean(1)?.to_vec2()?)
    }
}

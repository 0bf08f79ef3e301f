//! The network: a few small perceptrons that vote.

use smes_nn::layers::{Dropout, Linear, gelu};
use smes_nn::{Device, Init, NnError, ParamLoader, Params, Pass, Tensor};

use super::{N_INPUTS, UsualVoice, VoiceModelConfig};

/// Standardised inputs are held within this many deviations: a coefficient of variation
/// whose mean is nearly zero would outshout everything else.
const LIMIT: f32 = 3.0;
const MEAN: &str = "mean";
const DEVIATION: &str = "deviation";

/// Reads standardised inputs; gives one row of logits for each of its members.
#[derive(Debug, Clone)]
pub struct VoiceNet {
    mean: Vec<f32>,
    deviation: Vec<f32>,
    prior_clips: f64,
    members: Vec<Member>,
    input_dropout: Dropout,
    dropout: Dropout,
}

#[derive(Debug, Clone)]
struct Member {
    hidden: Linear,
    output: Linear,
}

impl VoiceNet {
    /// Takes `input.mean`, `input.deviation` (both `[D]`) and the layers of each member
    /// (`members.0.hidden.weight` `[H, D]`, ..). New moments are 0 and 1.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(
        loader: &ParamLoader<'_>,
        config: &VoiceModelConfig,
        n_emotions: usize,
    ) -> Result<Self, NnError> {
        let input = loader.part("input");
        let moment = |name, init| -> Result<Vec<f32>, NnError> {
            Ok(input.get(name, &[N_INPUTS], init)?.to_vec1()?)
        };
        let member = |index: usize| -> Result<Member, NnError> {
            let place = loader.part("members").part(index.to_string());
            Ok(Member {
                hidden: Linear::load(&place.part("hidden"), N_INPUTS, config.hidden_size)?,
                output: Linear::load(&place.part("output"), config.hidden_size, n_emotions)?,
            })
        };
        Ok(Self {
            mean: moment(MEAN, Init::Zeros)?,
            deviation: moment(DEVIATION, Init::Ones)?,
            prior_clips: config.prior_clips,
            members: (0..config.n_members)
                .map(member)
                .collect::<Result<_, _>>()?,
            input_dropout: Dropout::new(config.input_dropout),
            dropout: Dropout::new(config.dropout),
        })
    }

    /// Writes the moments of the training inputs into the parameters and freezes them; to be
    /// called before [`VoiceNet::load`] on parameters that hold them already.
    ///
    /// # Shapes
    /// `mean`, `deviation`: `D`, in the units of the inputs; deviations are above 0
    ///
    /// # Errors
    /// When memory cannot be copied.
    pub fn set_moments(params: &Params, mean: &[f32], deviation: &[f32]) -> Result<(), NnError> {
        let mut values = params.snapshot()?;
        for (name, moment) in [(MEAN, mean), (DEVIATION, deviation)] {
            let tensor = Tensor::from_slice(moment, moment.len(), &Device::Cpu)?;
            values.insert(format!("input.{name}"), tensor);
        }
        params.restore(&values, "moments of the training inputs")?;
        params.freeze(|name| name.starts_with("input."));
        Ok(())
    }

    /// The inputs of some windows as one tensor, standardised around the speaker's usual voice and
    /// bounded; what is absent becomes the mean.
    ///
    /// # Shapes
    /// `windows`: `N` lists of `D` · returns `[N, D]`
    ///
    /// # Errors
    /// When a window has another number of inputs.
    pub fn inputs<'d>(
        &self,
        windows: impl IntoIterator<Item = &'d [Option<f64>]>,
        usual: &UsualVoice,
    ) -> Result<Tensor, NnError> {
        let centre = usual.mean(&self.mean, self.prior_clips);
        let mut values = Vec::new();
        for window in windows {
            let moments = centre.iter().zip(&self.deviation);
            values.extend(window.iter().zip(moments).map(|(value, moments)| {
                let (centre, deviation) = moments;
                #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
                let value = value.map_or(*centre, |value| value as f32);
                ((value - centre) / deviation).clamp(-LIMIT, LIMIT)
            }));
        }
        let n = values.len() / N_INPUTS;
        Ok(Tensor::from_vec(values, (n, N_INPUTS), &Device::Cpu)?)
    }

    /// # Shapes
    /// `inputs`: `[N, D]` · returns one `[N, C]` of logits a member
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the width is not `D`.
    pub fn forward(&self, inputs: &Tensor, pass: &mut Pass) -> Result<Vec<Tensor>, NnError> {
        let vote = |member: &Member| {
            let x = self.input_dropout.forward(inputs, pass)?;
            let hidden = gelu(&member.hidden.forward(&x)?)?;
            member.output.forward(&self.dropout.forward(&hidden, pass)?)
        };
        self.members.iter().map(vote).collect()
    }

    /// The mean of the members' logits.
    ///
    /// # Shapes
    /// `inputs`: `[N, D]` · returns `[N, C]`
    ///
    /// # Errors
    /// As for [`VoiceNet::forward`].
    pub fn logits(&self, inputs: &Tensor) -> Result<Tensor, NnError> {
        let votes = self.forward(inputs, &mut Pass::eval())?;
        Ok(Tensor::stack(&votes, 0)?.mean(0)?)
    }
}

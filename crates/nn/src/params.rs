//! The named parameters of a model and how layers obtain them.
//!
//! [`Params`] is the one owner; layers hold cheap handles on the same storage, so an optimiser
//! step or [`Params::restore`] is seen by every layer. Names are those of the published
//! checkpoints. A frozen parameter is handed out detached: no gradient is computed for it, and
//! none through layers below which everything is frozen.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use candle_core::{DType, Device, Tensor, Var};

use crate::{
    NnError, RandomStream,
    checkpoint::{self, Checkpoint, StoredAs},
};

/// How a parameter starts when no checkpoint gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All zero.
    Zeros,
    /// All one.
    Ones,
    /// Normal with mean 0 and this standard deviation (BERT: 0.02).
    Normal(f64),
    /// Uniform in `[-bound, bound)` (PyTorch's `Linear` and `GRU`: `1 / sqrt(fan_in)`).
    Uniform(f64),
}

#[derive(Debug, Clone)]
struct Param {
    var: Var,
    is_trainable: bool,
}

/// The parameters of a model by name, each trainable or frozen.
#[derive(Debug)]
pub struct Params {
    origin: String,
    metadata: BTreeMap<String, String>,
    by_name: RefCell<BTreeMap<String, Param>>,
    used: RefCell<BTreeSet<String>>,
}

impl Params {
    /// No parameters yet; layers create theirs through [`Params::initialiser`].
    pub fn new() -> Self {
        Self::from_parts(
            "new parameters".to_owned(),
            BTreeMap::new(),
            BTreeMap::new(),
        )
    }

    /// Reads every tensor of a safetensors file as `f32`, all trainable.
    ///
    /// # Errors
    /// See [`checkpoint::read`].
    pub fn from_safetensors(path: impl AsRef<Path>) -> Result<Self, NnError> {
        Self::from_safetensors_except(path, &[])
    }

    /// As [`Params::from_safetensors`], leaving out tensors whose name starts with one of
    /// `ignored` (`pooler.`, `embeddings.position_ids`).
    ///
    /// # Errors
    /// See [`checkpoint::read`].
    pub fn from_safetensors_except(
        path: impl AsRef<Path>,
        ignored: &[&str],
    ) -> Result<Self, NnError> {
        let path = path.as_ref();
        let bytes = fs_err::read(path).map_err(|source| NnError::Read {
            file: path.to_owned(),
            source,
        })?;
        Self::from_bytes_except(&bytes, &path.display().to_string(), ignored)
    }

    /// Reads a safetensors file held in memory (embedded weights). `file` names it in errors.
    ///
    /// # Errors
    /// See [`checkpoint::read`].
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, NnError> {
        Self::from_bytes_except(bytes, file, &[])
    }

    fn from_bytes_except(bytes: &[u8], file: &str, ignored: &[&str]) -> Result<Self, NnError> {
        Self::from_checkpoint(checkpoint::read(bytes, file, ignored)?, file)
    }

    /// Takes the tensors of a checkpoint, all trainable; `file` names it in errors.
    ///
    /// # Errors
    /// When memory cannot be allocated.
    pub fn from_checkpoint(read: Checkpoint, file: &str) -> Result<Self, NnError> {
        let mut params = BTreeMap::new();
        for (name, tensor) in read.tensors {
            params.insert(
                name,
                Param {
                    var: Var::from_tensor(&tensor)?,
                    is_trainable: true,
                },
            );
        }
        Ok(Self::from_parts(file.to_owned(), read.metadata, params))
    }

    fn from_parts(
        origin: String,
        metadata: BTreeMap<String, String>,
        params: BTreeMap<String, Param>,
    ) -> Self {
        Self {
            origin,
            metadata,
            by_name: RefCell::new(params),
            used: RefCell::new(BTreeSet::new()),
        }
    }

    /// The free text fields stored beside the tensors.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Hands out existing parameters; one that is absent is an error.
    pub fn loader(&self) -> ParamLoader<'_> {
        ParamLoader {
            params: self,
            prefix: String::new(),
            create_from: None,
        }
    }

    /// Hands out parameters and creates the absent ones. Each is drawn from the seed and its own
    /// name, so that adding a layer does not change how the others start.
    pub fn initialiser(&self, seed: u64) -> ParamLoader<'_> {
        let create_from = Some(RandomStream::new(seed));
        ParamLoader {
            params: self,
            prefix: String::new(),
            create_from,
        }
    }

    /// Checks, after the model is built, that it used every tensor.
    ///
    /// # Errors
    /// [`NnError::UnusedTensors`] names those that no layer asked for.
    pub fn check_all_used(&self) -> Result<(), NnError> {
        let used = self.used.borrow();
        let names: Vec<String> = self
            .by_name
            .borrow()
            .keys()
            .filter(|name| !used.contains(*name))
            .cloned()
            .collect();
        if names.is_empty() {
            Ok(())
        } else {
            Err(NnError::UnusedTensors {
                file: self.origin.clone(),
                names,
            })
        }
    }

    /// Puts the parameters of `other` beside these, under `prefix` (`encoder.`).
    /// A parameter that exists already is replaced.
    pub fn absorb(&self, other: &Params, prefix: &str) {
        let mut params = self.by_name.borrow_mut();
        for (name, param) in other.by_name.borrow().iter() {
            params.insert(format!("{prefix}{name}"), param.clone());
        }
    }

    /// Lengthens a parameter along one dimension, before the layers are built.
    ///
    /// # Errors
    /// [`NnError::MissingTensor`] when there is no such parameter; shapes that do not fit.
    pub(crate) fn append(&self, name: &str, more: &Tensor, dim: usize) -> Result<(), NnError> {
        let mut params = self.by_name.borrow_mut();
        let param = params.get_mut(name).ok_or_else(|| NnError::MissingTensor {
            file: self.origin.clone(),
            name: name.to_owned(),
            expected: more.dims().to_vec(),
        })?;
        let longer = Tensor::cat(&[&param.var.as_detached_tensor(), more], dim)?;
        param.var = Var::from_tensor(&longer)?;
        Ok(())
    }

    /// Marks as frozen every parameter whose name is selected, the others as trainable. To be
    /// called before the layers are built: they keep what they were handed.
    pub fn freeze(&self, is_frozen: impl Fn(&str) -> bool) {
        for (name, param) in self.by_name.borrow_mut().iter_mut() {
            param.is_trainable = !is_frozen(name);
        }
    }

    /// The trainable parameters by name, in the order of names.
    pub fn trainable(&self) -> Vec<(String, Var)> {
        self.select(true)
    }

    /// The frozen parameters by name, in the order of names.
    pub fn frozen(&self) -> Vec<(String, Var)> {
        self.select(false)
    }

    fn select(&self, is_trainable: bool) -> Vec<(String, Var)> {
        let params = self.by_name.borrow();
        let chosen = params
            .iter()
            .filter(|(_, param)| param.is_trainable == is_trainable);
        chosen
            .map(|(name, param)| (name.clone(), param.var.clone()))
            .collect()
    }

    /// How many numbers all parameters hold together, frozen ones included.
    pub fn n_elements(&self) -> usize {
        self.by_name
            .borrow()
            .values()
            .map(|param| param.var.elem_count())
            .sum()
    }

    /// Every parameter by name.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        let params = self.by_name.borrow();
        params
            .iter()
            .map(|(name, param)| (name.clone(), param.var.as_detached_tensor()))
            .collect()
    }

    /// An exact copy of the values, which later steps do not change (the best epoch so far).
    ///
    /// # Errors
    /// When memory cannot be copied.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>, NnError> {
        self.tensors()
            .into_iter()
            .map(|(name, t)| Ok((name, t.copy()?)))
            .collect()
    }

    /// Sets the values of all parameters, in place.
    ///
    /// # Errors
    /// A missing, additional or misshapen tensor; then nothing is changed.
    pub fn restore(&self, values: &BTreeMap<String, Tensor>, file: &str) -> Result<(), NnError> {
        let params = self.by_name.borrow();
        for (name, param) in params.iter() {
            let expected = param.var.dims();
            let value = values.get(name).ok_or_else(|| NnError::MissingTensor {
                file: file.to_owned(),
                name: name.clone(),
                expected: expected.to_vec(),
            })?;
            check_shape(file, name, expected, value.dims())?;
        }
        let names: Vec<String> = values
            .keys()
            .filter(|name| !params.contains_key(*name))
            .cloned()
            .collect();
        if !names.is_empty() {
            return Err(NnError::UnusedTensors {
                file: file.to_owned(),
                names,
            });
        }
        for (name, param) in params.iter() {
            param.var.set(&values[name])?;
        }
        Ok(())
    }

    /// Writes all parameters to a file, whole or not at all. Returns its size in bytes.
    ///
    /// # Errors
    /// See [`checkpoint::write`].
    pub fn save(
        &self,
        path: impl AsRef<Path>,
        metadata: &BTreeMap<String, String>,
        stored_as: impl Fn(&str) -> StoredAs,
    ) -> Result<u64, NnError> {
        checkpoint::write(path.as_ref(), &self.tensors(), metadata, stored_as)
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::new()
    }
}

fn check_shape(file: &str, name: &str, expected: &[usize], found: &[usize]) -> Result<(), NnError> {
    if expected == found {
        return Ok(());
    }
    Err(NnError::TensorShape {
        file: file.to_owned(),
        name: name.to_owned(),
        expected: expected.to_vec(),
        found: found.to_vec(),
    })
}

/// A place in the tree of parameter names, from which a layer takes its own.
#[derive(Debug, Clone)]
pub struct ParamLoader<'a> {
    params: &'a Params,
    prefix: String,
    create_from: Option<RandomStream>,
}

impl ParamLoader<'_> {
    /// The place of a part: `loader.part("encoder").part(format!("layer.{i}"))`.
    #[must_use]
    pub fn part(&self, name: impl AsRef<str>) -> Self {
        let prefix = format!("{}{}.", self.prefix, name.as_ref());
        Self {
            params: self.params,
            prefix,
            create_from: self.create_from,
        }
    }

    /// The parameter `name` of this place.
    ///
    /// # Errors
    /// [`NnError::MissingTensor`] when it is absent and this is not an initialiser,
    /// [`NnError::TensorShape`] when its shape is another.
    pub fn get(&self, name: &str, shape: &[usize], init: Init) -> Result<Tensor, NnError> {
        self.get_or_create(name, shape, init, true)
    }

    /// As [`ParamLoader::get`], of what is kept with the parameters and never trained (PyTorch's
    /// buffers).
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn get_frozen(&self, name: &str, shape: &[usize], init: Init) -> Result<Tensor, NnError> {
        self.get_or_create(name, shape, init, false)
    }

    fn get_or_create(
        &self,
        name: &str,
        shape: &[usize],
        init: Init,
        may_train: bool,
    ) -> Result<Tensor, NnError> {
        let full_name = format!("{}{name}", self.prefix);
        self.params.used.borrow_mut().insert(full_name.clone());
        let mut params = self.params.by_name.borrow_mut();
        if let Some(param) = params.get_mut(&full_name) {
            check_shape(&self.params.origin, &full_name, shape, param.var.dims())?;
            param.is_trainable &= may_train;
            return Ok(if param.is_trainable {
                param.var.as_tensor().clone()
            } else {
                param.var.as_detached_tensor()
            });
        }
        let Some(stream) = self.create_from else {
            return Err(NnError::MissingTensor {
                file: self.params.origin.clone(),
                name: full_name,
                expected: shape.to_vec(),
            });
        };
        let var = initial(stream.named(&full_name), shape, init)?;
        let tensor = if may_train {
            var.as_tensor().clone()
        } else {
            var.as_detached_tensor()
        };
        params.insert(
            full_name,
            Param {
                var,
                is_trainable: may_train,
            },
        );
        Ok(tensor)
    }
}

fn initial(stream: RandomStream, shape: &[usize], init: Init) -> Result<Var, NnError> {
    let device = Device::Cpu;
    let n_elements = shape.iter().product::<usize>() as u64;
    let draw = |number: &dyn Fn(u64) -> f64| -> Result<Var, NnError> {
        #[expect(clippy::cast_possible_truncation, reason = "a weight is an f32")]
        let values: Vec<f32> = (0..n_elements).map(|i| number(i) as f32).collect();
        Ok(Var::from_vec(values, shape, &device)?)
    };
    match init {
        Init::Zeros => Ok(Var::zeros(shape, DType::F32, &device)?),
        Init::Ones => Ok(Var::ones(shape, DType::F32, &device)?),
        Init::Normal(deviation) => draw(&|i| stream.normal(i) * deviation),
        Init::Uniform(bound) => draw(&|i| (2.0 * stream.uniform(i) - 1.0) * bound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_starts_the_same_whatever_else_the_model_has() {
        let alone = Params::new();
        let a = alone
            .initialiser(3)
            .part("head")
            .get("weight", &[2, 2], Init::Normal(1.0))
            .unwrap();
        let beside = Params::new();
        let init = beside.initialiser(3);
        init.get("other", &[5], Init::Normal(1.0)).unwrap();
        let b = init
            .part("head")
            .get("weight", &[2, 2], Init::Normal(1.0))
            .unwrap();
        assert_eq!(a.to_vec2::<f32>().unwrap(), b.to_vec2::<f32>().unwrap());
    }

    #[test]
    fn missing_misshapen_and_unused_tensors_are_named() {
        let params = Params::new();
        params
            .initialiser(0)
            .get("a.weight", &[2], Init::Zeros)
            .unwrap();
        let loader = params.loader();
        let missing = loader
            .part("a")
            .get("bias", &[3], Init::Zeros)
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("a.bias") && missing.contains("[3]"),
            "{missing}"
        );
        let shape = loader
            .get("a.weight", &[4], Init::Zeros)
            .unwrap_err()
            .to_string();
        assert!(shape.contains("[2]") && shape.contains("[4]"), "{shape}");

        let other = Params::new();
        other.absorb(&params, "encoder.");
        let unused = other.check_all_used().unwrap_err().to_string();
        assert!(unused.contains("encoder.a.weight"), "{unused}");
    }

    #[test]
    fn restore_is_all_or_nothing_and_seen_by_layers() {
        let params = Params::new();
        let layer_sees = params.initialiser(0).get("w", &[2], Init::Ones).unwrap();
        let mut values = params.snapshot().unwrap();
        values.insert(
            "w".into(),
            Tensor::new(&[5_f32, 6.0], &Device::Cpu).unwrap(),
        );
        values.insert("x".into(), Tensor::new(&[0_f32], &Device::Cpu).unwrap());
        assert!(params.restore(&values, "test").is_err());
        assert_eq!(layer_sees.to_vec1::<f32>().unwrap(), [1.0, 1.0]);
        values.remove("x");
        params.restore(&values, "test").unwrap();
        assert_eq!(layer_sees.to_vec1::<f32>().unwrap(), [5.0, 6.0]);
    }

    #[test]
    fn a_created_parameter_has_the_spread_it_was_asked_for() {
        let params = Params::new();
        let weight = params
            .initialiser(1)
            .get("w", &[100, 100], Init::Uniform(0.5))
            .unwrap();
        let values = weight.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(values.iter().all(|value| (-0.5..0.5).contains(value)));
        let mean_square = values.iter().map(|value| value * value).sum::<f32>() / 10_000.0;
        assert!((mean_square - 1.0 / 12.0).abs() < 0.003, "{mean_square}");
    }
}

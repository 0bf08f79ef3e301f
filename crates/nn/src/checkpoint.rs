//! Weights on disk: safetensors, with compact storage types; PyTorch's own files are read too.
//!
//! Read: `f32`, `f16`, `bf16` and row-wise `i8` become `f32`. Written, as safetensors: per tensor `f32`, `f16`, or
//! row-wise `i8`, which stores `<name>` as `i8` beside `<name>.scale` (`f32`, one number a row):
//! `value = stored * scale[row]`, `scale = max |row| / 127`. A file is written beside its place
//! and renamed, so a reader never sees half of one.

mod pickle;
mod pytorch;
mod pytorch_error;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io::{BufReader, Cursor, Read as _, Seek as _, Write as _},
    path::Path,
};

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensorError, SafeTensors, View, tensor::TensorView};

pub use pytorch_error::PytorchError;

use crate::NnError;

const SCALE: &str = ".scale";

/// How a tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredAs {
    /// 4 bytes a number, exact.
    F32,
    /// 2 bytes a number, 11 bits of precision.
    F16,
    /// 1 byte a number and one scale a row; matrices only.
    Int8Rows,
}

/// What a file holds.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Tensors by name, as `f32`.
    pub tensors: BTreeMap<String, Tensor>,
    /// The free text fields.
    pub metadata: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Makes one tensor of one that may be there under two names: afterwards it is under `name`.
    ///
    /// # Errors
    /// [`NnError::Untied`] when the two differ.
    pub(crate) fn join(&mut self, alias: &str, name: &str, file: &str) -> Result<(), NnError> {
        let Some(tensor) = self.tensors.remove(alias) else {
            return Ok(());
        };
        let kept = self
            .tensors
            .entry(name.to_owned())
            .or_insert_with(|| tensor.clone());
        if is_same(&tensor, kept)? {
            return Ok(());
        }
        Err(NnError::Untied {
            file: file.to_owned(),
            name: alias.to_owned(),
        })
    }
}

fn is_same(a: &Tensor, b: &Tensor) -> Result<bool, NnError> {
    if a.id() == b.id() {
        return Ok(true);
    }
    if a.dims() != b.dims() {
        return Ok(false);
    }
    let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
    Ok(numbers(a)? == numbers(b)?)
}

/// Reads a safetensors or PyTorch file held in memory; `file` names it in errors. Tensors whose
/// name starts with one of `ignored` are left out.
///
/// # Errors
/// [`NnError::FileSize`] for a safetensors file that was cut short, [`NnError::Pytorch`] for one of
/// PyTorch's with a fault, [`NnError::NotSafetensors`] for another format,
/// [`NnError::StoredType`] for a tensor of whole numbers.
pub fn read(bytes: &[u8], file: &str, ignored: &[&str]) -> Result<Checkpoint, NnError> {
    if pytorch::is_pytorch(bytes) {
        return pytorch::read(Cursor::new(bytes), file, ignored);
    }
    check_size(bytes, file)?;
    let not_safetensors = |source| NnError::NotSafetensors {
        file: file.to_owned(),
        source,
    };
    let stored = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;

    let mut tensors = BTreeMap::new();
    for (name, view) in stored.iter() {
        let is_ignored = ignored.iter().any(|prefix| name.starts_with(prefix));
        if is_ignored || is_scale_of_int8(&stored, name) {
            continue;
        }
        let values = if view.dtype() == Dtype::I8 {
            dequantise(&stored, name, &view, file)?
        } else {
            decode(&view).ok_or_else(|| NnError::StoredType {
                file: file.to_owned(),
                name: name.to_owned(),
                found: format!("{:?}", view.dtype()).to_lowercase(),
            })?
        };
        tensors.insert(
            name.to_owned(),
            Tensor::from_vec(values, view.shape(), &Device::Cpu)?,
        );
    }
    let metadata = header
        .metadata()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect();
    Ok(Checkpoint { tensors, metadata })
}

/// Reads a safetensors or PyTorch file.
///
/// # Errors
/// As for [`read`], and [`NnError::Read`].
pub fn read_file(path: &Path) -> Result<Checkpoint, NnError> {
    let cannot_read = |source| NnError::Read {
        file: path.to_owned(),
        source,
    };
    let name = path.display().to_string();
    let mut file = fs_err::File::open(path).map_err(cannot_read)?;
    let mut bytes = Vec::new();
    (&mut file)
        .take(8)
        .read_to_end(&mut bytes)
        .map_err(cannot_read)?;
    if pytorch::is_pytorch(&bytes) {
        file.rewind().map_err(cannot_read)?;
        return pytorch::read(BufReader::new(file), &name, &[]);
    }
    file.read_to_end(&mut bytes).map_err(cannot_read)?;
    read(&bytes, &name, &[])
}

/// Writes tensors and text fields to a file, whole or not at all. Returns its size in bytes.
///
/// # Errors
/// [`NnError::Write`], or [`NnError::NotAMatrix`] when rows of something else should be quantised.
pub fn write(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    metadata: &BTreeMap<String, String>,
    stored_as: impl Fn(&str) -> StoredAs,
) -> Result<u64, NnError> {
    let mut stored = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let shape = tensor.dims().to_vec();
        match stored_as(name) {
            StoredAs::F32 => stored.push((name.clone(), Stored::f32(shape, &values))),
            StoredAs::F16 => stored.push((name.clone(), Stored::f16(shape, &values))),
            StoredAs::Int8Rows => {
                let [n_rows, width] = shape[..] else {
                    return Err(NnError::NotAMatrix {
                        name: name.clone(),
                        shape,
                    });
                };
                let (quantised, scales) = quantise(&values, width);
                stored.push((
                    name.clone(),
                    Stored {
                        dtype: Dtype::I8,
                        shape,
                        bytes: quantised,
                    },
                ));
                stored.push((format!("{name}{SCALE}"), Stored::f32(vec![n_rows], &scales)));
            }
        }
    }
    let fields: HashMap<String, String> = metadata
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let bytes =
        safetensors::serialize(stored, Some(fields)).map_err(|source| NnError::Serialise {
            file: path.to_owned(),
            source,
        })?;
    write_atomically(path, &bytes).map_err(|source| NnError::Write {
        file: path.to_owned(),
        source,
    })?;
    Ok(bytes.len() as u64)
}

pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let written = fs_err::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs_err::rename(&beside, path)
    });
    if written.is_err() {
        // The first error is the one to report; a leftover that cannot be removed changes nothing.
        let _ = fs_err::remove_file(&beside);
    }
    written
}

/// Compares the file with the end that its header announces, to tell a cut file from a foreign one.
fn check_size(bytes: &[u8], file: &str) -> Result<(), NnError> {
    let size_error = |expected: u64| NnError::FileSize {
        file: file.to_owned(),
        expected,
        found: bytes.len() as u64,
    };
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(size_error(8));
    };
    let header_end = u64::from_le_bytes(*length).saturating_add(8);
    // A length beyond the format's own bound is no length: the file is of another format.
    if header_end > 100_000_008 || rest.first().is_some_and(|&byte| byte != b'{') {
        return Ok(());
    }
    if header_end > bytes.len() as u64 {
        return Err(size_error(header_end));
    }
    match SafeTensors::read_metadata(bytes) {
        Err(SafeTensorError::MetadataIncompleteBuffer) => {
            Err(size_error(announced_size(bytes, header_end)))
        }
        _ => Ok(()),
    }
}

fn announced_size(bytes: &[u8], header_end: u64) -> u64 {
    let header = bytes
        .get(8..usize::try_from(header_end).unwrap_or(usize::MAX))
        .unwrap_or_default();
    let entries: HashMap<String, serde_json::Value> =
        serde_json::from_slice(header).unwrap_or_default();
    let ends = entries
        .values()
        .filter_map(|entry| entry.get("data_offsets")?.get(1)?.as_u64());
    header_end.saturating_add(ends.max().unwrap_or(0))
}

fn is_scale_of_int8(stored: &SafeTensors<'_>, name: &str) -> bool {
    name.strip_suffix(SCALE)
        .and_then(|owner| stored.tensor(owner).ok())
        .is_some_and(|owner| owner.dtype() == Dtype::I8)
}

fn decode(view: &TensorView<'_>) -> Option<Vec<f32>> {
    fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|chunk| number(*chunk))
            .collect()
    }
    match view.dtype() {
        Dtype::F32 => Some(numbers(view.data(), f32::from_le_bytes)),
        Dtype::F16 => Some(numbers(view.data(), |b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => Some(numbers(view.data(), |b| bf16::from_le_bytes(b).to_f32())),
        _ => None,
    }
}

fn dequantise(
    stored: &SafeTensors<'_>,
    name: &str,
    view: &TensorView<'_>,
    file: &str,
) -> Result<Vec<f32>, NnError> {
    let scale_name = format!("{name}{SCALE}");
    let n_rows = view.shape().first().copied().unwrap_or(0);
    let scale = stored.tensor(&scale_name).ok();
    let scales = scale
        .as_ref()
        .and_then(decode)
        .ok_or_else(|| NnError::MissingTensor {
            file: file.to_owned(),
            name: scale_name.clone(),
            expected: vec![n_rows],
        })?;
    if scales.len() != n_rows {
        return Err(NnError::TensorShape {
            file: file.to_owned(),
            name: scale_name,
            expected: vec![n_rows],
            found: vec![scales.len()],
        });
    }
    let width = view.data().len().checked_div(n_rows).unwrap_or(0).max(1);
    let rows = view.data().chunks(width).zip(&scales);
    Ok(rows
        .flat_map(|(row, &scale)| {
            row.iter()
                .map(move |byte| f32::from(i8::from_le_bytes([*byte])) * scale)
        })
        .collect())
}

fn quantise(values: &[f32], width: usize) -> (Vec<u8>, Vec<f32>) {
    let mut quantised = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len().checked_div(width).unwrap_or(0));
    for row in values.chunks(width.max(1)) {
        let largest = row
            .iter()
            .fold(0_f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        scales.push(scale);
        quantised.extend(row.iter().map(|value| {
            #[expect(clippy::cast_possible_truncation, reason = "bounded by the scale")]
            let stored = (value / scale).round_ties_even().clamp(-127.0, 127.0) as i8;
            stored.to_le_bytes()[0]
        }));
    }
    (quantised, scales)
}

struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    fn f32(shape: Vec<usize>, values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Self {
            dtype: Dtype::F32,
            shape,
            bytes,
        }
    }

    fn f16(shape: Vec<usize>, values: &[f32]) -> Self {
        let bytes = values
            .iter()
            .flat_map(|&value| f16::from_f32(value).to_le_bytes())
            .collect();
        Self {
            dtype: Dtype::F16,
            shape,
            bytes,
        }
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

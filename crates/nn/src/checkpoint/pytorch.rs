//! Weights as `torch.save` writes them (`pytorch_model.bin`), read without running anything.
//!
//! Since PyTorch 1.6 a zip archive: a pickle `*/data.pkl` says which tensor is a view of which
//! storage, `*/data/<key>` are the storages, raw and little-endian. Before, one stream: three
//! pickles of description, the same pickle of tensors, the keys, then each storage with its length.
//! Views of one storage with the same shape (tied weights) become one tensor. Everything is checked
//! against what the file holds before memory is taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek, SeekFrom},
    rc::Rc,
};

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use zip::{ZipArchive, result::ZipError};

use super::{
    Checkpoint, PytorchError,
    pickle::{self, Element, Storage, TensorView, Value},
};
use crate::NnError;

/// Largest index; that of a model with a thousand tensors has 100 kB.
pub(super) const MAX_INDEX: u64 = 4 << 20;
/// How many times its own size a file may grow by views that overlap.
pub(super) const MAX_GROWTH: u64 = 4;
/// How every file of the old form begins: protocol 2, a whole number of 10 bytes.
const OLD_FORM: [u8; 4] = [0x80, 2, 0x8a, 10];

/// Whether a file with this beginning is one of PyTorch's.
pub(super) fn is_pytorch(beginning: &[u8]) -> bool {
    beginning.starts_with(b"PK\x03\x04") || beginning.starts_with(&OLD_FORM)
}

/// Reads the tensors whose names do not start with one of `ignored`.
pub(super) fn read(
    mut file: impl Read + Seek,
    name: &str,
    ignored: &[&str],
) -> Result<Checkpoint, NnError> {
    let at_place = |source| NnError::Pytorch {
        file: name.to_owned(),
        source,
    };
    let mut source = Source::open(&mut file).map_err(at_place)?;
    let views = named_views(&source.index, ignored).map_err(at_place)?;
    for (tensor, view) in &views {
        if let Element::Other(found, _) = view.storage.element {
            return Err(NnError::StoredType {
                file: name.to_owned(),
                name: tensor.clone(),
                found: found.to_owned(),
            });
        }
    }
    source.check(&views).map_err(at_place)?;
    let tensors = source.tensors(&views).map_err(at_place)?;
    let mut by_name = BTreeMap::new();
    for (name, view) in views {
        by_name.insert(name, tensors[&view].clone());
    }
    Ok(Checkpoint {
        tensors: by_name,
        metadata: BTreeMap::new(),
    })
}

type Views = BTreeMap<String, Rc<TensorView>>;

fn named_views(index: &Value, ignored: &[&str]) -> Result<Views, PytorchError> {
    let Value::Dict(members, _) = index else {
        return Err(PytorchError::NotAStateDict);
    };
    let mut views = Views::new();
    for (idx, member) in members.iter().enumerate() {
        match member {
            (Value::Text(name), _) if ignored.iter().any(|prefix| name.starts_with(prefix)) => {}
            (Value::Text(name), Value::Tensor(view)) => {
                views.insert(name.to_string(), view.clone());
            }
            _ => return Err(PytorchError::NotATensor { idx }),
        }
    }
    Ok(views)
}

/// A file of either form, its index read.
struct Source<'f, F: Read + Seek> {
    index: Value,
    size: u64,
    storages: Storages<'f, F>,
}

/// Where the storages lie.
enum Storages<'f, F: Read + Seek> {
    Archive(Box<ZipArchive<&'f mut F>>, String),
    /// Start and length of each, in bytes.
    Stream(&'f mut F, BTreeMap<String, (u64, u64)>),
}

impl<'f, F: Read + Seek> Source<'f, F> {
    fn open(file: &'f mut F) -> Result<Self, PytorchError> {
        let size = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut beginning = [0; 4];
        let is_old = file.read_exact(&mut beginning).is_ok() && beginning == OLD_FORM;
        file.rewind()?;
        let (index, storages) = if is_old {
            open_stream(file)?
        } else {
            open_archive(file)?
        };
        Ok(Self {
            index,
            size,
            storages,
        })
    }

    /// Checks that every view lies within its storage and that all together fit.
    fn check(&self, views: &Views) -> Result<(), PytorchError> {
        let mut n_bytes = 0_u64;
        let mut counted = BTreeSet::new();
        for (name, view) in views {
            let Some(n_elements) = elements_within(view) else {
                return Err(PytorchError::BeyondStorage {
                    name: name.clone(),
                    key: view.storage.key.clone(),
                });
            };
            if counted.insert(view) {
                n_bytes =
                    n_bytes.saturating_add(n_elements.saturating_mul(view.storage.element.size()));
            }
        }
        if n_bytes > self.size.saturating_mul(MAX_GROWTH) {
            return Err(PytorchError::Growth);
        }
        Ok(())
    }

    /// The tensor of each view, storage by storage so that one is in memory at a time.
    fn tensors(&mut self, views: &Views) -> Result<BTreeMap<Rc<TensorView>, Tensor>, PytorchError> {
        let mut names: BTreeMap<&Rc<TensorView>, &str> = BTreeMap::new();
        for (name, view) in views {
            names.entry(view).or_insert(name);
        }
        let mut tensors = BTreeMap::new();
        let mut at_hand: Option<(Rc<Storage>, Vec<f32>)> = None;
        for (view, name) in names {
            let numbers = match at_hand.take() {
                Some((storage, numbers)) if storage == view.storage => numbers,
                _ => self.storages.read(&view.storage, name, self.size)?,
            };
            let tensor = gather(view, &numbers).map_err(|()| PytorchError::BeyondStorage {
                name: name.to_owned(),
                key: view.storage.key.clone(),
            })?;
            tensors.insert(view.clone(), tensor);
            at_hand = Some((view.storage.clone(), numbers));
        }
        Ok(tensors)
    }
}

fn open_archive<F: Read + Seek>(file: &mut F) -> Result<(Value, Storages<'_, F>), PytorchError> {
    let mut archive = ZipArchive::new(file)?;
    let names: Vec<String> = archive
        .file_names()
        .map(|name| Ok(name?.into_owned()))
        .collect::<Result<_, ZipError>>()?;
    let index = names
        .iter()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let index = index.ok_or(PytorchError::NoIndex)?;
    let prefix = index.trim_end_matches("data.pkl").to_owned();
    if let Ok(order) = archive.by_name(&format!("{prefix}byteorder"))
        && read_at_most(order, 16)?.starts_with(b"big")
    {
        return Err(PytorchError::BigEndian);
    }
    let bytes = read_at_most(archive.by_name(index)?, MAX_INDEX + 1)?;
    if bytes.len() as u64 > MAX_INDEX {
        let found = archive.by_name(index)?.size();
        return Err(PytorchError::IndexSize { found });
    }
    let (value, _) = pickle::read(&bytes)?;
    Ok((value, Storages::Archive(Box::new(archive), prefix)))
}

fn open_stream<F: Read + Seek>(file: &mut F) -> Result<(Value, Storages<'_, F>), PytorchError> {
    let bytes = {
        let mut beginning = Vec::new();
        (&mut *file).take(MAX_INDEX).read_to_end(&mut beginning)?;
        beginning
    };
    let (_magic_number, rest) = pickle::read(&bytes)?;
    let (_version, rest) = pickle::read(rest)?;
    let (_machine, rest) = pickle::read(rest)?;
    let (value, rest) = pickle::read(rest)?;
    let (keys, rest) = pickle::read(rest)?;
    let mut at = (bytes.len() - rest.len()) as u64;
    let Value::List(keys, _) = keys else {
        return Err(PytorchError::NotAStateDict);
    };
    let sizes = element_sizes(&value);
    let mut places = BTreeMap::new();
    for key in keys {
        let Value::Text(key) = key else {
            return Err(PytorchError::NotAStateDict);
        };
        let mut n_elements = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut n_elements)?;
        let size = sizes.get(&*key).copied().unwrap_or(4);
        let n_bytes = u64::from_le_bytes(n_elements).saturating_mul(size);
        places.insert(key.to_string(), (at + 8, n_bytes));
        at = at.saturating_add(8).saturating_add(n_bytes);
    }
    Ok((value, Storages::Stream(file, places)))
}

/// How large the elements of each storage are, by its key.
fn element_sizes(index: &Value) -> BTreeMap<String, u64> {
    let Value::Dict(members, _) = index else {
        return BTreeMap::new();
    };
    let sizes = members.iter().filter_map(|(_, member)| match member {
        Value::Tensor(view) => Some((view.storage.key.clone(), view.storage.element.size())),
        _ => None,
    });
    sizes.collect()
}

impl<F: Read + Seek> Storages<'_, F> {
    fn read(
        &mut self,
        storage: &Storage,
        name: &str,
        file_size: u64,
    ) -> Result<Vec<f32>, PytorchError> {
        let expected = storage.n_elements.saturating_mul(storage.element.size());
        let size_error = |found| PytorchError::StorageSize {
            key: storage.key.clone(),
            expected,
            found,
        };
        let absent = || PytorchError::NoStorage {
            name: name.to_owned(),
            key: storage.key.clone(),
        };
        let bytes = match self {
            Self::Archive(archive, prefix) => {
                let entry = match archive.by_name(&format!("{prefix}data/{}", storage.key)) {
                    Err(ZipError::FileNotFound) => return Err(absent()),
                    entry => entry?,
                };
                if entry.size() != expected || expected > file_size {
                    return Err(size_error(entry.size()));
                }
                read_at_most(entry, expected)?
            }
            Self::Stream(file, places) => {
                let &(start, found) = places.get(&storage.key).ok_or_else(absent)?;
                if found != expected || expected > file_size {
                    return Err(size_error(found));
                }
                file.seek(SeekFrom::Start(start))?;
                read_at_most(&mut **file, expected)?
            }
        };
        if bytes.len() as u64 != expected {
            return Err(size_error(bytes.len() as u64));
        }
        Ok(numbers(&bytes, storage.element))
    }
}

/// The first bytes of a reader.
fn read_at_most(reader: impl Read, at_most: u64) -> Result<Vec<u8>, PytorchError> {
    let mut bytes = Vec::new();
    reader.take(at_most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn numbers(bytes: &[u8], element: Element) -> Vec<f32> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|chunk| number(*chunk))
            .collect()
    }
    match element {
        Element::F32 => each(bytes, f32::from_le_bytes),
        Element::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Element::Bf16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Element::Other(..) => Vec::new(),
    }
}

/// How many numbers a view has, if all lie within its storage.
fn elements_within(view: &TensorView) -> Option<u64> {
    let n_elements = view
        .shape
        .iter()
        .try_fold(1_u64, |n, size| n.checked_mul(*size))?;
    if n_elements == 0 {
        return Some(0);
    }
    let mut last = view.offset;
    for (size, stride) in view.shape.iter().zip(&view.strides) {
        last = last.checked_add((size - 1).checked_mul(*stride)?)?;
    }
    (last < view.storage.n_elements).then_some(n_elements)
}

/// The numbers of a view in the order of its shape.
fn gather(view: &TensorView, numbers: &[f32]) -> Result<Tensor, ()> {
    let size = |number: &u64| usize::try_from(*number).map_err(|_| ());
    let shape: Vec<usize> = view.shape.iter().map(size).collect::<Result<_, _>>()?;
    let strides: Vec<usize> = view.strides.iter().map(size).collect::<Result<_, _>>()?;
    let n_elements: usize = shape.iter().product();
    let start = size(&view.offset)?;
    let values = if is_row_major(&shape, &strides) {
        let end = start.checked_add(n_elements).ok_or(())?;
        numbers.get(start..end).ok_or(())?.to_vec()
    } else {
        let places = Places::new(start, &shape, &strides).take(n_elements);
        let value = |place: usize| numbers.get(place).copied();
        places.map(value).collect::<Option<_>>().ok_or(())?
    };
    Tensor::from_vec(values, shape, &Device::Cpu).map_err(|_| ())
}

fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    let mut stride = 1_usize;
    shape.iter().zip(strides).rev().all(|(size, found)| {
        let expected = stride;
        stride = stride.saturating_mul(*size);
        *found == expected || *size == 1
    })
}

/// Where the numbers of a view lie, one after the other, without an end.
struct Places<'v> {
    at: usize,
    counts: Vec<usize>,
    shape: &'v [usize],
    strides: &'v [usize],
}

impl<'v> Places<'v> {
    fn new(at: usize, shape: &'v [usize], strides: &'v [usize]) -> Self {
        let counts = vec![0; shape.len()];
        Self {
            at,
            counts,
            shape,
            strides,
        }
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = self.at;
        // The last dimension counts up; one that is full starts again and the one before counts.
        // Wrapping: the stride of a dimension of size 1 may be anything and cancels out.
        for dimension in (0..self.shape.len()).rev() {
            let stride = self.strides[dimension];
            self.counts[dimension] += 1;
            self.at = self.at.wrapping_add(stride);
            if self.counts[dimension] < self.shape[dimension] {
                break;
            }
            self.at = self
                .at
                .wrapping_sub(self.shape[dimension].wrapping_mul(stride));
            self.counts[dimension] = 0;
        }
        Some(place)
    }
}

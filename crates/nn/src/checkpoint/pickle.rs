//! A reader of the pickle that PyTorch writes before its tensors. It builds values; it runs nothing.
//!
//! The format is Python's protocol 2 (`pickletools.py`), of which `torch.save` uses the operations
//! below. A pickle may ask Python to call any function; here only the few names of
//! [`Global::named`] are known and every other ends the reading. candle's reader is not used: it
//! panics on malformed input, clones shared parts without a bound and skips in silence what it does
//! not understand.

use std::rc::Rc;

use super::PytorchError;

/// Deepest nesting; a state dict has five levels.
const MAX_DEPTH: usize = 16;
/// Most values at hand at once; `torch.save` writes dictionaries in pieces of 1,000 pairs.
const MAX_STACK: usize = 1 << 16;

/// The classes and functions that the index of a checkpoint may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Element),
}

/// The type of the numbers of a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Element {
    F32,
    F16,
    Bf16,
    /// Another type: its name and size in bytes. Such tensors can be left out, not read.
    Other(&'static str, u64),
}

impl Element {
    pub(super) fn size(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Other(_, size) => size,
        }
    }
}

impl Global {
    fn named(module: &str, name: &str) -> Option<Self> {
        let element = match (module, name) {
            ("collections", "OrderedDict") => return Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => return Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => return Some(Self::RebuildParameter),
            ("torch", "FloatStorage") => Element::F32,
            ("torch", "HalfStorage") => Element::F16,
            ("torch", "BFloat16Storage") => Element::Bf16,
            ("torch", "DoubleStorage") => Element::Other("f64", 8),
            ("torch", "LongStorage") => Element::Other("i64", 8),
            ("torch", "IntStorage") => Element::Other("i32", 4),
            ("torch", "ByteStorage") => Element::Other("u8", 1),
            ("torch", "BoolStorage") => Element::Other("bool", 1),
            _ => return None,
        };
        Some(Self::Storage(element))
    }
}

/// Numbers of a checkpoint that lie together.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) element: Element,
    pub(super) n_elements: u64,
}

/// A tensor as a view of a storage.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TensorView {
    pub(super) storage: Rc<Storage>,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// What a pickle can hold here.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// `None`, a float, or a whole number beyond 64 bits: never looked at.
    Opaque,
    Int(i64),
    Text(Rc<str>),
    /// Its members and how deep they nest.
    Tuple(Rc<[Value]>, usize),
    List(Vec<Value>, usize),
    Dict(Vec<(Value, Value)>, usize),
    Global(Global),
    Storage(Rc<Storage>),
    Tensor(Rc<TensorView>),
}

impl Value {
    fn depth(&self) -> usize {
        match self {
            Self::Tuple(_, depth) | Self::List(_, depth) | Self::Dict(_, depth) => *depth,
            _ => 0,
        }
    }
}

/// Reads one value; gives it and the bytes after it.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, &[u8]), PytorchError> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
    };
    loop {
        let at = machine.at;
        let operation = machine.byte()?;
        if operation == b'.' {
            let value = machine.pop()?;
            return Ok((value, &bytes[machine.at..]));
        }
        if !machine.literal(operation)? && !machine.container(operation)? {
            return Err(PytorchError::Operation {
                at,
                found: operation,
            });
        }
        if machine.stack.len() > MAX_STACK {
            return Err(PytorchError::Limit { at });
        }
    }
}

struct Machine<'b> {
    bytes: &'b [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    /// Values to come back to, by number. Containers that still change are not kept: what refers
    /// back to one is no state dict.
    memo: Vec<Option<Value>>,
}

impl Machine<'_> {
    /// Operations that push a value or take one from the memo; whether it was one.
    fn literal(&mut self, operation: u8) -> Result<bool, PytorchError> {
        match operation {
            0x80 => {
                self.byte()?;
            }
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Opaque),
            b'G' => {
                self.take(8)?;
                self.stack.push(Value::Opaque);
            }
            b'K' => {
                let value = Value::Int(self.byte()?.into());
                self.stack.push(value);
            }
            b'M' => {
                let value = Value::Int(u16::from_le_bytes(self.array()?).into());
                self.stack.push(value);
            }
            b'J' => {
                let value = Value::Int(i32::from_le_bytes(self.array()?).into());
                self.stack.push(value);
            }
            0x8a => self.long()?,
            b'X' => {
                let text = self.text()?;
                self.stack.push(Value::Text(text));
            }
            b'c' => self.global()?,
            b'q' => {
                let idx = self.byte()?.into();
                self.remember(idx)?;
            }
            b'r' => {
                let idx = self.count()?;
                self.remember(idx)?;
            }
            b'h' => {
                let idx = self.byte()?.into();
                self.recall(idx)?;
            }
            b'j' => {
                let idx = self.count()?;
                self.recall(idx)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Operations that build a value of others; whether it was one.
    fn container(&mut self, operation: u8) -> Result<bool, PytorchError> {
        match operation {
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.tuple(Vec::new())?,
            0x85..=0x87 => {
                let n_members = usize::from(operation - 0x84);
                let start = self.stack.len().checked_sub(n_members);
                let start = start.ok_or_else(|| self.unexpected("members of a tuple"))?;
                let members = self.stack.split_off(start);
                self.tuple(members)?;
            }
            b't' => {
                let members = self.since_mark()?;
                self.tuple(members)?;
            }
            b']' => self.stack.push(Value::List(Vec::new(), 1)),
            b'}' => self.stack.push(Value::Dict(Vec::new(), 1)),
            b'a' => {
                let member = self.pop()?;
                self.extend_list(vec![member])?;
            }
            b'e' => {
                let members = self.since_mark()?;
                self.extend_list(members)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.extend_dict(vec![key, value])?;
            }
            b'u' => {
                let members = self.since_mark()?;
                self.extend_dict(members)?;
            }
            // Attributes of an object: a state dict keeps versions of its modules there.
            b'b' => {
                self.pop()?;
            }
            b'Q' => self.persistent()?,
            b'R' => self.call()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take(&mut self, n_bytes: usize) -> Result<&[u8], PytorchError> {
        let end = self.at.checked_add(n_bytes);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or(PytorchError::IndexEnds { at: self.at })?;
        self.at += n_bytes;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PytorchError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, PytorchError> {
        Ok(self.array::<1>()?[0])
    }

    fn count(&mut self) -> Result<usize, PytorchError> {
        let count = u32::from_le_bytes(self.array()?);
        usize::try_from(count).map_err(|_| PytorchError::Limit { at: self.at })
    }

    fn text(&mut self) -> Result<Rc<str>, PytorchError> {
        let length = self.count()?;
        let at = self.at;
        let text = std::str::from_utf8(self.take(length)?);
        let text = text.map_err(|_| PytorchError::Unexpected {
            at,
            expected: "UTF-8",
        })?;
        Ok(text.into())
    }

    fn line(&mut self) -> Result<String, PytorchError> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n');
        let length = length.ok_or(PytorchError::IndexEnds {
            at: self.bytes.len(),
        })?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(line)
    }

    fn long(&mut self) -> Result<(), PytorchError> {
        let n_bytes = self.byte()?;
        let digits = self.take(n_bytes.into())?;
        let is_negative = digits.last().is_some_and(|last| *last >= 0x80);
        let mut number = [if is_negative { 0xff } else { 0 }; 8];
        let value = number
            .get_mut(..digits.len())
            .map(|low| low.copy_from_slice(digits));
        self.stack
            .push(value.map_or(Value::Opaque, |()| Value::Int(i64::from_le_bytes(number))));
        Ok(())
    }

    fn global(&mut self) -> Result<(), PytorchError> {
        let at = self.at;
        let (module, name) = (self.line()?, self.line()?);
        let global = Global::named(&module, &name).ok_or_else(|| PytorchError::Foreign {
            at,
            name: format!("{module}.{name}"),
        })?;
        self.stack.push(Value::Global(global));
        Ok(())
    }

    fn remember(&mut self, idx: usize) -> Result<(), PytorchError> {
        let value = match self.stack.last() {
            None => return Err(self.unexpected("a value to remember")),
            Some(Value::List(..) | Value::Dict(..)) => None,
            Some(value) => Some(value.clone()),
        };
        // Numbers are given one after the other.
        if idx > self.memo.len() {
            return Err(PytorchError::Limit { at: self.at });
        }
        self.memo.resize(self.memo.len().max(idx + 1), None);
        self.memo[idx] = value;
        Ok(())
    }

    fn recall(&mut self, idx: usize) -> Result<(), PytorchError> {
        let value = self.memo.get(idx).cloned().flatten();
        let value = value.ok_or_else(|| self.unexpected("a remembered value"))?;
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, PytorchError> {
        self.stack.pop().ok_or_else(|| self.unexpected("a value"))
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, PytorchError> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        let mark = mark.ok_or_else(|| self.unexpected("a mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, members: Vec<Value>) -> Result<(), PytorchError> {
        let depth = self.depth_around(&members)?;
        self.stack.push(Value::Tuple(members.into(), depth));
        Ok(())
    }

    fn extend_list(&mut self, members: Vec<Value>) -> Result<(), PytorchError> {
        let around = self.depth_around(&members)?;
        let Some(Value::List(list, depth)) = self.stack.last_mut() else {
            return Err(self.unexpected("a list"));
        };
        list.extend(members);
        *depth = around.max(*depth);
        Ok(())
    }

    fn extend_dict(&mut self, members: Vec<Value>) -> Result<(), PytorchError> {
        let around = self.depth_around(&members)?;
        if members.len() % 2 == 1 {
            return Err(self.unexpected("pairs of key and value"));
        }
        let Some(Value::Dict(dict, depth)) = self.stack.last_mut() else {
            return Err(self.unexpected("a dictionary"));
        };
        let mut members = members.into_iter();
        while let (Some(key), Some(value)) = (members.next(), members.next()) {
            dict.push((key, value));
        }
        *depth = around.max(*depth);
        Ok(())
    }

    fn depth_around(&self, members: &[Value]) -> Result<usize, PytorchError> {
        let depth = 1 + members.iter().map(Value::depth).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(PytorchError::Limit { at: self.at });
        }
        Ok(depth)
    }

    /// `("storage", class, key, place, number of elements)`, and in old files one member more.
    fn persistent(&mut self) -> Result<(), PytorchError> {
        let id = self.pop()?;
        let storage = match &id {
            Value::Tuple(members, _) => match &**members {
                [
                    Value::Text(kind),
                    Value::Global(Global::Storage(element)),
                    Value::Text(key),
                    _,
                    Value::Int(n),
                    ..,
                ] if &**kind == "storage" && *n >= 0 => Some(Storage {
                    key: key.to_string(),
                    element: *element,
                    n_elements: n.unsigned_abs(),
                }),
                _ => None,
            },
            _ => None,
        };
        let storage = storage.ok_or_else(|| self.unexpected("a storage"))?;
        self.stack.push(Value::Storage(Rc::new(storage)));
        Ok(())
    }

    fn call(&mut self) -> Result<(), PytorchError> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Value::Tuple(arguments, _) = arguments else {
            return Err(self.unexpected("arguments"));
        };
        let result = match (function, &*arguments) {
            (Value::Global(Global::OrderedDict), []) => Some(Value::Dict(Vec::new(), 1)),
            (Value::Global(Global::RebuildParameter), [tensor @ Value::Tensor(_), ..]) => {
                Some(tensor.clone())
            }
            (
                Value::Global(Global::RebuildTensor),
                [
                    Value::Storage(storage),
                    Value::Int(offset),
                    shape,
                    strides,
                    ..,
                ],
            ) => tensor(storage, *offset, shape, strides),
            _ => None,
        };
        let result = result.ok_or_else(|| self.unexpected("a tensor"))?;
        self.stack.push(result);
        Ok(())
    }

    fn unexpected(&self, expected: &'static str) -> PytorchError {
        PytorchError::Unexpected {
            at: self.at,
            expected,
        }
    }
}

fn tensor(storage: &Rc<Storage>, offset: i64, shape: &Value, strides: &Value) -> Option<Value> {
    let numbers = |value: &Value| -> Option<Vec<u64>> {
        let Value::Tuple(members, _) = value else {
            return None;
        };
        let number = |member: &Value| match member {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        members.iter().map(number).collect()
    };
    let view = TensorView {
        storage: storage.clone(),
        offset: u64::try_from(offset).ok()?,
        shape: numbers(shape)?,
        strides: numbers(strides)?,
    };
    (view.shape.len() == view.strides.len()).then(|| Value::Tensor(Rc::new(view)))
}

//! The backward pass of a loss, with the gradients of parameters summed in place.
//!
//! candle gives every gradient a tensor of zeros and adds to it: for a parameter that is three
//! passes over memory more than writing it, and a parameter used twice needs two tensors more.
//! Within [`backward`], the operations of this crate hand the gradient of a variable to a sum that
//! lives beside candle's store, and say to candle that they have none. Reason, and what else was
//! weighed: docs/adr/0004.

use std::{cell::RefCell, collections::HashMap};

use candle_core::{Result, Tensor, TensorId, backprop::GradStore};

use crate::{KernelError, on_pool};

type Sums = HashMap<TensorId, (Tensor, Vec<f32>)>;

thread_local! {
    /// The sums of the backward pass that runs on this thread.
    static SUMS: RefCell<Option<Sums>> = const { RefCell::new(None) };
}

/// Ends the collection however the backward pass ends. While a thread of the pool waits for parts of
/// one backward pass it may be given another one, whose collection then comes before it.
struct Collection {
    before: Option<Sums>,
}

impl Collection {
    fn start() -> Self {
        Self {
            before: SUMS.replace(Some(Sums::new())),
        }
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        SUMS.set(self.before.take());
    }
}

/// Runs the backward pass of a scalar loss: what `loss.backward()` gives, in less time and memory.
///
/// # Errors
/// When an operation of the loss has no backward pass.
pub fn backward(loss: &Tensor) -> std::result::Result<GradStore, KernelError> {
    on_pool(|| collect(loss))
}

fn collect(loss: &Tensor) -> std::result::Result<GradStore, KernelError> {
    let _collection = Collection::start();
    let mut gradients = loss.backward()?;
    for (id, (variable, sum)) in SUMS.take().unwrap_or_default() {
        let sum = Tensor::from_vec(sum, variable.shape(), variable.device())?;
        let sum = match gradients.get_id(id) {
            Some(by_candle) => (by_candle + sum)?,
            None => sum,
        };
        gradients.insert_id(id, sum);
    }
    Ok(gradients)
}

/// Whether [`backward`] runs on this thread.
pub(crate) fn is_collecting() -> bool {
    SUMS.with_borrow(Option::is_some)
}

/// The gradient of an argument of an operation. `fresh` makes it; `add` adds it to numbers that
/// are there. Nothing is computed for an argument that needs no gradient; that of a variable goes
/// to its sum, any other is returned for candle to pass on.
pub(crate) fn gradient(
    of: &Tensor,
    fresh: impl FnOnce() -> Vec<f32>,
    add: impl FnOnce(&mut [f32]),
) -> Result<Option<Tensor>> {
    if !of.track_op() {
        return Ok(None);
    }
    if !(of.is_variable() && is_collecting()) {
        let gradient = Tensor::from_vec(fresh(), of.shape(), of.device())?;
        return Ok(Some(gradient));
    }
    // Taken out while it is worked on: the closures may not find the cell borrowed.
    let so_far = SUMS.with_borrow_mut(|sums| sums.as_mut().and_then(|sums| sums.remove(&of.id())));
    let sum = match so_far {
        Some((variable, mut sum)) => {
            add(&mut sum);
            (variable, sum)
        }
        None => (of.detach(), fresh()),
    };
    SUMS.with_borrow_mut(|sums| sums.as_mut().and_then(|sums| sums.insert(of.id(), sum)));
    Ok(None)
}

/// As [`gradient`], of one that is small or was made along with another.
pub(crate) fn ready_gradient(of: &Tensor, values: Vec<f32>) -> Result<Option<Tensor>> {
    let values = std::cell::Cell::new(values);
    gradient(
        of,
        || values.take(),
        |sum| crate::math::add_scaled(sum, 1.0, &values.take()),
    )
}

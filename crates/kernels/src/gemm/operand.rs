//! A matrix that several products read: what they copy of it into their own order is copied once.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::bf16;
use crate::matrix::MatrixRef;

/// A left or right operand of products.
pub(crate) struct Operand<'a> {
    matrix: MatrixRef<'a>,
    #[cfg(target_arch = "x86_64")]
    left: OnceLock<bf16::Left>,
    #[cfg(target_arch = "x86_64")]
    right: OnceLock<bf16::Right>,
}

impl<'a> Operand<'a> {
    /// Nothing is copied before a product asks for it.
    pub(crate) fn new(matrix: MatrixRef<'a>) -> Self {
        Self {
            matrix,
            #[cfg(target_arch = "x86_64")]
            left: OnceLock::new(),
            #[cfg(target_arch = "x86_64")]
            right: OnceLock::new(),
        }
    }

    pub(crate) fn matrix(&self) -> MatrixRef<'a> {
        self.matrix
    }

    /// Packed as a left operand.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn left(&self, is_parallel: bool) -> &bf16::Left {
        self.left
            .get_or_init(|| bf16::Left::new(self.matrix, is_parallel))
    }

    /// Packed as a right operand.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn right(&self, is_parallel: bool) -> &bf16::Right {
        self.right
            .get_or_init(|| bf16::Right::new(self.matrix, is_parallel))
    }
}

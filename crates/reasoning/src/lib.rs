//! From a history to a plan and a response.
//!
//! One trait, [`Reasoner`], stands for the paper's chain `E -> S -> SE -> R`; every model that can
//! do the job implements it in a file of its own. No training here, and nothing about servers.

pub mod bank;
pub mod blenderbot;
mod contrast;
pub mod controls;
mod error;
mod history;
mod reasoner;
pub mod reasoners;
pub mod sequence;
pub mod starter;

pub use contrast::contrast;
pub use error::ReasoningError;
pub use reasoner::{LabelTasks, Likelihood, Reasoner, SaidTurn};
pub use reasoners::{AVAILABLE, ReasonerOptions, Weights, model_place, open, open_with};

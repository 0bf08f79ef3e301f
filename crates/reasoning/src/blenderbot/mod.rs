//! The paper's reasoner: one sequence-to-sequence network that says the labels, then the response.
//!
//! ```text
//! folder.rs     a model folder: network, tokenizer, layout, decoding
//! reasoner.rs   plan: labels one after the other, only from their block · respond: free text with
//!               all label tokens barred
//! stream.rs     pieces of text that are certain, out of tokens
//! likelihood.rs how likely the network finds words that are known
//! ```
//!
//! Reference: `chuyq/Mi-Therapist`, `emotion_blenderbot.py` and `infer.py`; where it departs from
//! the paper, [`crate::sequence::LabelDecoding`] has both ways.

mod folder;
mod likelihood;
mod reasoner;
mod stream;

pub(crate) use folder::model_folder;
pub use folder::{SEQUENCE_FILE, SequenceFile};
pub use likelihood::{TokenLikelihood, token_likelihoods};
pub use reasoner::BlenderbotReasoner;

//! How texts become tokens: one file a convention, each equal to the program that everybody cites.

mod clean_up;
mod padding;
mod porter;
mod punkt;
mod rouge_words;
mod sacre13a;
mod vocabulary;
mod word_tokenize;

pub use clean_up::clean_up;
pub use porter::porter_stem;
pub use punkt::sentences;
pub use rouge_words::rouge_words;
pub use sacre13a::tokenize_13a;
pub use vocabulary::Vocabulary;
pub use word_tokenize::word_tokenize;

//! Training end to end on an invented corpus with a tiny random encoder.

mod fixture;
mod seq2seq;
mod shipped;
mod starter;

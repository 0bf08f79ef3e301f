//! Layers, tokenizers, checkpoints, one file an architecture. Knows tensors, not dialogues.

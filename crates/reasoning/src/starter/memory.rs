//! Utterance vectors that were computed before, so that a history is not encoded anew each turn.
//!
//! The memory lives as long as the process, is bounded, and forgets the least recently used first.
//! It holds no words: an utterance is found by two keyed hashes of its text, and the keys are
//! random and never leave the process. A vector still says what was meant, so it is somebody's
//! words in another form: [`VectorMemory::forget`] drops it when its conversation ends.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use smes_nn::Tensor;

/// What stands for a text: 128 bits, so that no two texts of a process share it by chance.
type Key = (u64, u64);

/// The vectors of the texts that were asked for last.
pub(super) struct VectorMemory {
    hashers: (RandomState, RandomState),
    capacity: usize,
    by_key: HashMap<Key, (u64, Tensor)>,
    /// The keys by when they were last used.
    by_use: BTreeMap<u64, Key>,
    n_uses: u64,
}

impl VectorMemory {
    /// Room for that many utterances.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            hashers: Default::default(),
            capacity,
            by_key: HashMap::new(),
            by_use: BTreeMap::new(),
            n_uses: 0,
        }
    }

    /// The vector of a text, if it is remembered.
    pub(super) fn get(&mut self, text: &str) -> Option<Tensor> {
        let key = self.key(text);
        let (last_use, vector) = self.by_key.get_mut(&key)?;
        self.by_use.remove(last_use);
        self.n_uses += 1;
        *last_use = self.n_uses;
        self.by_use.insert(self.n_uses, key);
        Some(vector.clone())
    }

    /// Remembers a vector, at the cost of the one that was not used for longest.
    pub(super) fn put(&mut self, text: &str, vector: Tensor) {
        self.forget(text);
        while self.by_key.len() >= self.capacity {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                return;
            };
            self.by_key.remove(&oldest);
        }
        let key = self.key(text);
        self.n_uses += 1;
        self.by_key.insert(key, (self.n_uses, vector));
        self.by_use.insert(self.n_uses, key);
    }

    /// Drops the vector of a text.
    pub(super) fn forget(&mut self, text: &str) {
        if let Some((last_use, _)) = self.by_key.remove(&self.key(text)) {
            self.by_use.remove(&last_use);
        }
    }

    fn key(&self, text: &str) -> Key {
        (self.hashers.0.hash_one(text), self.hashers.1.hash_one(text))
    }
}

impl std::fmt::Debug for VectorMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VectorMemory")
            .field("n_utterances", &self.by_key.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use smes_nn::Device;

    fn vector(value: f32) -> Tensor {
        Tensor::new(&[value], &Device::Cpu).unwrap()
    }

    fn value(vector: &Tensor) -> f32 {
        vector.to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut memory = VectorMemory::new(2);
        memory.put("a", vector(1.0));
        memory.put("b", vector(2.0));
        assert!(memory.get("a").is_some());
        memory.put("c", vector(3.0));
        assert!(memory.get("b").is_none());
        assert!(memory.get("a").is_some() && memory.get("c").is_some());
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let mut memory = VectorMemory::new(4);
        memory.put("mine", vector(1.0));
        memory.put("yours", vector(2.0));
        memory.forget("mine");
        assert!(memory.get("mine").is_none());
        assert_eq!((memory.by_key.len(), memory.by_use.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn never_holds_more_than_its_room_nor_another_texts_vector(
            uses in prop::collection::vec((0_u8..12, 0_u8..3), 0..80),
            capacity in 0_usize..6,
        ) {
            let mut memory = VectorMemory::new(capacity);
            for (text, action) in uses {
                let name = text.to_string();
                match action {
                    0 => memory.put(&name, vector(f32::from(text))),
                    1 => memory.forget(&name),
                    _ => if let Some(found) = memory.get(&name) {
                        prop_assert!((value(&found) - f32::from(text)).abs() < 1e-6);
                    },
                }
                prop_assert!(memory.by_key.len() <= capacity);
                prop_assert_eq!(memory.by_key.len(), memory.by_use.len());
            }
        }
    }
}

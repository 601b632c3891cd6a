//! Which keys a read has seen: eight bytes for each record, so that what was not seen can be told at its end.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Hashes of keys. Two keys with one hash, which is a chance of one in 10^7 among a million, look like one: the row of
/// the second is then kept although it is gone, never the other way round.
#[derive(Default)]
pub(super) struct SeenKeys {
    hashes: Vec<u64>,
    sorted: bool,
}

impl SeenKeys {
    pub(super) fn add(&mut self, key: &str) {
        self.hashes.push(hash(key));
        self.sorted = false;
    }

    /// Whether the key was added.
    pub(super) fn contains(&mut self, key: &str) -> bool {
        if !self.sorted {
            self.hashes.sort_unstable();
            self.sorted = true;
        }
        self.hashes.binary_search(&hash(key)).is_ok()
    }

    pub(super) fn clear(&mut self) {
        self.hashes.clear();
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_seen_once_it_was_added() {
        let mut seen = SeenKeys::default();
        for key in ["b", "a", "b"] {
            seen.add(key);
        }
        assert!(seen.contains("a") && seen.contains("b") && !seen.contains("c"));
        seen.add("c");
        assert!(seen.contains("c"));
        seen.clear();
        assert!(!seen.contains("a"));
    }
}

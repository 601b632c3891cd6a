//! What a walk has seen, in little memory: enough to notice a list without end.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::stream::Row;

/// Keys that are remembered. Above that every second one is forgotten, so that a list of any length fits.
const MOST_KEYS: usize = 16_384;

/// Pages and keys of one pass.
#[derive(Default)]
pub(super) struct Seen {
    /// A sum over the keys of each page, so that their order does not matter.
    pages: HashSet<u64>,
    /// Hashes of keys, those with at least `sparseness` zero bits at their end.
    keys: HashSet<u64>,
    sparseness: u32,
    stale_pages: u32,
}

/// How a page relates to those before it.
pub(super) struct Repetition {
    /// The same records were one page before.
    pub(super) is_repeated: bool,
    /// Pages in a row, this one included, that brought no record that was not there before.
    pub(super) stale_pages: u32,
}

impl Seen {
    pub(super) fn note(&mut self, rows: &[Row]) -> Repetition {
        if rows.is_empty() {
            return Repetition { is_repeated: false, stale_pages: self.stale_pages };
        }
        let hashes: Vec<u64> = rows.iter().map(|row| hash(row.key())).collect();
        let page = hashes.iter().fold(rows.len() as u64, |sum, hash| sum.wrapping_add(*hash));
        let is_repeated = !self.pages.insert(page);
        let mut remembered = 0;
        let mut new = 0;
        for hash in hashes.into_iter().filter(|hash| hash.trailing_zeros() >= self.sparseness) {
            remembered += 1;
            new += u32::from(self.keys.insert(hash));
        }
        if new > 0 {
            self.stale_pages = 0;
        } else if remembered > 0 {
            self.stale_pages += 1;
        }
        while self.keys.len() > MOST_KEYS {
            self.sparseness += 1;
            self.keys.retain(|hash| hash.trailing_zeros() >= self.sparseness);
        }
        Repetition { is_repeated, stale_pages: self.stale_pages }
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

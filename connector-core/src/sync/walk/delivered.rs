//! What a walk has given to the writer: a list that is read again gives only what is new since.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::stream::Row;
use crate::sync::Reject;

/// Hashes of the records that were given: eight bytes each, since few lists are read again. Two records with one hash are a
/// chance of one in 10^7 among a million, and cost something only where the list is read again.
#[derive(Default)]
pub(super) struct Delivered {
    /// Keys with contents of the first reading; sorted once the list is read again.
    first: Vec<u64>,
    is_again: bool,
    /// By their keys, those that were new or other when it was.
    since: HashMap<u64, u64>,
    rejects: HashSet<u64>,
}

impl Delivered {
    /// The list is read again from here on.
    pub(super) fn begin_again(&mut self) {
        if !self.is_again {
            self.first.sort_unstable();
            self.is_again = true;
        }
    }

    /// Notes a row. Whether it has to be given: it was not yet, or not as it is.
    pub(super) fn is_news(&mut self, row: &Row) -> bool {
        let whole = hash(&(row.key(), row.hash()));
        if !self.is_again {
            self.first.push(whole);
            return true;
        }
        let key = hash(row.key());
        let is_known = match self.since.get(&key) {
            Some(last) => *last == whole,
            None => self.first.binary_search(&whole).is_ok(),
        };
        if !is_known {
            self.since.insert(key, whole);
        }
        !is_known
    }

    /// Notes a record that cannot become a row. Whether it was not given yet.
    pub(super) fn is_new_reject(&mut self, reject: &Reject) -> bool {
        self.rejects.insert(hash(reject.payload.as_str()))
    }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

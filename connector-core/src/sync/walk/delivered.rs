//! What a walk has given to the writer: a list that is read again gives only what is new since.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::stream::Row;
use crate::sync::Reject;

/// Records that were given, each by a hash of its key, with one of its content as it was last. Sixteen bytes each: two
/// records that share both are a chance of one in 10^26 among a million.
#[derive(Default)]
pub(super) struct Delivered {
    rows: HashMap<u64, u64>,
    rejects: HashSet<u64>,
}

impl Delivered {
    /// Notes a row. Whether it is one that was not given yet as it is.
    pub(super) fn is_news(&mut self, row: &Row) -> bool {
        let content = hash(row.hash());
        self.rows.insert(hash(row.key()), content) != Some(content)
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

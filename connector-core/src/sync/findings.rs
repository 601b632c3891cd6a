//! What a comparison of the app with the database found.

use super::batch::Batch;
use super::sink::Standing;

/// Ids that are named, at most, of each kind; the counts are exact beyond that.
const MOST_IDS: usize = 1000;

/// What was found in one stream.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) compared: u64,
    pub(super) missing: Ids,
    pub(super) extra: Ids,
    pub(super) different: Ids,
}

/// Ids of rows, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) count: u64,
    /// The first of them.
    pub(super) ids: Vec<String>,
}

impl Ids {
    pub(super) fn add(&mut self, id: &str) {
        self.count += 1;
        if self.ids.len() < MOST_IDS {
            self.ids.push(id.replace(crate::stream::KEY_SEPARATOR, "/"));
        }
    }
}

impl Findings {
    pub(super) fn note(&mut self, batch: &Batch, standings: &[Standing]) {
        self.compared += batch.rows().len() as u64;
        for (row, standing) in batch.rows().zip(standings) {
            match standing {
                Standing::Missing => self.missing.add(row.key()),
                Standing::Different => self.different.add(row.key()),
                Standing::Same => {}
            }
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.missing.count + self.extra.count + self.different.count == 0
    }
}

//! The chain: each row's hash is of the row before and of the entry as it is stored.

use std::fmt::Write;

use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{AuditEntry, AuditRecord};

/// What stands for the hash before the first row.
const NOTHING: [u8; 32] = [0; 32];

/// A row of the log: its number, the entry, its hash.
pub(crate) type AuditRow = (i64, String, Vec<u8>);

/// The row with the end of the chain: number and hash of the last row of the log.
pub(crate) type HeadRow = (i64, Vec<u8>);

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

/// A row to add.
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) entry: String,
    pub(crate) hash: Vec<u8>,
}

impl Head {
    /// Where the first row is added.
    pub(crate) fn of_nothing() -> Self {
        Self { seq: 0, hash: NOTHING.to_vec() }
    }

    pub(crate) fn from_row((seq, hash): HeadRow) -> Self {
        Self { seq, hash }
    }

    /// The rows for these entries, and the end of the chain after them.
    pub(crate) fn extend(&self, entries: &[AuditEntry], ts: Timestamp) -> Result<(Vec<Link>, Self)> {
        let mut head = self.clone();
        let mut links = Vec::with_capacity(entries.len());
        for entry in entries {
            let record = AuditRecord { seq: head.seq + 1, ts, entry };
            let entry = serde_json::to_string(&record).map_err(|error| {
                ConnectorError::new(ErrorCode::InternalError, "an entry of the audit log is no JSON")
                    .source(error)
            })?;
            head = head.next(&entry);
            links.push(Link { seq: head.seq, entry, hash: head.hash.clone() });
        }
        Ok((links, head))
    }

    /// The end of the chain after one more row.
    pub(crate) fn next(&self, entry: &str) -> Self {
        let hash = Sha256::new().chain_update(&self.hash).chain_update(entry).finalize().to_vec();
        Self { seq: self.seq + 1, hash }
    }
}

/// Bytes as digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

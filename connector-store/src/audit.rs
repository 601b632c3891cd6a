//! The audit log: who was handed which token, as a chain of hashes in which no row can be changed unseen.

mod chain;
mod reading;
mod writer;

use std::fmt;
use std::sync::{Arc, OnceLock};

use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::sync::mpsc;

use crate::{postgres, sqlite};

pub(crate) use chain::{AuditRow, Head, HeadRow, Link, hexadecimal};
pub use reading::{Broken, VerifiedAudit};
pub(crate) use writer::Unwritten;
use writer::Waiting;

/// Something that was asked for, and what came of it. Never a token: at most its fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The id of the request, as its answer has it.
    pub request_id: String,
    /// The key that was used; absent where none was, or none that is known.
    pub actor_key_id: Option<String>,
    /// Where the request came from.
    pub remote_addr: Option<String>,
    /// The customer's app.
    pub app_id: String,
    /// Id of the connector.
    pub connector_type: String,
    /// Name of the connection.
    pub connection: String,
    /// What was asked for, as `token.read`.
    pub action: String,
    /// `ok`, or `refused`.
    pub outcome: String,
    /// Why it was refused.
    pub error_code: Option<String>,
    /// Whether the app gave a new token for it.
    pub refreshed: bool,
    /// The version of the connection.
    pub generation: Option<u64>,
    /// The fingerprint of the token that was handed out.
    pub token_fp: Option<String>,
}

/// An entry with its place in the log. As JSON it is what is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord<Entry = AuditEntry> {
    /// Its number; they start with 1 and none is left out.
    pub seq: i64,
    /// When it was written, by the clock of the machine that did.
    pub ts: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}

/// The audit log of a store. Cheap to clone; clones write together.
#[derive(Clone)]
pub struct AuditLog {
    backend: Backend,
    queue: Arc<OnceLock<mpsc::Sender<Waiting>>>,
}

#[derive(Clone)]
pub(crate) enum Backend {
    Postgres(Arc<postgres::Database>),
    Sqlite(Arc<sqlite::Database>),
}

impl AuditLog {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend, queue: Arc::default() }
    }

    /// Writes an entry. It is durable when this returns without an error.
    ///
    /// All that wait at the same time are written in one transaction, by one task of the process: a thousand callers
    /// cost one commit.
    ///
    /// # Errors
    /// `service_error` with the code `store.audit_unavailable`, after a few seconds at most: what was to be recorded
    /// must then not happen.
    pub async fn record(&self, entry: AuditEntry) -> Result<()> {
        let queue = self.queue.get_or_init(|| writer::start(self.backend.clone()));
        writer::wait(queue, entry).await
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").finish_non_exhaustive()
    }
}

/// What tells a token from others in the log: eight digits that nobody can make, or check, without the key.
///
/// # Panics
/// Never: HMAC takes keys of any length.
pub fn token_fingerprint(key: &Secret, token: &Secret) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(token.expose().as_bytes());
    hexadecimal(&mac.finalize().into_bytes()[..4])
}

fn unavailable(why: &'static str) -> ConnectorError {
    ConnectorError::new(ErrorCode::ServiceError, format!("the audit log cannot be written: {why}"))
        .app_error_code("store.audit_unavailable")
        .hint("nothing was handed out; the log of the server says what is wrong with the store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_belongs_to_one_token_and_one_key() {
        let of = |key, token| token_fingerprint(&Secret::new(key), &Secret::new(token));
        assert_eq!(of("key", "token"), of("key", "token"));
        assert_ne!(of("key", "token"), of("key", "other"));
        assert_ne!(of("key", "token"), of("other", "token"));
        assert_eq!(of("key", "token").len(), 8);
        assert!(of("key", "token").bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let entry = AuditEntry { generation: Some(3), request_id: "r".into(), ..AuditEntry::default() };
        let record = AuditRecord { seq: 7, ts: Timestamp::UNIX_EPOCH, entry };
        let text = serde_json::to_string(&record).unwrap();
        assert!(
            text.starts_with(r#"{"seq":7,"ts":"1970-01-01T00:00:00Z","request_id":"r","actor_key_id":null"#)
        );
        assert_eq!(serde_json::from_str::<AuditRecord>(&text).unwrap(), record);
    }
}

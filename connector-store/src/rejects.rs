//! Rejects: records that could not be stored, as the command line lists them and as a run tries them again.

use connector_core::Result;
use connector_core::stream::KEY_SEPARATOR;
use connector_core::sync::{Reject, StoredReject};
use jiff::Timestamp;
use serde::Serialize;

use crate::layout::{TableColumn, fit};
use crate::status::instant;

/// Which rejects are wanted.
#[derive(Debug, Clone)]
pub struct RejectQuery {
    /// Of this connection only.
    pub connection: Option<String>,
    /// Of streams in this schema only; SQLite has none.
    pub schema: Option<String>,
    /// Of this stream only.
    pub stream: Option<String>,
    /// With an id greater than this.
    pub after: i64,
    /// At most so many.
    pub most: u32,
}

impl Default for RejectQuery {
    fn default() -> Self {
        Self { connection: None, schema: None, stream: None, after: 0, most: 100 }
    }
}

/// A record that could not be stored.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RejectSummary {
    /// Its number in the store.
    pub id: i64,
    /// Name of the connection.
    pub connection: String,
    /// The schema of the stream's table; empty in SQLite.
    pub schema: String,
    /// Name of the stream.
    pub stream: String,
    /// Key of the row that it would have been, if it got so far.
    pub key: Option<String>,
    /// Machine-readable reason.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// The field or column at fault, if one is known.
    pub path: Option<String>,
    /// When it was rejected first.
    pub first_seen_at: Timestamp,
    /// When it was rejected last.
    pub last_seen_at: Timestamp,
    /// The record as it was sent.
    pub payload: String,
}

/// How many records of a stream could not be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RejectCount {
    /// Name of the connection.
    pub connection: String,
    /// The schema of the stream's table; empty in SQLite.
    pub schema: String,
    /// Name of the stream.
    pub stream: String,
    /// Records in the rejects.
    pub rejected: u64,
}

/// A row with a reject: id, connection, schema, stream, key, code, reason, path, first and last sight, payload.
pub(crate) type RejectRow =
    (i64, String, String, String, Option<String>, String, String, Option<String>, String, String, String);

/// A row with a number of rejects: connection, schema, stream, number.
pub(crate) type CountRow = (String, String, String, i64);

pub(crate) fn summary(row: RejectRow) -> Result<RejectSummary> {
    let (id, connection, schema, stream, key, code, reason, path, first, last, payload) = row;
    let (first_seen_at, last_seen_at) = (instant(&first)?, instant(&last)?);
    Ok(RejectSummary {
        id,
        connection,
        schema,
        stream,
        key,
        code,
        reason,
        path,
        first_seen_at,
        last_seen_at,
        payload,
    })
}

pub(crate) fn count((connection, schema, stream, rejected): CountRow) -> RejectCount {
    RejectCount { connection, schema, stream, rejected: rejected.unsigned_abs() }
}

/// What a run gets of rejects, of which those with the ids in `superseded` are.
pub(crate) fn stored(rejects: Vec<RejectSummary>, superseded: &[i64]) -> Vec<StoredReject> {
    let stored = |reject: RejectSummary| StoredReject {
        id: reject.id,
        key: reject.key,
        reject: Reject {
            payload: reject.payload,
            code: reject.code,
            reason: reject.reason,
            path: reject.path,
        },
        seen_at: reject.last_seen_at,
        superseded: superseded.contains(&reject.id),
    };
    rejects.into_iter().map(stored).collect()
}

/// The rejects whose keys a table may have, each with the parts of its key.
pub(crate) fn findable<'r>(rejects: &'r [RejectSummary], key: &[&TableColumn]) -> Vec<(i64, Vec<&'r str>)> {
    let fits = |(column, part): (&&TableColumn, &&str)| {
        !part.contains('\0') && (!column.exact || fit(column.kind, part).is_some())
    };
    let parts = |reject: &'r RejectSummary| {
        let parts: Vec<&str> = reject.key.as_deref()?.splitn(key.len(), KEY_SEPARATOR).collect();
        let is_findable = parts.len() == key.len() && key.iter().zip(&parts).all(fits);
        is_findable.then_some((reject.id, parts))
    };
    rejects.iter().filter_map(parts).collect()
}

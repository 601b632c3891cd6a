//! What both backends know about leases: whose they are, and what is said to those who come second.

use std::fmt;
use std::fs;

use connector_core::sync::SyncReport;
use connector_core::{ConnectorError, ErrorCode, Result};
use sha2::{Digest, Sha256};

use crate::text::without_escaped_nul;

/// What a lease is on: one connection of one app. The schema that is written to has a fence of its own.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) app_id: String,
    pub(crate) connection: String,
    pub(crate) schema: String,
}

impl Scope {
    /// A number for the connection, for locks that are named by numbers. Whichever schema is written to: one account is
    /// read by one run at a time.
    pub(crate) fn number(&self) -> i64 {
        lock_number(&self.app_id, &self.connection)
    }
}

/// The number of the lock on a connection.
pub(crate) fn lock_number(app_id: &str, connection: &str) -> i64 {
    number_of(&format!("connector lease\0{app_id}\0{connection}"))
}

/// The number of the lock on the tables of a stream, while it is settled whose rows they take.
pub(crate) fn table_lock_number(app_id: &str, stream: &str) -> i64 {
    number_of(&format!("connector table\0{app_id}\0{stream}"))
}

fn number_of(text: &str) -> i64 {
    let digest = Sha256::digest(text);
    i64::from_le_bytes(digest[..8].try_into().expect("a SHA-256 digest has 32 bytes"))
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {} of {}", self.connection, self.app_id)
    }
}

/// Who holds a lease, as its row tells.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) run_id: String,
    pub(crate) host: String,
    pub(crate) pid: i64,
    pub(crate) since: String,
}

/// The error of a run that finds another one at work.
pub(crate) fn held(scope: &Scope, holder: Option<&Holder>) -> ConnectorError {
    let by = holder.map_or_else(
        || "a run that has just started".to_owned(),
        |holder| {
            format!(
                "run {} (process {} on {}) since {}",
                holder.run_id, holder.pid, holder.host, holder.since
            )
        },
    );
    ConnectorError::new(ErrorCode::Conflict, format!("the {scope} is being synced by {by}"))
        .app_error_code("store.lease_held")
        .hint("wait until that run ends; a run that is killed frees the connection at once")
}

/// The error of a run that lost its lease while it worked.
pub(crate) fn lost(scope: &Scope) -> ConnectorError {
    ConnectorError::new(
        ErrorCode::Conflict,
        format!("another run took over the {scope}; this one wrote nothing since"),
    )
    .app_error_code("store.lease_lost")
}

/// A report in the words of the table of runs.
pub(crate) struct ReportRow {
    pub(crate) status: String,
    pub(crate) finished_at: String,
    pub(crate) requests: i64,
    pub(crate) json: String,
}

impl ReportRow {
    pub(crate) fn new(report: &SyncReport) -> Result<Self> {
        let json = serde_json::to_value(report).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "the report is no JSON").source(error)
        })?;
        Ok(Self {
            status: json["status"].as_str().unwrap_or("failed").to_owned(),
            finished_at: report.finished_at.to_string(),
            requests: i64::try_from(report.requests).unwrap_or(i64::MAX),
            json: without_escaped_nul(json.to_string()),
        })
    }
}

/// The name of this machine, for people.
pub(crate) fn host_name() -> String {
    let read = |path| fs::read_to_string(path).ok().map(|name: String| name.trim().to_owned());
    read("/proc/sys/kernel/hostname")
        .or_else(|| read("/etc/hostname"))
        .unwrap_or_else(|| "this host".to_owned())
}

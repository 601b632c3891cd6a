//! What a sync tells about itself when it ends.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::batch::Written;

/// How a run or a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Everything was read and written.
    Succeeded,
    /// A part was: some streams failed, or some of a stream's records were rejected.
    Partial,
    /// Nothing was completed.
    Failed,
    /// Stopped by a signal; what was committed is listed.
    Interrupted,
    /// A stream that this account or these credentials do not have. The run goes on without it.
    Unavailable,
}

impl Status {
    /// The name, as in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How a stream was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What changed since the cursor.
    Incremental,
    /// Everything.
    Full,
}

/// The report of a run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SyncReport {
    /// The run, as in the store's `runs` table and in `_run_id` of the rows it wrote.
    pub run_id: Uuid,
    /// How it ended.
    pub status: Status,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// HTTP requests that were sent, retries included.
    pub requests: u64,
    /// One entry for every stream, in the order in which they were asked for.
    pub streams: Vec<StreamReport>,
    /// Why no stream could be worked on: the `error` part of an error envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<serde_json::Value>,
}

impl SyncReport {
    /// Whether the run brought anything: a row that was new, changed or gone, or a record for the rejects.
    pub fn has_changes(&self) -> bool {
        let changes =
            |stream: &StreamReport| stream.inserted + stream.updated + stream.deleted + stream.rejected;
        self.streams.iter().map(changes).sum::<u64>() > 0
    }
}

/// The report of one stream.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StreamReport {
    /// Name of the stream.
    pub stream: String,
    /// How it was read.
    pub mode: Mode,
    /// How it ended.
    pub status: Status,
    /// HTTP requests for this stream.
    pub requests: u64,
    /// Records received. One that came again as it was, in a list that had to be read again, counts once. It is the sum
    /// of inserted, updated, unchanged and rejected, unless a record came in two versions right after each other: only
    /// the last is written then.
    pub received: u64,
    /// Rows that were new.
    pub inserted: u64,
    /// Rows that had changed.
    pub updated: u64,
    /// Rows that were as they are.
    pub unchanged: u64,
    /// Rows marked as deleted.
    pub deleted: u64,
    /// Records that could not be stored; see the rejects.
    pub rejected: u64,
    /// Where the next incremental read continues.
    pub cursor: Option<Timestamp>,
    /// Time taken.
    pub seconds: f64,
    /// Why it did not succeed: the `error` part of an error envelope.
    pub error: Option<serde_json::Value>,
    /// What a person should know although the stream did its work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl StreamReport {
    /// Notes what became of a batch.
    pub(super) fn count(&mut self, written: Written) {
        self.inserted += written.inserted;
        self.updated += written.updated;
        self.unchanged += written.unchanged;
        self.deleted += written.deleted;
        self.rejected += written.rejected;
    }
}

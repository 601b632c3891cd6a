//! Sync: reading streams into a sink, resumable, with a report.
//!
//! ```text
//!  app ──page──▶ Pager ──rows──▶ bounded channel ──batch──▶ StreamWriter ──▶ rows + state, one transaction
//!               (walk.rs)      (reader.rs, writing.rs)        (the sink)
//! ```
//!
//! One way, no back and forth. `plan.rs` decides what a run reads of a stream: what changed since its cursor, what lies
//! close to today, the children of parents that changed, or everything. After a read of everything, `sweep.rs` marks what
//! is gone; `details.rs` completes records that are new or changed. `verify.rs` is the same read that compares and, unless
//! asked to, writes nothing.
//!
//! The next page is fetched while the last is written; memory is bounded by the channel
//! and not by the stream. The reader decodes no more than key, sort field and columns; the document goes through
//! untouched.

mod account;
mod batch;
mod cancelling;
mod children;
mod details;
mod documents;
mod engine;
mod findings;
mod parents;
mod plan;
mod progress;
mod reader;
mod records;
mod rejects;
mod report;
mod request;
mod seen;
mod sink;
mod state;
mod stored;
mod stream;
mod sweep;
mod verify;
mod views;
mod walk;
mod work;
mod writing;

use std::sync::Arc;

use crate::capability::Capability;

pub use account::{other_account, other_app};
pub use batch::{Batch, Reject, Written};
pub use documents::{DocumentTable, DocumentTables};
pub use progress::Progress;
pub use rejects::{RejectsReport, RetryRequest, StreamRejects};
pub use report::{Mode, Status, StreamReport, SyncReport};
pub use request::{Layout, SinkTarget, SyncRequest};
pub use sink::{ChildTable, OpenedStream, RunStart, Sink, SinkRun, Standing, StreamWriter, Table};
pub use state::{ParentProgress, StreamState, UnfinishedRead};
pub use stored::{
    CustomFieldColumn, CustomFieldView, ParentMark, ParentQuery, ParentRow, StoredDocument, StoredReject,
};
pub use verify::{StreamVerdict, Verdict, VerifyReport, VerifyRequest};
pub use work::Details;

/// The capabilities that every integration with streams has, these being the streams.
pub(crate) fn capabilities(streams: &[&'static str]) -> Vec<Capability> {
    let streams: Arc<[_]> = streams.into();
    vec![request::capability(&streams), verify::capability(&streams), rejects::capability(&streams)]
}

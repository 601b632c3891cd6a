//! Sync: reading streams into a sink, resumable, with a report.
//!
//! ```text
//!  app ──page──▶ Pager ──rows──▶ bounded channel ──batch──▶ StreamWriter ──▶ rows + state, one transaction
//!               (walk.rs)           (engine.rs)               (the sink)
//! ```
//!
//! One way, no back and forth. The next page is fetched while the last is written; memory is bounded by the channel
//! and not by the stream. The reader decodes no more than key, sort field and columns; the document goes through
//! untouched.

mod documents;
mod engine;
mod progress;
mod report;
mod request;
mod sink;
mod stream;
mod walk;

pub use documents::{DocumentTable, DocumentTables};
pub use progress::Progress;
pub use report::{Mode, Status, StreamReport, SyncReport};
pub(crate) use request::capability;
pub use request::{Layout, SinkTarget, SyncRequest};
pub use sink::{
    Batch, ChildTable, CustomFieldColumn, CustomFieldView, OpenedStream, ParentMark, ParentQuery, ParentRow,
    Reject, RunStart, Sink, SinkRun, Standing, StoredDocument, StoredReject, StreamState, StreamWriter,
    Table, UnfinishedRead, Written,
};

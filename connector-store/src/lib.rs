//! The durable side of connectors: records, cursors, runs, leases and sealed connections, in PostgreSQL or SQLite.
//!
//! [`Store::open`] takes a URL and hands out everything else: [`Store::sink`] for the sync engine,
//! [`Store::vault`] for OAuth, and what the `status` command shows. Both backends have the same files and pass the
//! same behaviour suite; what they share stands above them, once.
//!
//! ```no_run
//! # fn main() -> connector_core::Result<()> {
//! use connector_store::{SinkOptions, Store, StoreOptions};
//!
//! let store = Store::open("sqlite://example.db", StoreOptions::default())?;
//! let sink = store.sink(SinkOptions::new("example"));
//! let vault = store.vault(None);
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod access_keys;
mod attempts;
mod audit;
mod authorizations;
mod bisect;
mod budget;
mod careful;
mod contents;
mod cursors;
mod documents;
mod fault;
mod hints;
mod identifier;
mod items;
mod keys;
mod layout;
mod lease;
mod live;
mod location;
mod migrations;
mod own_tables;
mod plain;
mod postgres;
mod rejects;
mod schedules;
mod session;
mod shape;
mod sqlite;
mod statements;
mod status;
mod store;
mod text;
mod vault;
mod view;
mod writer;

pub use access_keys::{AccessKey, AccessKeys, NewAccessKey, parts_of_access_key};
pub use audit::{AuditEntry, AuditLog, AuditRecord, Broken, VerifiedAudit, token_fingerprint};
pub use documents::DocumentOptions;
pub use hints::{Hint, Hints};
pub use own_tables::refuse_own_tables;
pub use rejects::{RejectCount, RejectQuery, RejectSummary};
pub use schedules::{LastTime, Schedule, ScheduleKey, StoredSchedule};
pub use status::{Counting, RunQuery, RunSummary, StreamQuery, StreamSummary, SyncedConnection};
pub use store::{SinkOptions, Store, StoreOptions};
pub use vault::{KeyRole, KeyStatus, RekeyFailure, RekeyReport, VaultKey, VaultKeys, VaultStatus};

//! What a run is to do, as its streams see it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::report::Mode;

/// What a run is to do with each of its streams.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    pub(super) task: Task,
    pub(super) mode: Option<Mode>,
    /// Write nothing.
    pub(super) dry_run: bool,
    /// Name of the connection, where the request names one.
    pub(super) connection: Option<String>,
    pub(super) details: Option<Details>,
    pub(super) children: Option<bool>,
    /// Deletes that are allowed beyond what is always allowed.
    pub(super) allow_deletes: Option<u64>,
    /// Parents whose children are read, at most.
    pub(super) most_parents: Option<u64>,
    /// Whether views show custom fields as columns.
    pub(super) views: bool,
    /// Leave out the streams that this account does not use: nobody named any.
    pub(super) only_in_use: bool,
}

/// What is done with a stream.
#[derive(Debug, Clone, Default)]
pub(super) enum Task {
    /// Read into the sink.
    #[default]
    Read,
    /// Read these records, by stream.
    Records(BTreeMap<String, Vec<String>>),
    /// Compare with the sink, and mend what differs where that is wanted.
    Verify { from: Option<Date>, repair: bool },
    /// Store what earlier runs rejected.
    Rejects,
}

/// Which streams are completed record by record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Details {
    /// All that have details, or none.
    All(bool),
    /// These streams.
    Streams(Vec<String>),
}

impl Details {
    /// Whether this stream is meant; `None` where nothing is said about it.
    pub(super) fn of(&self, stream: &str) -> Option<bool> {
        match self {
            Self::All(all) => Some(*all),
            Self::Streams(streams) => streams.iter().any(|name| name == stream).then_some(true),
        }
    }
}

//! Where a stream stands: what the next run continues from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stored::ParentMark;

/// Where a stream stands: what the next run continues from. Stored with the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// Changes since this instant have not been read. Set by complete reads only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Timestamp>,
    /// Start of the last complete read of everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_read_at: Option<Timestamp>,
    /// A read that has not finished yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<UnfinishedRead>,
    /// Parents whose children were read, by kind of parent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parents: BTreeMap<String, ParentProgress>,
    /// Keys that the last complete read did not see, where the app cannot be asked for them: they are gone when the next
    /// one does not see them either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Whether records are completed one by one. Stays as somebody chose it once: rows would lose what they have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub details: bool,
    /// Whether lists inside the records have tables of their own; stays likewise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub children: bool,
    /// Room for what later versions add; kept as it is.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// How far the children of one kind of parent have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentProgress {
    /// Children of the parents up to here have been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ParentMark>,
    /// Parents before that whose children have to be read another time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
    /// When the last round over all parents began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_at: Option<Timestamp>,
}

/// A read that was interrupted, or is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedRead {
    /// When the read started, by the app's clock.
    pub started_at: Timestamp,
    /// Whether it reads everything.
    pub full: bool,
    /// Everything before this value of the walk's sort field is stored. Absent where a read can only start over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Timestamp>,
}

impl ParentProgress {
    /// Notes that a parent is done with, or has to be read another time.
    pub(super) fn note(&mut self, id: String, mark: Option<ParentMark>, was_missed: bool) {
        self.missed.retain(|missed| *missed != id);
        if was_missed {
            self.missed.push(id);
        }
        if mark.is_some() {
            self.mark = mark;
        }
    }
}

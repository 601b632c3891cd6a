//! Actions on the account, at once or after the n-th matching request.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Fault, matches};

/// Something that happens to the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// A new row; fields that are not given are made up.
    Insert {
        /// Name of the resource.
        resource: String,
        /// Fields of the row.
        #[serde(default)]
        fields: Map<String, Value>,
    },
    /// Other values for some fields of a row.
    Update {
        /// Name of the resource.
        resource: String,
        /// Id of the row.
        id: String,
        /// The fields that change.
        fields: Map<String, Value>,
        /// Whether the change counts as an update of the row.
        #[serde(default = "yes")]
        touch: bool,
    },
    /// The row is gone.
    Delete {
        /// Name of the resource.
        resource: String,
        /// Id of the row.
        id: String,
    },
    /// Time passes.
    Advance {
        /// How much.
        seconds: i64,
    },
    /// Access tokens expire now.
    ExpireTokens,
    /// The user uninstalls the integration.
    RevokeTokens,
    /// Tokens belong to another account from now on.
    SwitchAccount,
    /// A fault is set.
    Fault(Fault),
}

fn yes() -> bool {
    true
}

/// An [`Action`] that waits for requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scheduled {
    /// A path, or the beginning of one followed by `*`.
    pub path: String,
    /// Matching requests that are answered before it happens, counted from now; at least 1.
    pub after: u64,
    /// What happens then.
    pub action: Action,
}

impl Scheduled {
    /// Happens when `after` requests to `path` have been answered.
    pub fn after(after: u64, path: impl Into<String>, action: Action) -> Self {
        Self { path: path.into(), after, action }
    }
}

/// The actions that wait.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    waiting: Vec<Scheduled>,
}

impl Schedule {
    pub(crate) fn add(&mut self, mut scheduled: Scheduled) {
        scheduled.after = scheduled.after.max(1);
        self.waiting.push(scheduled);
    }

    /// A request was answered: the actions that are due now.
    pub(crate) fn answered(&mut self, path: &str) -> Vec<Action> {
        for scheduled in &mut self.waiting {
            if matches(&scheduled.path, path) {
                scheduled.after = scheduled.after.saturating_sub(1);
            }
        }
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|it| it.after == 0);
        self.waiting = waiting;
        due.into_iter().map(|scheduled: Scheduled| scheduled.action).collect()
    }
}

//! What was found: for programs, and as a table for people.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::summary;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It does not apply, or was left out; `detail` says why.
    Skipped,
}

/// One check, of the whole connector or of one of its capabilities.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Its group and name, as `paging.complete`.
    pub check: &'static str,
    /// The capability, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// How it ended.
    pub status: Status,
    /// What was seen, what was expected instead, or why it was left out.
    pub detail: String,
    /// The last run before it failed, without what is secret in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The part of the configuration without which it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wants: Option<&'static str>,
    /// Runs that it took.
    pub runs: usize,
    /// Time of these runs, which go on at the same time as those of other checks.
    pub seconds: f64,
}

impl Finding {
    pub(crate) fn new(
        check: &'static str,
        capability: Option<String>,
        status: Status,
        detail: String,
    ) -> Self {
        Self { check, capability, status, detail, after: None, wants: None, runs: 0, seconds: 0.0 }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The app's id, as the connector tells it.
    pub connector: String,
    /// Checks that hold.
    pub passed: usize,
    /// Checks that do not.
    pub failed: usize,
    /// Checks that do not apply.
    pub skipped: usize,
    /// Runs of the executable.
    pub runs: usize,
    /// From the first run to the last.
    pub seconds: f64,
    /// A beginning of the configuration that lets those checks be made too that were left out for its want.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub wanted: Map<String, Value>,
    /// Every check, those that failed first.
    pub checks: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(connector: String, runs: usize, seconds: f64, mut checks: Vec<Finding>) -> Self {
        let count = |status| checks.iter().filter(|finding| finding.status == status).count();
        let (passed, failed, skipped) =
            (count(Status::Passed), count(Status::Failed), count(Status::Skipped));
        checks.sort_by(|one, other| {
            let key = |finding: &Finding| (finding.status != Status::Failed, finding.check);
            key(one).cmp(&key(other)).then_with(|| one.capability.cmp(&other.capability))
        });
        Self { connector, passed, failed, skipped, runs, seconds, wanted: Map::new(), checks }
    }

    /// Whether nothing failed.
    pub fn is_green(&self) -> bool {
        self.failed == 0
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().filter(|finding| finding.status == Status::Failed)
    }

    /// For people: the checks, a line for each, why some were left out, and what is wrong.
    pub fn table(&self) -> String {
        summary::of(self)
    }
}

impl fmt::Display for Report {
    /// The last line, and what is wrong before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&summary::failures(self))?;
        write!(
            f,
            "{}: {} passed, {} failed, {} skipped in {} runs and {:.1} s",
            self.connector, self.passed, self.failed, self.skipped, self.runs, self.seconds
        )
    }
}

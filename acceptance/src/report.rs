//! What was found: for programs, and as a table for people.

use std::fmt;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, ContentArrangement, Table};
use serde::Serialize;

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
    /// What was seen, or why it was left out.
    pub detail: String,
    /// Time that it took, the waiting for its turn included.
    pub seconds: f64,
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
        Self { connector, passed, failed, skipped, runs, seconds, checks }
    }

    /// Whether nothing failed.
    pub fn is_green(&self) -> bool {
        self.failed == 0
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().filter(|finding| finding.status == Status::Failed)
    }

    /// The checks, a line for each, with how many capabilities passed and what is wrong with the others.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["check", "passed", "failed", "skipped", ""]);
        let mut names: Vec<&str> = self.checks.iter().map(|finding| finding.check).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let of_check: Vec<&Finding> =
                self.checks.iter().filter(|finding| finding.check == name).collect();
            let count = |status| match of_check.iter().filter(|finding| finding.status == status).count() {
                0 => Cell::new(""),
                count => Cell::new(count),
            };
            table.add_row([
                Cell::new(name),
                count(Status::Passed),
                count(Status::Failed),
                count(Status::Skipped),
                Cell::new(summary(&of_check)),
            ]);
        }
        format!("{table}\n{self}")
    }
}

/// What is to be read of a check: its failures, else why some were left out, else what was seen.
fn summary(findings: &[&Finding]) -> String {
    const MOST: usize = 3;
    let of = |status: Status| -> Vec<String> {
        findings
            .iter()
            .filter(|finding| finding.status == status)
            .map(|finding| match &finding.capability {
                Some(capability) => format!("{capability}: {}", finding.detail),
                None => finding.detail.clone(),
            })
            .collect()
    };
    let lines = [Status::Failed, Status::Skipped].into_iter().map(of).find(|lines| !lines.is_empty());
    let lines = match lines {
        Some(lines) => lines,
        None if findings.len() == 1 => of(Status::Passed),
        None => Vec::new(),
    };
    let more = lines.len().saturating_sub(MOST);
    let mut shown: Vec<String> = lines.into_iter().take(MOST).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join("\n")
}

impl fmt::Display for Report {
    /// The last line, and a line for each failure before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.failures() {
            let of =
                finding.capability.as_ref().map(|capability| format!(" {capability}")).unwrap_or_default();
            writeln!(f, "{}{of}: {}", finding.check, finding.detail)?;
        }
        write!(
            f,
            "{}: {} passed, {} failed, {} skipped in {} runs and {:.1} s",
            self.connector, self.passed, self.failed, self.skipped, self.runs, self.seconds
        )
    }
}

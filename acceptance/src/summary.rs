//! A report as people read it: figures in a table, then each reason once, however many checks it is the reason of.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, Table};

use crate::report::{Finding, Report, Status};

/// Reasons that are shown; the JSON has all of them.
const MOST_REASONS: usize = 20;

/// Capabilities that are named with a reason.
const MOST_NAMES: usize = 3;

pub(crate) fn of(report: &Report) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(["check", "passed", "failed", "skipped"]);
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for finding in &report.checks {
        counts.entry(finding.check).or_default()[finding.status as usize] += 1;
    }
    for (check, counts) in counts {
        let cells = counts.map(|count| if count == 0 { Cell::new("") } else { Cell::new(count) });
        table.add_row([Cell::new(check)].into_iter().chain(cells));
    }
    format!("{table}\n{}{report}", reasons(report, Status::Skipped, "skipped"))
}

/// What is wrong, and where.
pub(crate) fn failures(report: &Report) -> String {
    reasons(report, Status::Failed, "failed")
}

fn reasons(report: &Report, status: Status, word: &str) -> String {
    let mut by_reason: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in report.checks.iter().filter(|finding| finding.status == status) {
        match by_reason.iter_mut().find(|(reason, _)| *reason == finding.detail) {
            Some((_, findings)) => findings.push(finding),
            None => by_reason.push((&finding.detail, vec![finding])),
        }
    }
    let mut text = String::new();
    let more = by_reason.len().saturating_sub(MOST_REASONS);
    for (reason, findings) in by_reason.into_iter().take(MOST_REASONS) {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{word}: {}\n    {reason}", places(&findings));
        if let Some(after) = findings.iter().find_map(|finding| finding.after.as_ref()) {
            let _ = writeln!(text, "    after `{after}`");
        }
    }
    if more > 0 {
        let _ = writeln!(text, "{word}: and for {more} more reasons, which `--output json` has");
    }
    text
}

/// The checks, each with its capabilities.
fn places(findings: &[&Finding]) -> String {
    let mut by_check: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for finding in findings {
        by_check.entry(finding.check).or_default().extend(finding.capability.as_deref());
    }
    let place = |(check, capabilities): (&str, Vec<&str>)| {
        let more = capabilities.len().saturating_sub(MOST_NAMES);
        let named = capabilities.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
        match (named.is_empty(), more) {
            (true, _) => check.to_owned(),
            (false, 0) => format!("{check} of {named}"),
            (false, more) => format!("{check} of {named} and {more} more"),
        }
    };
    let more = by_check.len().saturating_sub(MOST_REASONS);
    let mut places: Vec<String> = by_check.into_iter().take(MOST_REASONS).map(place).collect();
    if more > 0 {
        places.push(format!("{more} more checks"));
    }
    places.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(check: &'static str, capability: &str, status: Status, detail: &str) -> Finding {
        let after = (status == Status::Failed).then(|| format!("{capability} --json '{{}}'"));
        let capability = Some(capability.to_owned());
        Finding { check, capability, status, detail: detail.to_owned(), after, seconds: 0.0 }
    }

    #[test]
    fn a_reason_stands_once_however_many_checks_it_is_the_reason_of() {
        let lists = ["list_a", "list_b", "list_c", "list_d"];
        let mut findings: Vec<Finding> = lists
            .iter()
            .flat_map(|list| ["paging.complete", "paging.ndjson"].map(|check| (check, *list)))
            .map(|(check, list)| finding(check, list, Status::Failed, "nobody listens"))
            .collect();
        findings.push(finding("info.help", "list_a", Status::Passed, "has help"));
        let report = Report::new("example".to_owned(), 9, 1.0, findings);
        let wanted = "failed: paging.complete of list_a, list_b, list_c and 1 more; \
                      paging.ndjson of list_a, list_b, list_c and 1 more\n    nobody listens\n    \
                      after `list_a --json '{}'`\nexample: 1 passed, 8 failed, 0 skipped in 9 runs and 1.0 s";
        assert_eq!(report.to_string(), wanted);
        assert!(report.table().lines().next().is_some_and(|line| line.chars().count() <= 80));
    }
}

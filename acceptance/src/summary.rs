//! A report as people read it: figures in a table, then each reason once, however many checks it is the reason of.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, Table};
use serde_json::{Map, Value, json};

use crate::report::{Finding, Report, Status};

/// Reasons that are shown; the JSON has all of them.
const MOST_REASONS: usize = 20;

/// Capabilities that are named with a reason.
const MOST_NAMES: usize = 3;

pub(crate) fn of(report: &Report) -> String {
    let mut table = Table::new();
    table
        .load_preset(UTF8_FULL_CONDENSED)
        .set_header(["check", "passed", "failed", "skipped", "runs", "seconds"]);
    let mut by_check: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.checks {
        by_check.entry(finding.check).or_default().push(finding);
    }
    for (check, findings) in by_check {
        let ended = |status| findings.iter().filter(|finding| finding.status == status).count();
        let runs: usize = findings.iter().map(|finding| finding.runs).sum();
        let counts = [ended(Status::Passed), ended(Status::Failed), ended(Status::Skipped), runs];
        let cells = counts.map(|count| if count == 0 { Cell::new("") } else { Cell::new(count) });
        let seconds: f64 = findings.iter().map(|finding| finding.seconds).sum();
        let seconds = if runs == 0 { Cell::new("") } else { Cell::new(format!("{seconds:.1}")) };
        table.add_row([Cell::new(check)].into_iter().chain(cells).chain([seconds]));
    }
    let does_not_apply = reasons(report, "skipped", |finding| skipped(finding) && finding.wants.is_none());
    format!("{table}\n{does_not_apply}{}{report}", left_out(report))
}

fn skipped(finding: &Finding) -> bool {
    finding.status == Status::Skipped
}

/// What a configuration would add, with one to begin with.
fn left_out(report: &Report) -> String {
    if report.wanted.is_empty() {
        return String::new();
    }
    let reasons = reasons(report, "left out", |finding| finding.wants.is_some());
    format!(
        "{reasons}What is left out takes a configuration. Fill in this one, and give it with --config FILE:\n{}\n",
        beginning(&report.wanted)
    )
}

/// A configuration, with a line for each request.
fn beginning(wanted: &Map<String, Value>) -> String {
    let lines = |fields: &Map<String, Value>, indent: &str| {
        let lines: Vec<String> =
            fields.iter().map(|(name, value)| format!("{indent}{}: {value}", json!(name))).collect();
        lines.join(",\n")
    };
    let mut parts = wanted.clone();
    let requests = parts.remove("requests");
    let mut texts = vec![lines(&parts, "  ")];
    if let Some(Value::Object(requests)) = requests {
        texts.push(format!("  \"requests\": {{\n{}\n  }}", lines(&requests, "    ")));
    }
    texts.retain(|text| !text.is_empty());
    format!("{{\n{}\n}}", texts.join(",\n"))
}

/// What is wrong, and where.
pub(crate) fn failures(report: &Report) -> String {
    reasons(report, "failed", |finding| finding.status == Status::Failed)
}

fn reasons(report: &Report, word: &str, which: impl Fn(&Finding) -> bool) -> String {
    let mut by_reason: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in report.checks.iter().filter(|finding| which(finding)) {
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
        Finding { after, ..Finding::new(check, capability, status, detail.to_owned()) }
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

    #[test]
    fn what_was_left_out_for_want_of_a_configuration_ends_with_one_to_fill_in() {
        let mut findings = vec![finding("oauth.denied", "app_info", Status::Skipped, "it has none")];
        for (check, part) in [("info.answers", "requests"), ("sync.incremental", "changes")] {
            let left_out = finding(check, "get_a", Status::Skipped, "nobody knows what");
            findings.push(Finding { wants: Some(part), ..left_out });
        }
        let mut report = Report::new("example".to_owned(), 9, 1.0, findings);
        let wanted = json!({"changes": [{"path": "/a"}], "requests": {"get_a": {"id": "1"}, "get_b": {}}});
        report.wanted = wanted.as_object().cloned().unwrap_or_default();
        let table = report.table();
        let (_, after) = table.split_once("skipped: oauth.denied of app_info\n    it has none\n").unwrap();
        let (told, begun) = after.split_once("What is left out takes a configuration").unwrap();
        assert_eq!(
            told,
            "left out: info.answers of get_a; sync.incremental of get_a\n    nobody knows what\n"
        );
        let begun = &begun[begun.find('{').unwrap()..=begun.rfind('}').unwrap()];
        assert_eq!(serde_json::from_str::<Value>(begun).unwrap(), wanted);
    }
}

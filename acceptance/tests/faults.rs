//! The kit finds faults: a connector that is right passes, and with one fault it fails the check that is about it, alone.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use connector_acceptance::{Report, check_blocking};
use tempfile::TempDir;

/// Faults of `faulty.py`, each with the check that has to find it.
const FAULTS: [(&str, &str); 31] = [
    ("two_lines", "envelopes.one_line"),
    ("no_page_in_a_success", "envelopes.success"),
    ("an_error_with_a_response", "envelopes.error"),
    ("a_code_of_its_own", "envelopes.error"),
    ("unknown_keys_are_refused", "envelopes.unknown_keys"),
    ("auth_before_the_request", "envelopes.order"),
    ("exits_with_0", "exit_codes.match"),
    ("exit_zero_is_ignored", "exit_codes.exit_zero"),
    ("capabilities_out_of_order", "info.shape"),
    ("a_response_that_breaks_its_schema", "info.answers"),
    ("a_capability_that_does_not_answer", "info.answers"),
    ("help_is_missing", "info.help"),
    ("a_page_comes_twice", "paging.complete"),
    ("it_stops_after_one_page", "paging.complete"),
    ("all_pages_are_too_few", "paging.all_pages"),
    ("ndjson_loses_a_record", "paging.ndjson"),
    ("forged_tokens_are_taken", "paging.tampered"),
    ("fields_are_not_named", "validation.names_field"),
    ("values_are_echoed", "validation.echoes_nothing"),
    ("the_token_is_logged", "secrets.printed"),
    ("the_token_is_kept", "secrets.files"),
    ("secrets_are_not_marked", "secrets.marked"),
    ("it_writes_where_it_is_started", "input.working_folder"),
    ("sigterm_is_ignored", "signals.terminate"),
    ("sigint_exits_with_1", "signals.interrupt"),
    ("stdin_is_not_read", "input.stdin"),
    ("large_input_is_cut", "input.large"),
    ("no_envelope_is_taken_for_an_empty_one", "input.garbage"),
    ("the_result_file_is_not_written", "input.result_file"),
    ("trouble_loses_a_record", "faults.rows"),
    ("the_time_to_wait_is_lost", "faults.codes"),
];

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors")
}

/// The interpreter itself: what stands for it in the path may be a script that takes longer than a run.
fn python() -> String {
    let told = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    let told = told.expect("python3, for the connectors of these tests");
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

/// An executable that runs a script.
fn executable(folder: &TempDir, script: &str) -> PathBuf {
    let path = folder.path().join("notes-connector");
    let text = format!("#!/bin/sh\nexec {} -B -E -S {}/{script} \"$@\"\n", python(), scripts().display());
    fs::write(&path, text).expect("a folder to write to");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    path
}

fn checked(script: &str) -> Report {
    let folder = TempDir::new().expect("a folder");
    check_blocking(&executable(&folder, script), None).expect("a connector that runs")
}

fn failed(report: &Report) -> BTreeSet<&str> {
    report.failures().map(|finding| finding.check).collect()
}

#[test]
fn a_connector_in_another_language_passes() {
    let report = checked("notes.py");
    assert_eq!(failed(&report), BTreeSet::new(), "\n{}", report.table());
    assert!(report.passed > 35 && report.skipped > 0, "\n{}", report.table());
}

#[test]
fn each_fault_is_found_by_the_check_that_is_about_it_and_by_no_other() {
    let wrong: Vec<String> = FAULTS
        .iter()
        .filter_map(|(fault, check)| {
            let report = checked(&format!("faulty.py {fault}"));
            (failed(&report) != BTreeSet::from([*check]))
                .then(|| format!("{fault}, about {check}:\n{report}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} faults are not found as they should be:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn what_cannot_be_run_is_an_error_and_no_report() {
    let error = check_blocking(Path::new("/there/is/no/such/connector"), None).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

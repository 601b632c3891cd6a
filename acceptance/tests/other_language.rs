//! The kit on a connector in another language, which is right and passes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use connector_acceptance::{Report, check_blocking};
use tempfile::TempDir;

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
fn what_cannot_be_run_is_an_error_and_no_report() {
    let error = check_blocking(Path::new("/there/is/no/such/connector"), None).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

//! The kit finds faults: a connector that is right passes, and with one fault it fails the checks that are about it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use connector_acceptance::{Config, Report, Status, check, check_blocking};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

/// Connectors that are checked at the same time: each waits for its app half of the time.
const AT_ONCE: usize = 4;

/// Checks that take few runs or none, made with every fault to see that they do not find what is not there.
const SAMPLE: [&str; 12] = [
    "envelopes.one_line",
    "envelopes.success",
    "envelopes.error",
    "exit_codes.ends",
    "exit_codes.match",
    "info.shape",
    "info.schemas",
    "info.streams",
    "info.answers",
    "validation.echoes_nothing",
    "secrets.printed",
    "input.working_folder",
];

/// The scripts of this folder as executables, whose modules are compiled once and not in each of thousands of runs.
struct Connectors {
    folder: TempDir,
    interpreter: String,
}

impl Connectors {
    fn new() -> Self {
        // The interpreter itself: what stands for it in the path may be a script that takes longer than a run.
        let told = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let told = told.expect("python3, for the connectors of these tests");
        let interpreter = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        Self { folder: TempDir::new().expect("a folder"), interpreter }
    }

    /// An executable that calls the main function of a module.
    fn executable(&self, name: &str, module: &str, main: &str) -> PathBuf {
        // A JSON text is one of Python too.
        let scripts = json!(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors"));
        let compiled = json!(self.folder.path().join("compiled"));
        let text = format!(
            "#!{} -ES\nimport sys\nsys.pycache_prefix = {compiled}\nsys.path.insert(0, {scripts})\n\
             import {module}\nsys.exit({main})\n",
            self.interpreter
        );
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a folder to write to");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        path
    }

    fn faulty(&self, fault: &str) -> PathBuf {
        self.executable(fault, "faulty", &format!("faulty.main({fault:?}, *sys.argv[1:])"))
    }
}

/// What a fault says about itself.
#[derive(Debug, Deserialize)]
struct Told {
    /// The checks that have to find it.
    found_by: BTreeSet<String>,
    /// Checks or groups of them that pass, and make what the others find.
    shown_by: Vec<String>,
}

impl Told {
    /// The groups of the checks that find it, since it must not show in the others of those.
    fn made(&self) -> Vec<String> {
        let groups = self.found_by.iter().filter_map(|check| Some(check.split_once('.')?.0));
        groups.chain(SAMPLE).map(str::to_owned).chain(self.shown_by.clone()).collect()
    }
}

fn faults(connectors: &Connectors) -> BTreeMap<String, Told> {
    let list = connectors.executable("list", "faulty", "faulty.main()");
    let told = Command::new(list).output().expect("a script that runs");
    serde_json::from_slice(&told.stdout).expect("the faults and their checks")
}

fn config() -> Config {
    let config = json!({"changes": [
        {"method": "PUT", "path": "/stand_in/notes/3", "body": {"text": "Another note"}},
        {"method": "PUT", "path": "/stand_in/notes/new", "body": {"text": "A new note"}},
        {"method": "DELETE", "path": "/stand_in/notes/5"},
    ]});
    serde_json::from_value(config).expect("a configuration")
}

fn failed(report: &Report) -> BTreeSet<String> {
    report.failures().map(|finding| finding.check.to_owned()).collect()
}

/// The kit's report about the connector that is right.
static RIGHT: LazyLock<Report> = LazyLock::new(|| {
    let connectors = Connectors::new();
    let right = connectors.executable("notes-connector", "whole", "whole.notes.main(sys.argv[1:])");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(check(&right, &config())).expect("a connector that runs")
});

#[test]
fn a_connector_in_another_language_passes_every_check() {
    assert_eq!(failed(&RIGHT), BTreeSet::new(), "\n{}", RIGHT.table());
    assert_eq!(RIGHT.skipped, 0, "\n{}", RIGHT.table());
}

#[test]
fn what_a_connector_does_not_have_is_skipped() {
    let connectors = Connectors::new();
    let notes = connectors.executable("notes-connector", "notes", "notes.main(sys.argv[1:])");
    let report = check_blocking(&notes, None).expect("a connector that runs");
    assert_eq!(failed(&report), BTreeSet::new(), "\n{}", report.table());
    let skipped = report.checks.iter().filter(|finding| finding.status == Status::Skipped);
    let groups: BTreeSet<&str> =
        skipped.filter_map(|finding| Some(finding.check.split_once('.')?.0)).collect();
    assert_eq!(groups, BTreeSet::from(["oauth", "sync"]), "\n{}", report.table());
}

#[test]
fn what_only_a_configuration_can_tell_is_asked_for() {
    let connectors = Connectors::new();
    let right = connectors.executable("notes-connector", "whole", "whole.notes.main(sys.argv[1:])");
    let config = Config { only: vec!["sync.incremental".to_owned()], ..Config::default() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let report = runtime.block_on(check(&right, &config)).expect("a connector that runs");
    let wanting: Vec<_> = report.checks.iter().filter_map(|one| Some((one.check, one.wants?))).collect();
    assert_eq!(wanting, [("sync.incremental", "changes")], "\n{}", report.table());
    assert_eq!(report.wanted.keys().collect::<Vec<_>>(), ["changes"]);
}

#[test]
fn each_fault_is_found_by_the_checks_that_are_about_it_and_by_no_other() {
    let connectors = Connectors::new();
    // All of them are written before the first is run: a file that is open for writing when another process is started
    // cannot be executed.
    let faulty = faults(&connectors).into_iter().map(|(fault, told)| (connectors.faulty(&fault), told));
    let faulty: Vec<(PathBuf, Told)> = faulty.collect();
    let checked = stream::iter(faulty).map(|(executable, told)| async move {
        let config = Config { only: told.made(), ..config() };
        let report = check(&executable, &config).await.expect("a connector that runs");
        let fault = executable.file_name().unwrap_or_default().display();
        (failed(&report) != told.found_by).then(|| format!("{fault}, about {:?}:\n{report}", told.found_by))
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let wrong: Vec<Option<String>> = runtime.block_on(checked.buffer_unordered(AT_ONCE).collect());
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(
        wrong.is_empty(),
        "{} faults are not found as they should be:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn every_check_finds_some_fault() {
    let found: BTreeSet<String> =
        faults(&Connectors::new()).into_values().flat_map(|told| told.found_by).collect();
    let checks: BTreeSet<String> = RIGHT.checks.iter().map(|finding| finding.check.to_owned()).collect();
    assert_eq!(checks.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new(), "are found by no fault");
    assert_eq!(found.difference(&checks).collect::<Vec<_>>(), Vec::<&String>::new(), "are no checks");
}

#[test]
fn what_cannot_be_run_is_an_error_and_no_report() {
    let error = check_blocking(Path::new("/there/is/no/such/connector"), None).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

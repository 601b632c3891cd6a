//! Agents for Lumos connectors drive ours unchanged: their own models and schemas are the judge.
//!
//! The tests themselves are in Python, beside what they run against: `tests/lumos`.

use std::{env, path::Path, process::Command};

use system_tests::binary::Connector;

/// Runs one file of tests; each has several, and none may be left out in silence.
fn run(file: &str) {
    let python = env::var_os("CONNECTOR_PY").unwrap_or_else(|| {
        panic!("CONNECTOR_PY is not set: `make test` sets it, as does `CONNECTOR_PY=$(tests/find-connector-py --install)`")
    });
    let (teamleader, directory) = (Connector::new("tl-connector"), Connector::new("examples/directory"));
    let two_credentials = Connector::new("examples/two_credentials");
    let done = Command::new(&python)
        .args(["-B", "-m", "unittest", "-v", file])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("lumos"))
        .env("TEAMLEADER", teamleader.program())
        .env("DIRECTORY", directory.program())
        .env("TWO_CREDENTIALS", two_credentials.program())
        .output()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", python.display()));
    let report = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{report}");
    let count = report.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    assert!(count > Some(3_u32) && !report.contains("skipped"), "{report}");
}

#[test]
fn their_models_read_our_envelopes() {
    run("test_models");
}

#[test]
fn their_schemas_and_ours_fit() {
    run("test_schemas");
}

#[test]
fn their_agent_drives_our_binary() {
    run("test_agent");
}

#[test]
fn several_credentials_are_told_and_sent_in_their_form() {
    run("test_credentials");
}

#[test]
fn the_framework_probes_as_theirs_does() {
    run("test_probe");
}

//! `connector check` under signals: what it started ends with it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests may fail as they do")]

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// Its list never ends, nor does its stand-in. Each run has the pipe open as long as it or its child lives, and says so
/// if nobody ends it.
const ENDLESS: &str = r#"#!/bin/sh
exec 9> "$0.pipe"
endless() { (sleep 30; echo "lived on" >&9) & wait; }
case $1 in
info) echo '{"response": {"app_id": "endless", "capabilities": ["info", "list_things"], "capability_schema": {
  "list_things": {"argument": {"type": "object"}, "output": {"type": "array"}}}}, "raw_data": null, "page": null}' |
  tr -d '\n' ;;
sandbox) echo '{"status": "ready", "settings": {}, "auth": {}}'; endless ;;
*) echo working >&9; endless ;;
esac
"#;

fn signalled(signal: &str, exit_code: i32) {
    let folder = tempfile::tempdir().unwrap();
    let (connector, pipe) = (folder.path().join("endless"), folder.path().join("endless.pipe"));
    fs::write(&connector, ENDLESS).unwrap();
    fs::set_permissions(&connector, Permissions::from_mode(0o755)).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Open for writing as well, so that the end of the first run is not the end of what can be read.
    let until_it_works = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();

    let mut check = Command::new(env!("CARGO_BIN_EXE_connector"));
    check.arg("check").arg(&connector).stdout(Stdio::null()).stderr(Stdio::null());
    let mut check = check.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(until_it_works.try_clone().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "working\n");
    let mut until_all_ended = File::open(&pipe).unwrap();
    drop(until_it_works);
    let kill = Command::new("kill").args(["-s", signal, &check.id().to_string()]).status().unwrap();
    assert!(kill.success());

    assert_eq!(check.wait().unwrap().code(), Some(exit_code));
    let mut said = String::new();
    until_all_ended.read_to_string(&mut said).unwrap();
    assert!(!said.contains("lived on"), "a process outlived the check that started it");
}

#[test]
fn a_check_that_is_terminated_leaves_no_process_behind() {
    signalled("TERM", 143);
}

#[test]
fn a_check_that_is_interrupted_leaves_no_process_behind() {
    signalled("INT", 130);
}

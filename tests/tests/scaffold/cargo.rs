//! Cargo, as authors of connectors run it: offline, and with one target folder for all that they make.

use std::path::Path;
use std::process::Command;

use system_tests::binary::built_binaries;

/// What one of them built serves the others, in this run and in the next.
pub(super) fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let build = built_binaries();
    let target = build.parent().expect("a build is in a target folder").join("scaffolded");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never")
        // What cargo tells the test of itself: some build scripts run again when that changes.
        .env_remove("CARGO_MANIFEST_DIR")
        // They are not what `make coverage` measures.
        .env_remove("RUSTFLAGS");
    command
}

/// Runs it to the end and returns what it printed.
///
/// # Panics
/// When it fails, or warns.
pub(super) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let [printed, noted] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{command:?}:\n{printed}\n{noted}");
    assert!(!noted.contains("warning:"), "{command:?}:\n{noted}");
    printed.into_owned()
}

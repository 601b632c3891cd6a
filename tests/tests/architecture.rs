//! The rooms of this workspace keep their rules.

use std::{collections::BTreeSet, env, path::Path};

use system_tests::architecture::Workspace;

fn workspace() -> Workspace {
    // Asked when run, not when built: clones that share a target folder share this executable too.
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo runs this test");
    Workspace::read(&Path::new(&package).join(".."))
        .unwrap_or_else(|error| panic!("the workspace cannot be read: {error}"))
}

#[test]
fn the_rules_of_the_rooms_hold() {
    let violations = workspace().violations();
    assert!(violations.is_empty(), "{} broken rules:\n{}", violations.len(), violations.join("\n"));
}

/// The rules speak of folders: a room that moved would leave them without anything to check.
#[test]
fn the_rooms_stand_where_the_rules_look() {
    let workspace = workspace();
    let folders: BTreeSet<&str> = workspace.packages.iter().map(|package| package.folder.as_str()).collect();
    for room in
        ["connector-core", "connector-store", "cli", "connectors", "connectors/teamleader", "tests/postgres"]
    {
        assert!(folders.contains(room), "no package in {room}, only in {folders:?}");
        let sources = format!("{room}/src/");
        assert!(
            workspace.files.iter().any(|file| file.path.starts_with(&sources)),
            "no sources in {sources}"
        );
    }
}

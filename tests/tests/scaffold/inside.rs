//! New connectors inside a clone of this repository: lints, the rules of the rooms and the lock hold without a further step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use system_tests::architecture::Workspace;

use super::Workshop;
use super::cargo::{cargo, succeed};

/// `notes` is also a word of the framework's own sources, which name no app.
const VARIANTS: [(&str, &str); 5] = [
    ("acme_oauth", "oauth"),
    ("notes", "token"),
    ("acme_basic", "basic"),
    ("acme_service_account", "service-account"),
    ("acme_open", "none"),
];

/// The sources as they are here, which need not be committed yet.
fn clone_into(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in Workspace::read(&root).expect("the sources of this workspace").files {
        let (from, to) = (root.join(&file.path), folder.join(&file.path));
        fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder");
        // With its rights.
        fs::copy(from, to).expect("a copy");
    }
    succeed(Command::new("git").args(["init", "--quiet"]).current_dir(folder));
}

#[test]
fn every_variant_keeps_the_rules_of_the_repository_at_once() {
    let workshop = Workshop::new();
    let clone = workshop.folder("clone");
    clone_into(&clone);
    for (name, auth) in VARIANTS {
        let folder = PathBuf::from("clone/connectors").join(name);
        let made = workshop.scaffold_into(&folder, name, &["--auth", auth, "--streams", "items"]);
        assert_eq!(made.exit_code(), 0, "{made:?}");
    }
    // It fails where the lock would change.
    succeed(&mut cargo(&clone, &["metadata", "--locked", "--format-version", "1"]));
    let violations = Workspace::read(&clone).expect("a workspace").violations();
    assert!(violations.is_empty(), "{} broken rules:\n{}", violations.len(), violations.join("\n"));
    succeed(&mut cargo(&clone, &["fmt", "--all", "--check"]));
}

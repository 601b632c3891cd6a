//! What a connector may be called, and what is written for each kind of credentials.

use std::fs;
use std::path::Path;

use super::*;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

fn command(name: &str, folder: &Path, auth: Credential) -> ScaffoldCommand {
    ScaffoldCommand {
        name: name.to_owned(),
        folder: folder.to_owned(),
        auth: Some(auth),
        streams: vec!["items".to_owned()],
        force: false,
        framework: Some(repository()),
    }
}

fn refused(name: &str) -> ConnectorError {
    let home = tempfile::tempdir().unwrap();
    match Plan::of(command(name, &home.path().join("new"), Credential::Token)) {
        Ok(_) => panic!("{name} must be refused"),
        Err(error) => error,
    }
}

#[test]
fn a_name_that_something_else_has_is_refused_with_what_to_use() {
    for (name, instead) in [
        ("core", "use `core_app`"),
        ("std", "use `std_app`"),
        ("serde", "use `serde_app`"),
        ("serde_json", "use `serde_json_app`"),
        ("connector_core", "use `connector_core_app`"),
        ("connector", "use `connector_app`"),
        ("connectors", "use `connectors_app`"),
        ("pg_dump", "use `dump_app`"),
        ("con", "use `con_app`"),
        ("sync", "use `sync_app`"),
    ] {
        let error = refused(name);
        assert_eq!((error.code(), error.exit_code()), (ErrorCode::Conflict, 69), "{name}");
        assert!(error.hint_text().unwrap().contains(instead), "{name}: {error:?}");
    }
    // Every connector that is there is a package of this workspace.
    for entry in fs::read_dir(repository().join("connectors")).unwrap().map(|entry| entry.unwrap()) {
        if entry.path().join("Cargo.toml").is_file() {
            assert_eq!(refused(entry.file_name().to_str().unwrap()).code(), ErrorCode::Conflict);
        }
    }
}

#[test]
fn a_connector_has_fewer_than_400_lines_and_no_line_is_too_long() {
    let home = tempfile::tempdir().unwrap();
    for auth in Credential::value_variants() {
        let plan = Plan::of(command("acme", &home.path().join("new"), *auth)).unwrap();
        let of_its_own = plan.files.iter().filter(|file| file.path != "Cargo.lock");
        let lines: usize = of_its_own.map(|file| file.text.lines().count()).sum();
        assert!(lines < 400, "{auth:?}: {lines}");
        for file in plan.files.iter().filter(|file| is_rust(&file.path)) {
            assert!(file.text.starts_with("//! "), "{}", file.path);
            assert!(file.text.lines().all(|line| line.chars().count() <= 110), "{}", file.path);
            assert!(file.text.lines().count() < 100, "{}", file.path);
        }
    }
}

#[test]
fn in_this_workspace_a_connector_lives_among_the_others() {
    let root = repository();
    let plan = Plan::of(command("acme_crm", &root.join("connectors/acme_crm"), Credential::Oauth)).unwrap();
    assert!(plan.inside);
    let changed: Vec<_> =
        plan.changes.iter().map(|change| change.path.strip_prefix(&root).unwrap()).collect();
    let expected = ["Cargo.toml", "connectors/Cargo.toml", "connectors/src/lib.rs", "Cargo.lock"];
    assert_eq!(changed, expected.map(Path::new));
    let manifest = plan.files.iter().find(|file| file.path == "Cargo.toml").unwrap();
    assert!(manifest.text.contains("connector-core.workspace = true"), "{}", manifest.text);
    assert!(!plan.files.iter().any(|file| file.path == "Cargo.lock"));
    let Err(error) = Plan::of(command("acme_crm", &root.join("acme_crm"), Credential::Oauth)) else {
        panic!("it must be refused")
    };
    assert!(error.hint_text().unwrap().contains("connectors/acme_crm"), "{error:?}");
}

#[test]
fn a_folder_that_is_not_the_framework_is_not_taken_for_it() {
    let home = tempfile::tempdir().unwrap();
    let told = ScaffoldCommand {
        framework: Some(home.path().to_owned()),
        ..command("acme", &home.path().join("new"), Credential::None)
    };
    let Err(error) = Plan::of(told) else { panic!("it must be refused") };
    assert!(error.hint_text().unwrap().contains("--framework"), "{error:?}");
}

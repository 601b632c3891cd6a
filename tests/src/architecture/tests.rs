//! Every rule finds its breach, and only that.

use super::*;

/// A workspace that keeps all the rules, with these files on top (of the same path: in place).
fn workspace_with(files: &[(&str, &str)]) -> Workspace {
    let sound = [
        (
            "Cargo.toml",
            r#"
            [workspace]
            members = ["connector-core", "connector-store", "cli", "connectors/*", "connectors/acme/sandbox"]
            [workspace.dependencies]
            core = { package = "connector-core", path = "connector-core" }
            store = { package = "connector-store", path = "connector-store" }
            "#,
        ),
        ("connector-core/Cargo.toml", "[package]\nname = 'connector-core'\n[lints]\nworkspace = true"),
        ("connector-core/src/lib.rs", "//! What a connector is."),
        (
            "connector-store/Cargo.toml",
            "[package]\nname = 'connector-store'\n[lints]\nworkspace = true\n[dependencies]\ncore.workspace = true\nsqlx = '1'",
        ),
        ("connector-store/src/lib.rs", "//! The durable side.\nuse sqlx::Row;"),
        (
            "cli/Cargo.toml",
            "[package]\nname = 'connector-cli'\n[lints]\nworkspace = true\n[dependencies]\nstore.workspace = true",
        ),
        ("cli/src/lib.rs", "//! The doors.\nuse connector_store::Store;"),
        ("connectors/acme/Cargo.toml", "[package]\nname = 'acme'\n[lints]\nworkspace = true"),
        ("connectors/acme/src/lib.rs", "//! The Acme connector."),
        (
            "connectors/acme/src/main.rs",
            "//! The binary.\nuse connector_cli::run;\nuse acme_sandbox::Sandbox;",
        ),
        ("connectors/acme/sandbox/Cargo.toml", "[package]\nname = 'acme-sandbox'\n[lints]\nworkspace = true"),
        ("connectors/acme/sandbox/src/lib.rs", "//! The stand-in.\nuse axum::Router;"),
    ];
    let files: Vec<TextFile> = sound
        .iter()
        .filter(|(path, _)| files.iter().all(|(replaced, _)| replaced != path))
        .chain(files)
        .map(|&(path, text)| TextFile { path: path.to_owned(), text: text.to_owned() })
        .collect();
    Workspace { packages: manifest::packages(&files).unwrap(), files }
}

fn only_violation(files: &[(&str, &str)]) -> String {
    let mut found = workspace_with(files).violations();
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[test]
fn a_sound_workspace_has_no_violation() {
    assert_eq!(workspace_with(&[]).violations(), [""; 0]);
}

#[test]
fn the_core_depends_on_no_other_room_under_whatever_name_or_target() {
    for section in
        ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"]
    {
        let manifest = format!(
            "[package]\nname = 'connector-core'\n[lints]\nworkspace = true\n[{section}]\nstore.workspace = true"
        );
        assert_eq!(
            only_violation(&[("connector-core/Cargo.toml", &manifest)]),
            "connector-core/Cargo.toml: must not depend on connector-store"
        );
    }
}

#[test]
fn the_core_names_no_backend_door_or_app() {
    for (line, named) in
        [("use sqlx::Row;", "sqlx"), ("clap::Parser", "clap"), ("// as axum_extra does", "axum")]
    {
        let source = format!("//! What a connector is.\n{line}");
        assert_eq!(
            only_violation(&[("connector-core/src/lib.rs", &source)]),
            format!("connector-core/src/lib.rs:2: must not name {named}: {line}")
        );
    }
    let source = "//! What a connector is, such as Acme's.";
    assert!(only_violation(&[("connector-core/src/lib.rs", source)]).contains("must not name the app acme"));
    let manifest =
        "[package]\nname = 'connector-core'\n[lints]\nworkspace = true\n[dependencies]\nsqlx = '1'";
    assert!(only_violation(&[("connector-core/Cargo.toml", manifest)]).contains("must not name sqlx"));
}

#[test]
fn the_store_does_not_know_the_doors() {
    let manifest = "[package]\nname = 'connector-store'\n[lints]\nworkspace = true\n[dependencies]\nconnector-cli = { path = '../cli' }";
    assert_eq!(
        only_violation(&[("connector-store/Cargo.toml", manifest)]),
        "connector-store/Cargo.toml: must not depend on connector-cli"
    );
}

#[test]
fn the_doors_name_no_app() {
    let source = "//! The doors.\nstruct AcmeCommand;";
    assert!(only_violation(&[("cli/src/lib.rs", source)]).contains("must not name the app acme"));
}

#[test]
fn an_app_whose_name_is_an_ordinary_word_leaves_the_word_to_the_doors() {
    let manifest = "[package]\nname = 'acme'\n[package.metadata.connector]\nordinary-word = true\n[lints]\nworkspace = true";
    let source = "//! The doors.\n// At the acme of its growth.";
    let files = [("connectors/acme/Cargo.toml", manifest), ("cli/src/lib.rs", source)];
    assert_eq!(workspace_with(&files).violations(), [""; 0]);
}

#[test]
fn a_connectors_library_names_no_door_store_or_sandbox() {
    for name in ["connector_cli", "connector_store", "acme_sandbox", "axum"] {
        let source = format!("//! The client.\nuse {name}::Thing;");
        assert!(
            only_violation(&[("connectors/acme/src/client.rs", &source)])
                .contains(&format!("a connector's library must not name {name}"))
        );
    }
}

#[test]
fn a_source_file_begins_with_its_subject() {
    for text in ["", "use std::fs;", "//!", "//! ", "// A comment."] {
        assert!(only_violation(&[("cli/src/json.rs", text)]).contains("first line"), "{text:?}");
    }
}

#[test]
fn a_name_that_tells_nothing_is_refused_for_files_and_folders() {
    for path in ["cli/src/utils.rs", "cli/src/common/mod.rs", "connectors/acme/src/helpers/text.rs"] {
        assert!(only_violation(&[(path, "//! Text.")]).contains("tells nothing"), "{path}");
    }
}

#[test]
fn no_file_points_outside_the_repository() {
    let text = format!("See {OUTSIDE_FOLDER}/design.md");
    assert!(only_violation(&[("README.md", &text)]).starts_with("README.md:1: must not mention"));
}

#[test]
fn every_member_inherits_the_lints() {
    let manifest = "[package]\nname = 'acme'";
    assert_eq!(
        only_violation(&[("connectors/acme/Cargo.toml", manifest)]),
        "connectors/acme/Cargo.toml: lacks `[lints] workspace = true`"
    );
}

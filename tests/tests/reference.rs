//! What is made of the declarations for people: reference pages, manual pages, completions.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use system_tests::{account::text, binary::Connector};

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry"))
        .map(|entry| {
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            (name, fs::read_to_string(entry.path()).expect("a text"))
        })
        .collect()
}

#[test]
fn the_reference_says_what_the_declarations_say() {
    let connector = Connector::new("connector");
    let told = connector.run(["docs", "reference"]).response();
    assert!(told["pages"].as_array().unwrap().iter().any(|page| text(page) == "teamleader.md"), "{told}");
    let committed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    let (written, committed) = (texts(&connector.working_folder().join("reference")), texts(&committed));
    let differing: Vec<&String> =
        written.keys().filter(|name| committed.get(*name) != written.get(*name)).collect();
    let left: Vec<&String> = committed.keys().filter(|name| !written.contains_key(*name)).collect();
    assert!(
        differing.is_empty() && left.is_empty(),
        "docs/reference is out of date ({differing:?}, left over: {left:?}): run `cargo run --bin connector -- docs`"
    );
    let again = connector.run(["docs", "reference"]).response();
    assert!(again["changed"].as_array().unwrap().is_empty(), "{again}");
}

#[test]
fn every_command_has_a_manual_page() {
    for (program, commands) in
        [("tl-connector", ["sync", "list_companies"]), ("connector", ["load", "keys-create"])]
    {
        let connector = Connector::new(program);
        connector.run(["man", "pages"]).response();
        let pages = texts(&connector.working_folder().join("pages"));
        for command in commands {
            let page = pages.get(&format!("{program}-{command}.1"));
            assert!(page.is_some_and(|page| page.contains(".TH")), "{program} {command}: {:?}", pages.keys());
        }
        assert!(pages.contains_key(&format!("{program}.1")));
    }
}

#[test]
fn shells_complete_the_commands() {
    for (program, command) in [("tl-connector", "list_companies"), ("connector", "load")] {
        for shell in ["bash", "zsh", "fish"] {
            let script = Connector::new(program).run(["completions", shell]);
            assert_eq!(script.exit_code(), 0, "{script:?}");
            assert!(script.standard_output.contains(command), "{program} {shell}");
        }
    }
}

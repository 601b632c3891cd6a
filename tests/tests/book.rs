//! The book: what it tells to type works, and its links lead somewhere.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use system_tests::architecture::Workspace;
use system_tests::binary::built_binaries;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is the folder above").to_owned()
}

/// What is typed in the `console` blocks of a page: lines after `$ `, with those after `> ` that go on with them.
fn typed(page: &str) -> String {
    let mut is_console = false;
    let mut script = String::new();
    for line in page.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> "))
            && is_console
        {
            script.push_str(command);
            script.push('\n');
        }
    }
    script
}

#[test]
fn the_commands_of_the_quickstart_work_one_after_the_other() {
    let page = fs::read_to_string(root().join("docs/1-quickstart.md")).unwrap();
    // Other tests run at the same time; any free port does.
    let script = typed(&page).replace("--port 8700", "--port 0");
    assert!(script.lines().count() > 15, "too few commands were found:\n{script}");
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", built_binaries().display(), env::var("PATH").unwrap());
    // What was started in the background ends with the group.
    let output = Command::new("timeout")
        .args(["--kill-after=5", "120", "bash", "-c"])
        .arg(format!("trap 'kill $(jobs -p)' EXIT\nset -xeuo pipefail\n{script}"))
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", folder.path().to_str().unwrap())])
        .stdin(Stdio::null())
        .process_group(0)
        .output()
        .unwrap();
    let [said, noted] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{noted}\n{said}");
    assert!(said.contains(r#""status":"equal""#), "verify found differences:\n{said}");
    assert!(folder.path().join("teamleader.db").is_file());
}

#[test]
fn the_connector_that_the_book_shows_is_the_example_that_is_compiled() {
    let page = fs::read_to_string(root().join("docs/2-write-a-connector.md")).unwrap();
    let example = fs::read_to_string(root().join("cli/examples/smallest.rs")).unwrap();
    let (_, shown) = page.split_once("```rust\n").unwrap();
    let (shown, _) = shown.split_once("```\n").unwrap();
    assert_eq!(shown, example, "copy cli/examples/smallest.rs into docs/2-write-a-connector.md");
    assert!(example.lines().count() <= 60, "it is no longer small");
}

/// Words of a text that begin as the variables of all programs do.
fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    words.filter(|word| word.strip_prefix("CONNECTOR_").is_some_and(|rest| !rest.is_empty())).collect()
}

#[test]
fn the_table_of_variables_has_every_one_that_is_read() {
    let workspace = Workspace::read(&root()).unwrap();
    let is_of_programs = |path: &str| {
        let rooms = ["cli/src/", "connector-core/src/", "connector-store/src/"];
        rooms.iter().any(|room| path.starts_with(room)) && !path.contains("tests")
    };
    let read: BTreeSet<&str> = workspace
        .files
        .iter()
        .filter(|file| is_of_programs(&file.path))
        .flat_map(|file| variables(&file.text))
        .collect();
    let page = fs::read_to_string(root().join("docs/3-operate.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `CONNECTOR_")?.split('`').next());
    let told: BTreeSet<String> = rows.map(|rest| format!("CONNECTOR_{rest}")).collect();
    assert_eq!(read, told.iter().map(String::as_str).collect());
}

/// The targets of the links in a page, without those to other sites.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target)
        .filter(|target| !target.contains("://") && !target.contains(char::is_whitespace))
}

/// The anchors of a page's headings, as forges make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor =
        |heading: &str| heading.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-");
    headings.map(|heading| anchor(heading.trim_start_matches('#').trim())).collect()
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let workspace = Workspace::read(&root()).unwrap();
    let pages = workspace.files.iter().filter(|file| {
        Path::new(&file.path).extension().is_some_and(|extension| extension == "md")
            && !file.path.contains("templates/")
    });
    let mut broken = Vec::new();
    let mut seen = 0;
    for page in pages {
        for link in links(&page.text) {
            seen += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => root().join(&page.path),
                path => root().join(&page.path).parent().expect("a file is in a folder").join(path),
            };
            let leads = match fs::read_to_string(&target) {
                Ok(text) => anchor.is_empty() || anchors(&text).contains(anchor),
                Err(_) => target.is_dir(),
            };
            if !leads {
                broken.push(format!("{}: {link}", page.path));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    assert!(seen > 50, "only {seen} links were found");
}

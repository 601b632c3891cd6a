//! `connector scaffold` refuses, keeps and undoes: names, folders that are there, full disks, interruptions.

mod cargo;
mod inside;
mod readme;
mod variants;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use system_tests::binary::{Connector, Outcome, Signal};
use tempfile::TempDir;

/// A folder for connectors.
struct Workshop {
    home: TempDir,
}

impl Workshop {
    fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary folder") }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn scaffold(&self, name: &str, more: &[&str]) -> Outcome {
        self.scaffold_into(name.as_ref(), name, more)
    }

    fn scaffold_into(&self, folder: &Path, name: &str, more: &[&str]) -> Outcome {
        let folder = self.home.path().join(folder);
        let connector = Connector::new("connector");
        connector.run(["scaffold", name, folder.to_str().expect("a path of UTF-8")].iter().chain(more))
    }

    /// Everything that is in the folder for connectors.
    fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path()).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }
}

#[test]
fn a_name_that_does_not_do_is_refused_and_nothing_is_written() {
    for (name, instead) in [
        ("a b", "`a_b`"),
        ("../x", "`x`"),
        ("/", "acme_crm"),
        ("fn", "`fn_app`"),
        ("1abc", "`app_1abc`"),
        ("core", "`core_app`"),
        ("serde", "`serde_app`"),
        ("teamleader", "`teamleader_app`"),
        ("Zürich", "acme_crm"),
        ("acme-", "`acme`"),
        (&"a".repeat(200), &"a".repeat(30)),
    ] {
        let workshop = Workshop::new();
        let folder = workshop.folder("new");
        let outcome =
            Connector::new("connector").run(["scaffold", name, folder.to_str().expect("a path of UTF-8")]);
        assert!([64, 69].contains(&outcome.exit_code()), "{name}: {outcome:?}");
        let error = outcome.error();
        let hint = error["error_metadata"]["hint"].as_str().expect("a hint");
        assert!(hint.contains(instead), "{name}: {hint}");
        assert_eq!(workshop.entries(), [""; 0], "{name}");
    }
}

#[test]
fn on_a_terminal_it_asks_for_what_was_not_told() {
    let workshop = Workshop::new();
    let program = Connector::new("connector");
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command", r#""$PROGRAM" scaffold acme "$FOLDER""#, "/dev/null"])
        .env("PROGRAM", program.program())
        .env("FOLDER", workshop.folder("acme"))
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut terminal = command.spawn().expect("script runs");
    terminal.stdin.take().expect("it is piped").write_all(b"basic\ndeals, people\n").expect("it reads");
    let output = terminal.wait_with_output().expect("it ends");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("Which credentials") && shown.contains("What can be read"), "{shown}");
    let read = |file: &str| fs::read_to_string(workshop.folder("acme").join(file)).expect("it was written");
    assert!(read("src/integration.rs").contains("AuthKind::Basic"));
    assert!(read("src/resources.rs").contains(r#"stream::<Person>("people", "person")"#));
}

#[test]
fn what_is_there_is_never_overwritten() {
    let workshop = Workshop::new();
    let folder = workshop.folder("acme");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("Cargo.toml"), "mine").expect("a file");
    let refused = workshop.scaffold("acme", &[]);
    assert_eq!(
        (refused.exit_code(), &refused.error()["error_code"]),
        (69, &json!("conflict")),
        "{refused:?}"
    );
    let added = workshop.scaffold("acme", &["--force"]).response();
    assert_eq!(added["left_alone"], json!(["Cargo.toml"]), "{added}");
    assert_eq!(fs::read_to_string(folder.join("Cargo.toml")).expect("it is there"), "mine");
    assert!(folder.join("src/main.rs").is_file());
    let again = workshop.scaffold("acme", &["--force"]).response();
    assert_eq!(again["written"], json!([]), "{again}");
}

/// A disk that takes no more is told by a limit on files: the lock is larger.
#[test]
fn a_full_disk_leaves_nothing() {
    let workshop = Workshop::new();
    let script = r#"trap "" XFSZ; ulimit -f 8; exec "$0" scaffold acme "$1""#;
    let program = Connector::new("connector");
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(program.program()).arg(workshop.folder("acme"));
    let output = command.output().expect("bash runs");
    assert!(!output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("cannot be written"), "{output:?}");
    assert_eq!(workshop.entries(), [""; 0]);
}

/// Wherever the signal finds it, there is a whole connector or none.
#[test]
fn an_interruption_leaves_all_or_nothing() {
    let whole: BTreeSet<String> = {
        let workshop = Workshop::new();
        workshop.scaffold("acme", &[]);
        files(&workshop.folder("acme"))
    };
    for moment in 0..40_u64 {
        let workshop = Workshop::new();
        let folder = workshop.folder("acme");
        let connector = Connector::new("connector").time_limit(Duration::from_mins(1));
        let running = connector.start(["scaffold", "acme", folder.to_str().expect("a path of UTF-8")]);
        // Later from round to round, without a clock: by how often the folder was looked at.
        for _ in 0..moment * 20 {
            if folder.exists() {
                break;
            }
        }
        running.signal(Signal::Interrupt);
        running.wait();
        match &*workshop.entries() {
            [] => {}
            [name] if name == "acme" => assert_eq!(files(&folder), whole, "after {moment}"),
            others => panic!("left after {moment}: {others:?}"),
        }
    }
}

fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).expect("below").to_string_lossy().into_owned());
            }
        }
    }
    found
}

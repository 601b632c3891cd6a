//! New connectors, as `connector scaffold` writes them: built, linted, tested and used as their README says.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{
    binary::{Connector, Outcome, Signal},
    browser::visit,
};
use tempfile::TempDir;

/// Those of the framework's workspace, which holds its connectors to them; a crate outside of it has none.
const LINTS: &[&str] = &[
    "-Dwarnings",
    "-Wclippy::pedantic",
    "-Wclippy::print_stdout",
    "-Aclippy::missing_errors_doc",
    "-Aclippy::must_use_candidate",
];

/// A folder for connectors, and what builds them where everything else is built.
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
        let folder = self.folder(name);
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

/// Offline and where the running test was built, so that nothing but the connector itself is compiled anew.
fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let target = test.ancestors().nth(3).expect("a target folder above");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never");
    command
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{command:?}: {all}");
    assert!(!all.contains("warning:"), "{command:?}: {all}");
    text(&output.stdout)
}

/// The commands of a README, block by block.
fn commands(readme: &str) -> Vec<Vec<&str>> {
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| block.lines().collect()).collect()
}

struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Types what the README says: the first block in one terminal, the second in another.
fn follow_readme(folder: &Path) {
    let readme = fs::read_to_string(folder.join("README.md")).expect("a README");
    let blocks = commands(&readme);
    let [first, second] = &*blocks else { panic!("two terminals: {readme}") };
    let [sandbox] = &**first else { panic!("one command: {readme}") };
    let (sandbox, file) = sandbox.split_once(" > ").expect("what it says goes to a file");
    let words: Vec<&str> = sandbox.split(' ').skip(1).collect();
    let mut running = Background(cargo(folder, &words).stdout(Stdio::piped()).spawn().expect("cargo runs"));
    let mut ready = String::new();
    let output = running.0.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut ready).expect("a first line");
    fs::write(folder.join(file), &ready).expect("the file can be written");
    for command in second {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        if words.contains(&"login") {
            log_in(folder, &words);
        } else {
            let said = succeed(&mut cargo(folder, &words));
            let envelope: Value = serde_json::from_str(said.trim_end()).expect("one line of JSON");
            assert!(!envelope["response"].is_null(), "{command}: {envelope}");
        }
    }
}

/// `login` with somebody who opens the page that it shows.
fn log_in(folder: &Path, words: &[&str]) {
    let mut command = cargo(folder, words);
    let mut login = Background(
        command
            .arg("--no-browser")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo runs"),
    );
    let told = BufReader::new(login.0.stderr.take().expect("it is piped"));
    let mut lines = told.lines().map_while(Result::ok);
    let address = lines.find(|line| line.trim_start().starts_with("http")).expect("an address");
    visit(address.trim());
    let said = std::io::read_to_string(login.0.stdout.take().expect("it is piped")).expect("text");
    assert!(said.contains(r#""connection":"default""#), "{said}");
}

fn works_at_once(name: &str, auth: &str, streams: &str) {
    let workshop = Workshop::new();
    let outcome = workshop.scaffold(name, &["--auth", auth, "--streams", streams]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    let folder = workshop.folder(name);
    succeed(&mut cargo(&folder, &["fmt", "--check"]));
    succeed(&mut cargo(&folder, &["test", "--quiet"]));
    let lint: Vec<&str> = ["clippy", "--quiet", "--all-targets", "--"].iter().chain(LINTS).copied().collect();
    succeed(&mut cargo(&folder, &lint));
    follow_readme(&folder);
}

#[test]
fn a_connector_with_oauth_works_at_once() {
    works_at_once("acme_oauth", "oauth", "items");
}

#[test]
fn a_connector_with_a_token_works_at_once() {
    works_at_once("acme_token", "token", "categories,data,people,strings");
}

#[test]
fn a_connector_with_a_password_works_at_once() {
    works_at_once("acme_basic", "basic", "items");
}

#[test]
fn a_connector_with_a_service_account_works_at_once() {
    works_at_once("acme_service_account", "service-account", "items");
}

#[test]
fn a_connector_of_an_open_app_works_at_once() {
    works_at_once("abcdefghij_abcdefghij_abcdefgh", "none", "abcdefghij_abcdefghij_abcdefghij_bcdata,items");
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

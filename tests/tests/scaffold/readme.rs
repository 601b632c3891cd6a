//! What a new connector's README says to type, typed.

use std::fs;
use std::io::{BufRead, BufReader, read_to_string};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;
use system_tests::browser::visit;

use super::cargo::{cargo, succeed};

/// The first block in one terminal, the second in another.
pub(super) fn follow(folder: &Path) {
    let readme = fs::read_to_string(folder.join("README.md")).expect("a README");
    let [first, second] = &*blocks(&readme) else { panic!("two terminals: {readme}") };
    let [sandbox] = &**first else { panic!("one command: {readme}") };
    let _sandbox = start(folder, sandbox);
    for command in second {
        let arguments = arguments(command);
        if arguments.contains(&"login") {
            log_in(folder, &arguments);
        } else {
            let printed = succeed(&mut cargo(folder, &arguments));
            let envelope: Value = serde_json::from_str(&printed).expect("one line of JSON");
            assert!(!envelope["response"].is_null(), "{command}: {envelope}");
        }
    }
}

/// The commands of a README, block by block.
fn blocks(readme: &str) -> Vec<Vec<&str>> {
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| block.lines().collect()).collect()
}

fn arguments(command: &str) -> Vec<&str> {
    command.strip_prefix("cargo ").expect("a command of cargo").split(' ').collect()
}

/// It ends with this value.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the stand-in, and puts the line that says that it is ready where the README wants it.
fn start(folder: &Path, command: &str) -> Background {
    let (command, file) = command.split_once(" > ").expect("what it says goes to a file");
    let mut command = cargo(folder, &arguments(command));
    let mut running = Background(command.stdout(Stdio::piped()).spawn().expect("cargo runs"));
    let mut ready = String::new();
    let output = running.0.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut ready).expect("a first line");
    fs::write(folder.join(file), ready).expect("the file can be written");
    running
}

/// `login`, with somebody who opens the page that it shows.
fn log_in(folder: &Path, arguments: &[&str]) {
    let mut command = cargo(folder, arguments);
    command.arg("--no-browser").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut login = Background(command.spawn().expect("cargo runs"));
    let mut notes = BufReader::new(login.0.stderr.take().expect("it is piped")).lines();
    let address = notes.by_ref().map_while(Result::ok).find_map(|line| {
        let from = line.find("http://127.0.0.1")?;
        line[from..].split(['"', ' ']).next().map(ToOwned::to_owned)
    });
    visit_and_follow(&address.expect("an address"));
    let printed = read_to_string(login.0.stdout.take().expect("it is piped")).expect("text");
    assert!(printed.contains(r#""connection":"default""#), "{printed}");
}

/// The page agrees at once, and leads back to where the login waits.
fn visit_and_follow(address: &str) {
    let page = visit(address);
    let back = page.location.unwrap_or_else(|| panic!("it leads nowhere: {}", page.text));
    visit(&back);
}

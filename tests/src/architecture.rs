//! The rules of the workspace's rooms: who may depend on whom, who may name what, how files begin and are called.
//!
//! ```text
//! connectors → cli → connector-store → connector-core
//!              cli → connector-acceptance
//! a connector's library ────────────→ connector-core
//! ```

mod manifest;
mod words;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

pub use manifest::Package;
use words::{phrase_in, word_in};

/// The workspace as the rules see it: manifests and text files, paths being relative to its root.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// The packages of the workspace.
    pub packages: Vec<Package>,
    /// Their texts, and those of other files.
    pub files: Vec<TextFile>,
}

/// One text file of the repository.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Its path from the workspace's root.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// What a room may depend on, among the workspace's own packages.
struct Room {
    folder: &'static str,
    dependencies: &'static [&'static str],
    /// Allowed beside those, for its tests.
    test_dependencies: &'static [&'static str],
    /// Crates that it must not name, in manifest or source.
    unnamed_crates: &'static [&'static str],
    /// Whether it must not name an app either.
    knows_no_app: bool,
}

const BACKENDS_AND_DOORS: &[&str] = &["sqlx", "clap", "axum"];

const ROOMS: &[Room] = &[
    // It holds any executable against the contract, so it must not share a line with ours.
    Room {
        folder: "acceptance",
        dependencies: &[],
        test_dependencies: &[],
        unnamed_crates: &["clap", "axum", "reqwest"],
        knows_no_app: true,
    },
    Room {
        folder: "connector-core",
        dependencies: &[],
        test_dependencies: &[],
        unnamed_crates: BACKENDS_AND_DOORS,
        knows_no_app: true,
    },
    Room {
        folder: "connector-store",
        dependencies: &["connector-core"],
        test_dependencies: &["test-postgres"],
        unnamed_crates: &["clap", "axum"],
        knows_no_app: true,
    },
    Room {
        folder: "cli",
        dependencies: &["connector-acceptance", "connector-core", "connector-store"],
        test_dependencies: &["test-postgres"],
        unnamed_crates: &[],
        knows_no_app: true,
    },
    Room {
        folder: "tests/postgres",
        dependencies: &[],
        test_dependencies: &[],
        unnamed_crates: &[],
        knows_no_app: true,
    },
];

/// What a connector's library must not name, besides its own sandbox; only its program names doors.
const NOT_IN_A_LIBRARY: &[&str] = &["connector_cli", "connector_store", "sqlx", "clap", "axum"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"];

/// A folder that stands beside the repository on some machines only; put together here, since no file may hold it.
const OUTSIDE_FOLDER: &str = concat!("..", "/shared");

impl Workspace {
    /// Reads the workspace at `root`, as git sees it: what is ignored does not count, what is new does.
    pub fn read(root: &Path) -> io::Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()?;
        if !listed.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&listed.stderr).into_owned()));
        }
        let mut files = Vec::new();
        for path in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            match fs::read_to_string(root.join(path)) {
                Ok(text) => files.push(TextFile { path: path.to_owned(), text }),
                // Removed but still known to git; or a picture.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {}
                Err(error) => return Err(io::Error::other(format!("{path}: {error}"))),
            }
        }
        let packages = manifest::packages(&files).map_err(io::Error::other)?;
        Ok(Self { packages, files })
    }

    /// Every breach of the rules, one line each; empty when all hold.
    pub fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for room in ROOMS {
            self.check_dependencies(room, &mut found);
            self.check_names(room, &mut found);
        }
        self.check_libraries(&mut found);
        self.check_files(&mut found);
        for package in self.packages.iter().filter(|package| !package.inherits_lints) {
            found.push(format!("{}/Cargo.toml: lacks `[lints] workspace = true`", package.folder));
        }
        found
    }

    fn check_dependencies(&self, room: &Room, found: &mut Vec<String>) {
        let own: BTreeSet<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        for package in self.packages.iter().filter(|package| package.folder == room.folder) {
            let allowed = |name: &&String| room.dependencies.contains(&name.as_str());
            let allowed_in_tests =
                |name: &&String| allowed(name) || room.test_dependencies.contains(&name.as_str());
            let wrong = package.dependencies.iter().filter(|name| !allowed(name));
            let wrong_in_tests = package.test_dependencies.iter().filter(|name| !allowed_in_tests(name));
            for name in wrong.chain(wrong_in_tests).filter(|name| own.contains(name.as_str())) {
                found.push(format!("{}/Cargo.toml: must not depend on {name}", room.folder));
            }
        }
    }

    fn check_names(&self, room: &Room, found: &mut Vec<String>) {
        let is_ordinary_word = |app: &&str| {
            let folder = format!("connectors/{app}");
            self.packages.iter().any(|package| package.folder == folder && package.is_ordinary_word)
        };
        let apps: Vec<&str> = self.apps().into_iter().filter(|app| !is_ordinary_word(app)).collect();
        for file in self.files.iter().filter(|file| is_source_or_manifest_in(room.folder, &file.path)) {
            for name in room.unnamed_crates {
                file.lines_where(|line| word_in(name, line), &format!("must not name {name}"), found);
            }
            for app in apps.iter().filter(|_| room.knows_no_app) {
                file.lines_where(|line| phrase_in(app, line), &format!("must not name the app {app}"), found);
            }
        }
    }

    fn check_libraries(&self, found: &mut Vec<String>) {
        for app in self.apps() {
            let folder = format!("connectors/{app}");
            let nested =
                self.packages.iter().filter(|package| package.folder.starts_with(&format!("{folder}/")));
            let sandboxes = nested.map(|package| package.name.replace('-', "_"));
            let forbidden: Vec<String> =
                NOT_IN_A_LIBRARY.iter().map(|&name| name.to_owned()).chain(sandboxes).collect();
            // A small connector has its sandbox in a module of the program.
            let program = ["main.rs", "sandbox.rs"].map(|file| format!("{folder}/src/{file}"));
            let sources = format!("{folder}/src");
            let of_library = |path: &String| is_source_in(&sources, path) && !program.contains(path);
            for file in self.files.iter().filter(|file| of_library(&file.path)) {
                for name in &forbidden {
                    let reason = format!("a connector's library must not name {name}");
                    file.lines_where(|line| word_in(name, line), &reason, found);
                }
            }
        }
    }

    fn check_files(&self, found: &mut Vec<String>) {
        for file in &self.files {
            file.lines_where(
                |line| line.contains(OUTSIDE_FOLDER),
                "must not mention a folder outside the repository",
                found,
            );
            if !is_rust(&file.path) {
                continue;
            }
            let subject = file.text.lines().next().and_then(|line| line.strip_prefix("//! "));
            if subject.is_none_or(|subject| subject.trim().is_empty()) {
                found.push(format!("{}: the first line must tell the file's subject (`//! …`)", file.path));
            }
            for part in Path::new(&file.path).with_extension("").iter().filter_map(|part| part.to_str()) {
                if EMPTY_NAMES.contains(&part) {
                    found.push(format!("{}: the name {part} tells nothing", file.path));
                }
            }
        }
    }

    /// The apps there are connectors for, by the names of their folders.
    fn apps(&self) -> Vec<&str> {
        self.packages
            .iter()
            .filter_map(|package| package.folder.strip_prefix("connectors/"))
            .filter(|folder| !folder.contains('/'))
            .collect()
    }
}

impl TextFile {
    fn lines_where(&self, is_wrong: impl Fn(&str) -> bool, reason: &str, found: &mut Vec<String>) {
        for (number, line) in self.text.lines().enumerate().filter(|(_, line)| is_wrong(line)) {
            found.push(format!("{}:{}: {reason}: {}", self.path, number + 1, line.trim()));
        }
    }
}

fn is_rust(path: &str) -> bool {
    PathBuf::from(path).extension().is_some_and(|extension| extension == "rs")
}

fn is_source_in(folder: &str, path: &str) -> bool {
    is_rust(path) && Path::new(path).starts_with(folder)
}

fn is_source_or_manifest_in(folder: &str, path: &str) -> bool {
    is_source_in(folder, path) || Path::new(path) == Path::new(folder).join("Cargo.toml")
}

#[cfg(test)]
mod tests;

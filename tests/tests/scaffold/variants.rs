//! A new connector of each kind: it builds without a warning, passes its tests and does what its README says, at once.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use super::cargo::{cargo, succeed};
use super::{Workshop, files, readme};

/// Name, credentials and streams. Among them the longest names, and streams that a singular has to be found for.
const VARIANTS: [(&str, &str, &str); 5] = [
    ("acme_oauth", "oauth", "items"),
    (
        "abcdefghij_abcdefghij_abcdefgh",
        "token",
        "categories,data,people,strings,abcdefghij_abcdefghij_abcdefghij_bcdata",
    ),
    ("acme_basic", "basic", "deals,companies"),
    ("acme_service_account", "service-account", "items"),
    ("acme_open", "none", "items"),
];

/// From `connector scaffold` to green tests: what was promised is 90 s, where the framework is built already, and
/// fewer than 400 lines.
///
/// `cargo test -p system-tests --test system every_variant -- --nocapture` prints what it is here.
#[test]
fn every_variant_is_green_at_once_and_does_what_its_readme_says() {
    build_framework();
    let made: Vec<_> = VARIANTS
        .into_iter()
        .map(|(name, auth, streams)| (name, auth, catch_unwind(|| made_and_used(name, auth, streams)).ok()))
        .collect();
    println!("{:<32}{:<17}{:>7}{:>20}", "connector", "--auth", "lines", "seconds to green");
    for (name, auth, figures) in &made {
        match figures {
            Some((lines, took)) => println!("{name:<32}{auth:<17}{lines:>7}{:>20.1}", took.as_secs_f64()),
            None => println!("{name:<32}{auth:<17}{:>27}", "failed"),
        }
    }
    let failed: Vec<_> = made.iter().filter(|(.., figures)| figures.is_none()).collect();
    assert!(failed.is_empty(), "told above: {failed:?}");
}

fn build_framework() {
    let workshop = Workshop::new();
    workshop.scaffold("acme_first", &["--auth", "none", "--streams", "items"]).response();
    let folder = workshop.folder("acme_first");
    succeed(&mut cargo(&folder, &["test", "--no-run"]));
}

fn made_and_used(name: &str, auth: &str, streams: &str) -> (usize, Duration) {
    let workshop = Workshop::new();
    let folder = workshop.folder(name);
    let begun = Instant::now();
    workshop.scaffold(name, &["--auth", auth, "--streams", streams]).response();
    let lines = lines(&folder);
    assert!(lines < 400, "{name} has {lines} lines");
    succeed(&mut cargo(&folder, &["test"]));
    let took = begun.elapsed();
    succeed(&mut cargo(&folder, &["fmt", "--check"]));
    succeed(&mut cargo(&folder, &["clippy", "--all-targets", "--", "-D", "warnings"]));
    readme::follow(&folder);
    (lines, took)
}

/// Lines that its author has to know. The lock is cargo's.
fn lines(folder: &Path) -> usize {
    let written = files(folder).into_iter().filter(|path| path != "Cargo.lock");
    written.map(|path| fs::read_to_string(folder.join(path)).expect("a text").lines().count()).sum()
}

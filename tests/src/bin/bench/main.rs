//! Measures what the project promises about speed and memory, and prints each figure beside its bar.
//!
//! ```text
//! bench PROGRAM [--quick] [startup] [capabilities] [load] [load-command] [memory] [requests] [incremental] [verify]
//!       [sqlite] [budget] [broker]
//! ```
//!
//! Nothing is timed against a limit: a figure beyond its bar is for people to see. The exit code tells only whether
//! what was measured did its work: rows that are missing make it 1.

mod baseline;
mod broker;
mod budget;
mod callers;
mod capabilities;
mod connected;
mod figures;
mod incremental;
mod keep_alive;
mod load;
mod load_command;
mod measured;
mod memory;
mod program;
mod request_log;
mod requests;
mod sandbox;
mod sqlite;
mod startup;
mod sync;
mod verify;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use program::Program;

/// An error of the bench ends it: there is nobody who could act on a part of it.
type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// Runs of something that takes milliseconds.
    starts: usize,
    /// Runs of a first load and of its baseline; the best one counts.
    rounds: usize,
    /// Companies in a load.
    records: u64,
    /// Companies in the load whose memory is compared with that one's.
    many_records: u64,
    /// How long a backfill at the rate limit goes on: a few times the minute that slides.
    backfill: Duration,
    /// Tokens that are asked for, of each store and by so many callers.
    tokens: u64,
}

const FULL: Scale = Scale {
    starts: 50,
    rounds: 5,
    records: 100_000,
    many_records: 1_000_000,
    backfill: Duration::from_secs(245),
    tokens: 100_000,
};

/// To see whether the bench still works; the figures say little.
const QUICK: Scale = Scale {
    starts: 5,
    rounds: 1,
    records: 2_000,
    many_records: 20_000,
    backfill: Duration::from_secs(125),
    tokens: 5_000,
};

type Section = (&'static str, fn(&Program, Scale) -> Outcome);

const SECTIONS: [Section; 11] = [
    ("startup", startup::measure),
    ("capabilities", capabilities::measure),
    ("load", load::measure),
    ("load-command", load_command::measure),
    ("memory", memory::measure),
    ("requests", requests::measure),
    ("incremental", incremental::measure),
    ("verify", verify::measure),
    ("sqlite", sqlite::measure),
    ("budget", budget::measure),
    ("broker", broker::measure),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(rest) =
        arguments.split_first().and_then(|(first, rest)| (first == measured::AS_PARENT).then_some(rest))
    {
        return measured::be_parent(rest);
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            figures::note(&format!("The bench went wrong: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome {
    let (program, arguments) =
        arguments.split_first().ok_or("the path of the program to measure is missing")?;
    let program = Program::at(program)?;
    let mut scale = FULL;
    let mut sections: Vec<Section> = Vec::new();
    for argument in arguments {
        if argument == "--quick" {
            scale = QUICK;
        } else {
            let named = SECTIONS.iter().find(|(name, _)| name == argument);
            sections.push(*named.ok_or_else(|| format!("there is no section {argument}"))?);
        }
    }
    if sections.is_empty() {
        sections.extend(SECTIONS);
    }
    figures::machine();
    for (_, measure) in sections {
        measure(&program, scale)?;
    }
    figures::machine();
    Ok(())
}

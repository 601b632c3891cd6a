//! A program run to its end: its time, its processor time, its peak memory.
//!
//! The kernel tells the peak memory of children that were waited for, as one figure for all of them. So each measured
//! program gets a parent of its own: this executable again, which starts it, waits and reports.
#![expect(clippy::print_stderr, reason = "how the parent reports")]

use std::io;
use std::panic::resume_unwind;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::Outcome;

/// First argument of this executable when it is to be the parent.
pub(crate) const AS_PARENT: &str = "as-parent";

/// Begins the line of the report.
const MARK: &str = "measured";

/// One run.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) wall: Duration,
    /// Of all cores, in the program and in the kernel for it.
    pub(crate) processor: Duration,
    /// Bytes.
    pub(crate) peak_memory: u64,
    pub(crate) standard_output: String,
}

/// Runs a program to its end.
///
/// # Errors
/// When it ends with another exit code than 0; the message has what it said.
pub(crate) fn run(program: &Command) -> Outcome<Measured> {
    run_with_input(program, |_| Ok(()))
}

/// The same with something on its standard input.
///
/// # Errors
/// Also when it does not take all of that.
pub(crate) fn run_with_input(
    program: &Command,
    input: impl FnOnce(&mut ChildStdin) -> io::Result<()> + Send,
) -> Outcome<Measured> {
    let mut parent = Command::new(std::env::current_exe()?);
    parent
        .arg(AS_PARENT)
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            parent.env(name, value);
        }
    }
    if let Some(folder) = program.get_current_dir() {
        parent.current_dir(folder);
    }
    let mut parent = parent.spawn()?;
    let mut stdin = parent.stdin.take().ok_or("the parent has no standard input")?;
    let (written, output) = thread::scope(|scope| {
        // It goes with the thread, which is how the program learns that its input has ended.
        let writing = scope.spawn(move || input(&mut stdin));
        let output = parent.wait_with_output();
        (writing.join().unwrap_or_else(|panic| resume_unwind(panic)), output)
    });
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr);
    let standard_output = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: Vec<u64> = said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix(MARK))
        .map(|line| line.split_whitespace().filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    let (true, [wall, processor, peak_memory]) = (output.status.success(), report.as_slice()) else {
        // Without its arguments: among them are tokens.
        let program = program.get_program().display();
        return Err(format!("{program} ended with {}: {standard_output}{said}", output.status).into());
    };
    written?;
    Ok(Measured {
        wall: Duration::from_micros(*wall),
        processor: Duration::from_micros(*processor),
        peak_memory: *peak_memory,
        standard_output,
    })
}

/// The best and the middle one of some times.
pub(crate) fn best_and_median(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |position: usize| times.get(position).copied().unwrap_or_default();
    (at(0), at(times.len() / 2))
}

/// Runs what the arguments say and reports on standard error.
pub(crate) fn be_parent(arguments: &[String]) -> ExitCode {
    let Some((program, arguments)) = arguments.split_first() else {
        return ExitCode::FAILURE;
    };
    let start = Instant::now();
    let status = Command::new(program).args(arguments).status();
    let wall = start.elapsed();
    match (status, getrusage(UsageWho::RUSAGE_CHILDREN)) {
        (Ok(status), Ok(usage)) => {
            let processor = (usage.user_time() + usage.system_time()).num_microseconds();
            eprintln!("{MARK} {} {processor} {}", wall.as_micros(), usage.max_rss() * 1024);
            ExitCode::from(u8::from(!status.success()))
        }
        (status, usage) => {
            eprintln!("{program}: {status:?} {usage:?}");
            ExitCode::FAILURE
        }
    }
}

//! The connector that is checked: an executable, run again and again, and watched in every run.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::folder::Folder;
use crate::groups::Groups;
use crate::process::{self, Process};
use crate::run::{End, Invocation, Run};
use crate::watch::Watch;

/// A run that takes longer is stopped, and that is a fault.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Runs at the same time, for each core: they wait for the stand-in half of the time.
const RUNS_PER_CORE: usize = 2;

tokio::task_local! {
    /// The runs of the check that this task makes.
    static NOTED: RefCell<Noted>;
}

/// What is known of the runs of a check.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// It tells most about why the check fails.
    pub(crate) last: Option<String>,
    pub(crate) runs: usize,
    /// All of them together.
    pub(crate) took: Duration,
}

/// Makes a check, and gives what was noted of its runs with what came of it.
pub(crate) async fn noting_runs<T>(work: impl Future<Output = T>) -> (T, Noted) {
    let noting = async {
        let done = work.await;
        (done, NOTED.with(RefCell::take))
    };
    NOTED.scope(RefCell::default(), noting).await
}

/// Runs before the first check are nobody's.
pub(crate) fn note(run: &Run) {
    let _ = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        noted.last = Some(run.shown.clone());
        noted.runs += 1;
        noted.took += run.took;
    });
}

/// An executable that claims to be a connector.
#[derive(Debug)]
pub(crate) struct Subject {
    executable: PathBuf,
    pub(crate) folder: Folder,
    pub(crate) watch: Watch,
    pub(crate) groups: Arc<Groups>,
    running: Arc<Semaphore>,
}

impl Subject {
    pub(crate) fn new(executable: &Path, groups: Arc<Groups>) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            executable: std::path::absolute(executable)?,
            folder: Folder::new()?,
            watch: Watch::default(),
            groups,
            running: Arc::new(Semaphore::new(cores * RUNS_PER_CORE)),
        })
    }

    pub(crate) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Runs it to its end, and holds what it prints against what is true of every run.
    pub(crate) async fn run(&self, invocation: Invocation) -> Run {
        let _turn = self.running.acquire().await;
        self.run_within(invocation, TIME_LIMIT).await
    }

    /// The same with more time and without waiting for a turn, for what reads everything.
    pub(crate) async fn run_for_long(&self, invocation: Invocation) -> Run {
        self.run_within(invocation, TIME_LIMIT * 4).await
    }

    /// The same without waiting for a turn, for runs that wait more than they work.
    pub(crate) async fn run_aside(&self, invocation: Invocation) -> Run {
        self.run_within(invocation, TIME_LIMIT).await
    }

    async fn run_within(&self, invocation: Invocation, limit: Duration) -> Run {
        let run = match self.start(&invocation) {
            Ok(process) => process.finish(&invocation, limit).await,
            Err(error) => not_started(&invocation, &error),
        };
        self.watch.look_at(&invocation, &run);
        note(&run);
        run
    }

    /// Whether it can be started at all.
    ///
    /// # Errors
    /// When the system refuses to.
    pub(crate) fn can_start(&self) -> std::io::Result<()> {
        self.start(&Invocation::of("info")).map(drop)
    }

    /// Starts it, for checks that do something to it while it runs. They wait for their end by [`Process::finish`].
    pub(crate) fn start(&self, invocation: &Invocation) -> std::io::Result<Process> {
        let mut command = process::command(&self.executable, &self.folder);
        command.args(&invocation.arguments);
        command.envs(invocation.environment.iter().map(|(name, value)| (*name, value)));
        Process::start(command, &self.groups)
    }
}

fn not_started(invocation: &Invocation, error: &std::io::Error) -> Run {
    let said = format!("it cannot be started: {error}");
    Run::new(invocation, End::Exit(126), Vec::new(), said.into_bytes(), Duration::ZERO)
}

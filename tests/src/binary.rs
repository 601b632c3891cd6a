//! Runs a connector's real binary as its users do, in a folder and an environment of its own.
//!
//! ```no_run
//! use system_tests::{binary::Connector, postgres};
//!
//! let database = postgres::create_database();
//! let connector = Connector::new("tl-connector").environment("CONNECTOR_STORE_URL", database.url());
//! let outcome = connector.run(["info"]);
//! assert_eq!(outcome.response()["app_id"], "teamleader");
//! ```

mod outcome;
mod running;

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

pub use outcome::Outcome;
pub use running::{RunningConnector, Signal};

/// A connector's binary, with a working folder and an environment that nothing outside reaches.
///
/// The working folder and the home folder are removed with this value, and are the same for all its runs, so
/// that one run finds what the one before it left.
#[derive(Debug)]
pub struct Connector {
    program: PathBuf,
    folder: TempDir,
    environment: Vec<(OsString, OsString)>,
    time_limit: Duration,
}

impl Connector {
    /// The binary of this name, from the build that the running test belongs to.
    ///
    /// # Panics
    /// When it was not built.
    pub fn new(binary: &str) -> Self {
        let program = built_binaries().join(binary);
        assert!(
            program.is_file(),
            "{} is missing: `make test` builds it, as does `cargo build --workspace --bins --examples`",
            program.display()
        );
        let folder = tempfile::Builder::new().prefix("connector-").tempdir().expect("a temporary folder");
        for part in ["home", "work"] {
            fs::create_dir(folder.path().join(part)).expect("an empty temporary folder");
        }
        Self { program, folder, environment: Vec::new(), time_limit: Duration::from_mins(1) }
    }

    /// Adds a variable to the environment, which otherwise holds `PATH` and `HOME` alone.
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// How long a run may take (a minute unless told) before it is killed and its test fails.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The folder that the binary is started in.
    pub fn working_folder(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The path of the binary.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs to the end, with an empty standard input.
    ///
    /// # Panics
    /// When the binary cannot be started, or exceeds the time limit.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs to the end, with this on standard input.
    ///
    /// # Panics
    /// When the binary cannot be started, or exceeds the time limit.
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: impl Into<Vec<u8>>,
    ) -> Outcome {
        self.start_with_input(arguments, input.into()).wait()
    }

    /// Starts in the background, with an empty standard input.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> RunningConnector {
        self.start_with_input(arguments, Vec::new())
    }

    /// Starts in the background, with a standard input that somebody types into.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn start_typing<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> RunningConnector {
        let mut command = self.command();
        command.args(arguments);
        RunningConnector::start_open(command, self.time_limit)
    }

    fn start_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: Vec<u8>,
    ) -> RunningConnector {
        let mut command = self.command();
        command.args(arguments);
        RunningConnector::start(command, input, self.time_limit)
    }

    /// The bare command with folder and environment set, for what the other methods don't offer.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            // The second is where instrumented binaries (`make coverage`) report to.
            .envs(
                ["PATH", "LLVM_PROFILE_FILE"].into_iter().filter_map(|name| Some((name, env::var_os(name)?))),
            )
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.working_folder())
            .stdin(Stdio::null());
        command
    }
}

/// The folder of the build's binaries: this test's executable stands in its `deps`.
///
/// # Panics
/// When the test does not know where it is.
pub fn built_binaries() -> PathBuf {
    let test = env::current_exe().expect("the path of this test's executable");
    let folder = test.parent().expect("an executable stands in a folder");
    match folder.parent() {
        Some(build) if folder.ends_with("deps") => build.to_owned(),
        _ => folder.to_owned(),
    }
}

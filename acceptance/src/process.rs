//! Processes that never outlive the kit: each leads a group of its own, and the group goes when the kit lets go of it.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};

use crate::folder::Folder;
use crate::groups::Groups;
use crate::run::{End, Invocation, Run};

/// Most that is read of an output. Who says more is stopped.
const LONGEST_OUTPUT: u64 = 64 << 20;

/// A process and those that it started.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
    groups: Arc<Groups>,
    started: Instant,
}

/// A program, in a place of its own and with nothing of this process's environment but where programs are.
pub(crate) fn command(program: &Path, folder: &Folder) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(folder.work()).kill_on_drop(true);
    command.env("HOME", folder.home()).env("TMPDIR", folder.temporary()).env("LANG", "C.UTF-8");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    pub(crate) fn start(mut command: Command, groups: &Arc<Groups>) -> std::io::Result<Self> {
        let (child, group) = groups.start(&mut command)?;
        Ok(Self { child, group, groups: Arc::clone(groups), started: Instant::now() })
    }

    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends a signal to it and to those that it started, as a terminal does.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It fails only where all have ended.
            let _ = killpg(group, signal);
        }
    }

    /// Waits for the end with an input written, within a limit.
    pub(crate) async fn finish(mut self, invocation: &Invocation, limit: Duration) -> Run {
        let input = self.child.stdin.take();
        let write = async {
            if let Some(mut pipe) = input {
                // Who reads no input may well be gone before it is written.
                let _ = pipe.write_all(&invocation.input).await;
            }
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let end = {
            let talk = async { tokio::join!(write, read(out, &mut stdout), read(err, &mut stderr)) };
            match tokio::time::timeout(limit, talk).await {
                Err(_) => Some(End::TimeLimit),
                Ok(((), true, true)) => None,
                Ok(_) => Some(End::TooMuch),
            }
        };
        let end = match end {
            Some(end) => end,
            None => self.wait(limit.saturating_sub(self.started.elapsed())).await,
        };
        let took = self.started.elapsed();
        Run::new(invocation, end, stdout, stderr, took)
    }

    /// What it started ends with it. Once: the number may be another's later.
    fn end(&mut self) {
        if let Some(group) = self.group.take() {
            self.groups.end(group);
        }
    }

    async fn wait(&mut self, limit: Duration) -> End {
        use std::os::unix::process::ExitStatusExt;
        match tokio::time::timeout(limit.max(Duration::from_secs(1)), self.child.wait()).await {
            Ok(Ok(status)) => {
                self.end();
                status.code().map_or_else(|| End::Signal(status.signal().unwrap_or_default()), End::Exit)
            }
            Ok(Err(_)) | Err(_) => End::TimeLimit,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether all of it could be read.
async fn read(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> bool {
    let Some(pipe) = pipe else { return true };
    match pipe.take(LONGEST_OUTPUT).read_to_end(into).await {
        Ok(length) => (length as u64) < LONGEST_OUTPUT,
        Err(_) => false,
    }
}

//! Every group of processes that a check started: all of them end with it, whoever still holds one.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// The groups that live.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    alive: BTreeSet<Pid>,
    has_ended: bool,
}

/// Ends every group when it is dropped. The tasks of a check end later than its future, and may never end when the
/// program exits, so that what they hold is no guard.
#[derive(Debug)]
pub(crate) struct EndOfGroups(Arc<Groups>);

impl Groups {
    pub(crate) fn until_dropped(self: &Arc<Self>) -> EndOfGroups {
        EndOfGroups(Arc::clone(self))
    }

    /// Starts a command that leads a group of its own, unless the check has ended meanwhile.
    pub(crate) fn start(&self, command: &mut Command) -> io::Result<(Child, Option<Pid>)> {
        // Locked until it is noted: otherwise the end could come in between and miss it.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.has_ended {
            return Err(io::Error::other("the check has ended"));
        }
        let child = command.process_group(0).spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        state.alive.extend(group);
        Ok((child, group))
    }

    /// Ends a group, also those of it whose leader has ended already.
    pub(crate) fn end(&self, group: Pid) {
        kill(group);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).alive.remove(&group);
    }
}

impl Drop for EndOfGroups {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.has_ended = true;
        std::mem::take(&mut state.alive).into_iter().for_each(kill);
    }
}

fn kill(group: Pid) {
    // It fails only where all have ended.
    let _ = killpg(group, Signal::SIGKILL);
}

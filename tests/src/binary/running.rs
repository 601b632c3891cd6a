//! A connector running in the background: followed, signalled, waited for.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::Outcome;

/// A signal that users and supervisors send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill`, systemd and container engines send first.
    Terminate,
    /// What cannot be answered: the process is gone.
    Kill,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
        }
    }
}

/// A started binary; it is killed if it still runs when this value is dropped.
#[derive(Debug)]
pub struct RunningConnector {
    process: Child,
    /// Standard input, where somebody types.
    input: Option<ChildStdin>,
    output: Arc<Output>,
    deadline: Instant,
}

impl RunningConnector {
    pub(super) fn start(command: Command, input: Vec<u8>, time_limit: Duration) -> Self {
        let mut running = Self::start_open(command, time_limit);
        if let Some(mut pipe) = running.input.take() {
            // A connector that reads no input may well be gone before it is written.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        running
    }

    /// Starts with an input that stays open.
    pub(super) fn start_open(mut command: Command, time_limit: Duration) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", command.get_program().display()));
        let output = Arc::new(Output::default());
        // All three pipes move at once: a full one would stop the process for good.
        if let Some(pipe) = process.stdout.take() {
            follow(pipe, Arc::clone(&output), |state| &mut state.standard_output);
        }
        if let Some(pipe) = process.stderr.take() {
            follow(pipe, Arc::clone(&output), |state| &mut state.standard_error);
        }
        let input = process.stdin.take();
        Self { process, input, output, deadline: Instant::now() + time_limit }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Types a line.
    ///
    /// # Panics
    /// When nobody reads it.
    pub fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an input that is open");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("a connector that reads");
    }

    /// Types no more.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Waits for a line on standard error that holds `text`, and returns it.
    ///
    /// # Panics
    /// When the process ends, or the time limit passes, without one.
    pub fn wait_for_standard_error(&mut self, text: &str) -> String {
        self.wait_for_line(text, |state| &state.standard_error)
    }

    /// Waits for a line on standard output that holds `text`, and returns it.
    ///
    /// # Panics
    /// When the process ends, or the time limit passes, without one.
    pub fn wait_for_standard_output(&mut self, text: &str) -> String {
        self.wait_for_line(text, |state| &state.standard_output)
    }

    fn wait_for_line(&mut self, text: &str, stream: impl Fn(&State) -> &Stream) -> String {
        let found = self.output.wait_until(self.deadline, |state| {
            let stream = stream(state);
            match stream.line_with(text) {
                Some(line) => Some(Ok(line)),
                None => stream.ended.then_some(Err(())),
            }
        });
        match found {
            Some(Ok(line)) => line,
            Some(Err(())) => self.give_up(&format!("ended without saying {text:?}")),
            None => self.give_up(&format!("did not say {text:?} within the time limit")),
        }
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process has ended already.
    pub fn signal(&self, signal: Signal) {
        // The standard library can only kill, and every shell can send.
        let sent = Command::new("/bin/sh")
            .args(["-c", r#"kill -s "$0" "$1""#, signal.name(), &self.id().to_string()])
            .status()
            .expect("a shell");
        assert!(sent.success(), "{signal:?} could not be sent: {sent}");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When the time limit passes first.
    pub fn wait(mut self) -> Outcome {
        let ended = self.output.wait_until(self.deadline, |state| {
            (state.standard_output.ended && state.standard_error.ended).then_some(())
        });
        if ended.is_none() {
            self.give_up("did not end within the time limit");
        }
        self.outcome()
    }

    fn outcome(&mut self) -> Outcome {
        let status = self.process.wait().expect("a child that was not waited for");
        let state = self.output.lock();
        Outcome {
            status,
            standard_output: state.standard_output.text(),
            standard_error: state.standard_error.text(),
        }
    }

    fn give_up(&mut self, reason: &str) -> ! {
        let _ = self.process.kill();
        panic!("the connector {reason}\n{:?}", self.outcome());
    }
}

impl Drop for RunningConnector {
    fn drop(&mut self) {
        // Both fail only where the process was waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Debug, Default)]
struct Output {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    standard_output: Stream,
    standard_error: Stream,
}

#[derive(Debug, Default)]
struct Stream {
    bytes: Vec<u8>,
    ended: bool,
}

impl Stream {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn line_with(&self, text: &str) -> Option<String> {
        self.text().lines().find(|line| line.contains(text)).map(str::to_owned)
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait_until<T>(&self, deadline: Instant, answer: impl Fn(&State) -> Option<T>) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(answer) = answer(&state) {
                return Some(answer);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Reads line by line, so that those who wait for a line never see half of one.
fn follow(pipe: impl Read + Send + 'static, output: Arc<Output>, stream: fn(&mut State) -> &mut Stream) {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            output.change(|state| stream(state).bytes.append(&mut line));
        }
        output.change(|state| stream(state).ended = true);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &str, time_limit: Duration) -> RunningConnector {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        RunningConnector::start(command, input.into(), time_limit)
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn both_outputs_and_the_exit_code_are_kept() {
        let outcome = shell("cat; echo said >&2; exit 75", "given", MINUTE).wait();
        assert_eq!((outcome.exit_code(), outcome.standard_output.as_str()), (75, "given"));
        assert_eq!(outcome.standard_error, "said\n");
    }

    #[test]
    fn output_larger_than_a_pipe_does_not_stop_the_process() {
        let outcome = shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2", "", MINUTE).wait();
        assert_eq!((outcome.standard_output.len(), outcome.standard_error.len()), (300_000, 300_000));
    }

    #[test]
    fn a_signal_reaches_a_process_that_said_it_is_ready() {
        let script = "trap 'echo interrupted; exit 130' INT; echo ready >&2; while :; do sleep 0.01; done";
        let mut running = shell(script, "", MINUTE);
        assert_eq!(running.wait_for_standard_error("read"), "ready");
        running.signal(Signal::Interrupt);
        let outcome = running.wait();
        assert_eq!((outcome.exit_code(), outcome.standard_output.as_str()), (130, "interrupted\n"));
    }

    #[test]
    #[should_panic(expected = "ended without saying \"ready\"")]
    fn a_process_that_ends_early_is_not_waited_for() {
        shell("echo sorry >&2", "", MINUTE).wait_for_standard_error("ready");
    }

    #[test]
    #[should_panic(expected = "did not end within the time limit")]
    fn a_process_that_hangs_is_killed() {
        shell("exec sleep 1000", "", Duration::from_millis(50)).wait();
    }
}

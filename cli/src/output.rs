//! Standard output: one JSON document, and the exit code that goes with it.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use connector_core::envelope::{Answer, Outcome, error_envelope};
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::signals::{self, Signal};

/// Exit code of a command that found nothing to do, where that was asked for.
const NOTHING_TO_DO: u8 = 99;

/// How results are written.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Exit with 0 whenever an envelope was printed.
    pub(crate) exit_zero: bool,
    /// Exit with [`NOTHING_TO_DO`] where that is so.
    pub(crate) exit_skip: bool,
    /// What would be printed goes to this file, and where it is is printed; gzip when it ends in `.gz`.
    pub(crate) file: Option<PathBuf>,
    /// That file, once there are lines in it.
    pub(crate) begun: Mutex<Option<ResultFile>>,
}

/// How a command ended that did not fail.
pub(crate) enum Ended {
    /// With an answer to print.
    Answer(Answer),
    /// With an answer that people have read already, on a terminal.
    Shown(Outcome),
    /// With text that is not an envelope, as a completion script.
    Text(String),
    /// By a signal; the answer is what had been done by then.
    Signalled(Signal, Option<Answer>),
}

impl Output {
    /// Writes a record that comes before the envelope, on a line of its own.
    pub(crate) fn record(&self, line: &str) -> io::Result<()> {
        let Some(path) = &self.file else { return print_line(line) };
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match begun.take() {
            Some(file) => file,
            None => ResultFile::create(path)?,
        };
        begun.insert(file).line(line)
    }

    /// Writes the envelope to the file, behind the records that are there.
    fn to_file(&self, path: &Path, envelope: &str) -> io::Result<()> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut file = begun.map_or_else(|| ResultFile::create(path), Ok)?;
        file.line(envelope)?;
        file.finish(path)
    }

    /// Prints the result and gives the exit code.
    pub(crate) fn end(
        &self,
        integration: &Integration,
        name: &str,
        result: Result<Ended, ConnectorError>,
    ) -> ExitCode {
        let module = integration.capability(name).map_or("command_line", |found| found.module());
        self.end_as(integration.app_id(), module, name, result)
    }

    /// The same for a command that failed, if it did, in a module of an app.
    pub(crate) fn end_as(
        &self,
        app_id: &str,
        module: &str,
        name: &str,
        result: Result<Ended, ConnectorError>,
    ) -> ExitCode {
        let raised_in = |module: &str, name: &str| format!("{app_id}::{module}:{name}");
        let (envelope, code) = match result {
            Ok(Ended::Text(text)) => return print_text(&text),
            Ok(Ended::Shown(outcome)) => return self.exit(self.exit_code(outcome)),
            Ok(Ended::Answer(answer)) => (answer.to_json(), self.exit_code(answer.outcome)),
            Ok(Ended::Signalled(signal, answer)) => {
                let interrupted =
                    || json!({"response": {"status": "interrupted"}, "raw_data": null, "page": null});
                (
                    answer.map_or_else(|| interrupted().to_string(), |answer| answer.to_json()),
                    signal.exit_code(),
                )
            }
            Err(error) => {
                tracing::debug!(?error, "failed");
                (error_envelope(&error, app_id, &raised_in(module, name)), error.exit_code())
            }
        };
        let envelope = match &self.file {
            None => envelope,
            Some(file) => match self.to_file(file, &envelope) {
                Ok(()) => json!({"response": null, "raw_data": null, "page": null, "result_file_path": file})
                    .to_string(),
                Err(error) => {
                    let message = format!("the result cannot be written to {}: {error}", file.display());
                    let error = ConnectorError::misconfigured(ErrorCode::InvalidValue, message);
                    let envelope =
                        error_envelope(&error, app_id, &raised_in("command_line", "result_file_path"));
                    return self.print(&envelope, error.exit_code());
                }
            },
        };
        self.print(&envelope, code)
    }

    fn print(&self, envelope: &str, code: u8) -> ExitCode {
        match print_line(envelope) {
            Ok(()) => self.exit(code),
            // Nobody reads any more; there is nobody to tell.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(70),
        }
    }

    fn exit(&self, code: u8) -> ExitCode {
        ExitCode::from(if self.exit_zero { 0 } else { code })
    }

    fn exit_code(&self, outcome: Outcome) -> u8 {
        match outcome {
            Outcome::NothingToDo if self.exit_skip => NOTHING_TO_DO,
            Outcome::Done | Outcome::NothingToDo => 0,
            Outcome::ExitCode(code) => code,
            Outcome::Interrupted => Signal::Terminate.exit_code(),
        }
    }
}

/// Bytes that every pipe holds, whether its reader reads or not.
const HELD_BY_A_PIPE: usize = 4096;

/// Prints one line to standard output.
pub(crate) fn print_line(line: &str) -> io::Result<()> {
    static PRINTED: AtomicUsize = AtomicUsize::new(0);
    if PRINTED.fetch_add(line.len(), Ordering::Relaxed) + line.len() >= HELD_BY_A_PIPE {
        signals::end_in_any_case();
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// Prints text that is not an envelope: help, versions, completion scripts.
pub(crate) fn print_text(text: &str) -> ExitCode {
    match print_line(text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(70),
    }
}

/// Tells people something on standard error. Where nobody looks, the log has it.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a person reads both streams, so that a table says more than JSON.
pub(crate) fn is_for_people() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// A file of results, written beside its place and renamed, so that nobody reads half of it.
#[derive(Debug)]
pub(crate) struct ResultFile {
    beside: PathBuf,
    lines: Lines,
}

#[derive(Debug)]
enum Lines {
    Plain(BufWriter<File>),
    Packed(GzEncoder<BufWriter<File>>),
}

impl ResultFile {
    fn create(path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let file = BufWriter::new(File::create(&beside)?);
        let is_packed = path.extension().is_some_and(|extension| extension == "gz");
        let lines = if is_packed {
            Lines::Packed(GzEncoder::new(file, Compression::default()))
        } else {
            Lines::Plain(file)
        };
        Ok(Self { beside, lines })
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        let lines: &mut dyn Write = match &mut self.lines {
            Lines::Plain(file) => file,
            Lines::Packed(file) => file,
        };
        lines.write_all(line.as_bytes())?;
        lines.write_all(b"\n")
    }

    fn finish(self, path: &Path) -> io::Result<()> {
        let file = match self.lines {
            Lines::Plain(file) => file,
            Lines::Packed(file) => file.finish()?,
        };
        file.into_inner()?.sync_all()?;
        std::fs::rename(self.beside, path)
    }
}

//! What a sync shows while it runs.

use super::report::{Mode, StreamReport};
use super::sink::RunStart;

/// Takes what a sync shows while it runs. `()` shows nothing.
pub trait Progress: Send + Sync {
    /// The run holds its connection: no other one is at work there, and nothing was read yet.
    fn began(&self, run: &RunStart) {
        let _ = run;
    }

    /// It is known which streams are worked on.
    fn planned(&self, streams: &[&str]) {
        let _ = streams;
    }

    /// A stream begins.
    fn started(&self, stream: &str, mode: Mode) {
        let _ = (stream, mode);
    }

    /// A batch is committed. `report` is of the stream so far, `total` what the app tells.
    fn advanced(&self, report: &StreamReport, total: Option<u64>) {
        let _ = (report, total);
    }

    /// A stream ended.
    fn finished(&self, report: &StreamReport) {
        let _ = report;
    }
}

impl Progress for () {}

//! What a sync shows while it runs.

use super::report::{Mode, StreamReport};

/// Takes what a sync shows while it runs. `()` shows nothing.
pub trait Progress: Send + Sync {
    /// A stream begins.
    fn started(&self, stream: &str, mode: Mode) {
        let _ = (stream, mode);
    }

    /// A batch is committed. `received` are the records of the stream so far, `total` what the app tells.
    fn advanced(&self, stream: &str, received: u64, requests: u64, total: Option<u64>) {
        let _ = (stream, received, requests, total);
    }

    /// A stream ended.
    fn finished(&self, report: &StreamReport) {
        let _ = report;
    }
}

impl Progress for () {}

//! A run as it is now.

use connector_core::sync::{Mode, RunStart, StreamReport, SyncReport};
use connector_store::RunSummary;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Status of a run that is under way, and of a stream that is being read.
const RUNNING: &str = "running";

/// A run as it is now, for the API and for the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunView {
    pub(crate) run_id: Uuid,
    pub(crate) app_id: String,
    pub(crate) connection: String,
    /// `running`, or how it ended: a status of the report.
    pub(crate) status: String,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) requests: u64,
    pub(crate) streams: Vec<StreamView>,
    /// The report, once it ended.
    pub(crate) report: Option<Value>,
    /// The error of an envelope, when it could not run at all.
    pub(crate) error: Option<Value>,
}

/// A stream of a run as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StreamView {
    pub(crate) stream: String,
    /// `waiting`, `running`, or a status of the report.
    pub(crate) status: String,
    /// How it is read, once that is known.
    pub(crate) mode: Option<Mode>,
    pub(crate) requests: u64,
    pub(crate) received: u64,
    /// Rows that were inserted, updated or marked as deleted.
    pub(crate) written: u64,
    /// Records that there are, where the app tells.
    pub(crate) total: Option<u64>,
}

impl RunView {
    /// A run that has just begun.
    pub(super) fn of_start(run: &RunStart) -> Self {
        Self {
            run_id: run.run_id,
            app_id: run.app_id.clone(),
            connection: run.connection.clone(),
            status: RUNNING.to_owned(),
            started_at: run.started_at,
            finished_at: None,
            requests: 0,
            streams: Vec::new(),
            report: None,
            error: None,
        }
    }

    /// A run as the store recorded it: of another process, or of one that ended.
    pub(crate) fn of_record(record: RunSummary) -> Self {
        let mut view = Self {
            run_id: record.run_id,
            app_id: record.app_id,
            connection: record.connection,
            status: record.status,
            started_at: record.started_at,
            finished_at: record.finished_at,
            requests: 0,
            streams: Vec::new(),
            report: None,
            error: None,
        };
        if let Some(report) = &record.report {
            let status = std::mem::take(&mut view.status);
            view.end(report);
            // The record knows also of runs that were killed.
            view.status = status;
        }
        view
    }

    pub(crate) fn is_running(&self) -> bool {
        self.status == RUNNING
    }

    pub(super) fn plan(&mut self, streams: &[&str]) {
        self.streams = streams.iter().map(|stream| StreamView::waiting(stream)).collect();
    }

    pub(super) fn start_stream(&mut self, stream: &str, mode: Mode) {
        let view = self.stream(stream);
        RUNNING.clone_into(&mut view.status);
        view.mode = Some(mode);
    }

    pub(super) fn advance_stream(&mut self, report: &StreamReport, total: Option<u64>) {
        let view = self.stream(&report.stream);
        view.count(report);
        view.total = total;
        self.add_up();
    }

    pub(super) fn end_stream(&mut self, report: &StreamReport) {
        self.stream(&report.stream).end(report);
        self.add_up();
    }

    /// It ended with a report.
    pub(super) fn end(&mut self, report: &SyncReport) {
        for stream in &report.streams {
            self.stream(&stream.stream).end(stream);
        }
        self.requests = report.requests;
        self.finished_at = Some(report.finished_at);
        self.status = name_of(report.status);
        self.error.clone_from(&report.error);
        self.report = Some(json!(report));
    }

    /// It ended without one.
    pub(super) fn fail(&mut self, error: Value) {
        "failed".clone_into(&mut self.status);
        self.finished_at = Some(Timestamp::now());
        self.error = Some(error);
    }

    fn add_up(&mut self) {
        self.requests = self.streams.iter().map(|stream| stream.requests).sum();
    }

    fn stream(&mut self, name: &str) -> &mut StreamView {
        let position = self.streams.iter().position(|view| view.stream == name).unwrap_or_else(|| {
            self.streams.push(StreamView::waiting(name));
            self.streams.len() - 1
        });
        &mut self.streams[position]
    }
}

impl StreamView {
    fn waiting(stream: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            status: "waiting".to_owned(),
            mode: None,
            requests: 0,
            received: 0,
            written: 0,
            total: None,
        }
    }

    fn count(&mut self, report: &StreamReport) {
        self.requests = report.requests;
        self.received = report.received;
        self.written = report.inserted + report.updated + report.deleted;
    }

    fn end(&mut self, report: &StreamReport) {
        self.count(report);
        self.mode = Some(report.mode);
        self.status = name_of(report.status);
    }
}

/// A status as the report writes it.
fn name_of(status: connector_core::sync::Status) -> String {
    json!(status).as_str().unwrap_or_default().to_owned()
}

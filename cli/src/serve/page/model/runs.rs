//! Runs as the pages show them: in lists, under way, stream by stream, as a chart.

use connector_core::sync::{Mode, Status, StreamReport};
use connector_store::RunSummary;
use jiff::Timestamp;
use serde::Serialize;

use crate::serve::page::chart::{Chart, Figures};
use crate::serve::page::instants::{When, taken};
use crate::serve::page::states::tone_of;
use crate::serve::page::trouble::Trouble;
use crate::serve::syncs::RunView;

/// A run in a list.
#[derive(Debug, Serialize)]
pub(in crate::serve::page) struct RunRow {
    run_id: String,
    connection: String,
    status: String,
    tone: &'static str,
    started: When,
    taken: Option<String>,
    rows: Option<u64>,
    requests: Option<u64>,
    rejected: u64,
}

impl RunRow {
    pub(in crate::serve::page) fn new(run: &RunSummary, now: Timestamp) -> Self {
        let report = run.report.as_ref();
        Self {
            run_id: run.run_id.to_string(),
            connection: run.connection.clone(),
            tone: tone_of(&run.status),
            status: run.status.clone(),
            started: When::new(run.started_at, now),
            taken: run.finished_at.map(|end| taken(run.started_at, end)),
            rows: report.map(|_| rows_written(run)),
            requests: report.map(|report| report.requests),
            rejected: report.map_or(0, |report| report.streams.iter().map(|stream| stream.rejected).sum()),
        }
    }
}

/// A run that is under way.
#[derive(Debug, Serialize)]
pub(in crate::serve::page) struct LiveRun {
    run_id: String,
    connection: String,
    started: When,
    requests: u64,
    received: u64,
    written: u64,
    done: usize,
    streams: usize,
    current: Vec<String>,
}

impl LiveRun {
    pub(in crate::serve::page) fn new(run: &RunView, now: Timestamp) -> Self {
        let is_done = |status: &str| !matches!(status, "waiting" | "running");
        let current = run.streams.iter().filter(|stream| stream.status == "running");
        Self {
            run_id: run.run_id.to_string(),
            connection: run.connection.clone(),
            started: When::new(run.started_at, now),
            requests: run.requests,
            received: run.streams.iter().map(|stream| stream.received).sum(),
            written: run.streams.iter().map(|stream| stream.written).sum(),
            done: run.streams.iter().filter(|stream| is_done(&stream.status)).count(),
            streams: run.streams.len(),
            current: current.take(3).map(|stream| stream.stream.clone()).collect(),
        }
    }
}

/// How a stream of a run ended.
#[derive(Debug, Serialize)]
pub(in crate::serve::page) struct StreamResult {
    name: String,
    status: String,
    tone: &'static str,
    mode: &'static str,
    received: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    deleted: u64,
    rejected: u64,
    requests: u64,
    seconds: String,
}

impl StreamResult {
    pub(in crate::serve::page) fn new(report: &StreamReport) -> Self {
        let status = name_of(report.status);
        Self {
            name: report.stream.clone(),
            tone: tone_of(&status),
            status,
            mode: match report.mode {
                Mode::Incremental => "changes",
                Mode::Full => "everything",
            },
            received: report.received,
            inserted: report.inserted,
            updated: report.updated,
            unchanged: report.unchanged,
            deleted: report.deleted,
            rejected: report.rejected,
            requests: report.requests,
            seconds: format!("{:.1}", report.seconds),
        }
    }
}

/// What a person should know although a stream did its work.
#[derive(Debug, Serialize)]
pub(in crate::serve::page) struct Warning {
    stream: String,
    text: String,
}

impl Warning {
    pub(in crate::serve::page) fn of(report: &StreamReport) -> Vec<Self> {
        let warning = |text: &String| Self { stream: report.stream.clone(), text: text.clone() };
        report.warnings.iter().map(warning).collect()
    }
}

fn name_of(status: Status) -> String {
    serde_json::to_value(status).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// What went wrong in a run, each thing once.
pub(in crate::serve::page) fn troubles(run: &RunSummary, app: &str) -> Vec<Trouble> {
    let Some(report) = &run.report else { return Vec::new() };
    let errors =
        report.streams.iter().filter_map(|stream| Some((stream.stream.as_str(), stream.error.as_ref()?)));
    Trouble::grouped(errors, app)
}

fn rows_written(run: &RunSummary) -> u64 {
    let streams = run.report.iter().flat_map(|report| &report.streams);
    streams.map(|stream| stream.inserted + stream.updated + stream.deleted).sum()
}

pub(super) fn chart(runs: &[RunSummary], now: Timestamp) -> Option<Chart> {
    let figures = runs.iter().rev().filter_map(|run| {
        let requests = run.report.as_ref()?.requests;
        let rows = rows_written(run);
        let started = When::new(run.started_at, now);
        Some(Figures {
            rows,
            requests,
            tone: tone_of(&run.status),
            label: format!("{}: {}, {rows} rows, {requests} requests", started.exact(), run.status),
        })
    });
    Chart::new(figures.collect())
}

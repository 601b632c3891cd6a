//! What the pages show, made of what was read: no database, no clock, no request.

use connector_core::sync::{Mode, Status, StreamReport};
use connector_store::{RunSummary, StreamSummary};
use jiff::Timestamp;
use serde::Serialize;

use super::chart::{Chart, Figures};
use super::facts::{CONNECTIONS, Facts, Place, Wanted};
use super::instants::{When, taken};
use super::states::{StateView, tone_of};
use super::trouble::Trouble;
use crate::serve::syncs::RunView;

/// A connector's part of a page.
#[derive(Debug, Serialize)]
pub(super) struct ConnectorView {
    app_id: String,
    app: String,
    connections: Vec<ConnectionView>,
    connections_in_all: usize,
    /// Pages before and after, counted from 0.
    previous_page: Option<usize>,
    next_page: Option<usize>,
    find: String,
    /// Whether searching is worth a field.
    is_searchable: bool,
    may_connect: bool,
    attention: usize,
    chart: Option<Chart>,
    runs: Vec<RunRow>,
    streams: Vec<StreamRow>,
    has_more_streams: bool,
    /// Whether rows must say which connection they are of.
    has_several: bool,
}

/// A connection.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionView {
    name: String,
    account: Option<String>,
    state: StateView,
    is_stored: bool,
    streams: u64,
    last_run: Option<RunRow>,
    troubles: Vec<Trouble>,
    /// The run of this process that is under way.
    live: Option<LiveRun>,
    /// A run of another process is under way.
    is_busy_elsewhere: bool,
    next_run: Option<NextRun>,
    may_sync: bool,
    may_write: bool,
    may_connect: bool,
    may_read: bool,
}

/// When a connection is synced by the clock.
#[derive(Debug, Serialize)]
pub(super) struct NextRun {
    at: When,
    /// `every 15m`
    schedule: String,
}

/// A run in a list.
#[derive(Debug, Serialize)]
pub(super) struct RunRow {
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

/// A stream in a list.
#[derive(Debug, Serialize)]
pub(super) struct StreamRow {
    connection: String,
    schema: String,
    /// As stored, for links.
    stored: String,
    name: String,
    table: Option<String>,
    rows: Option<u64>,
    deleted: Option<u64>,
    rejected: u64,
    changed: When,
    complete: Option<When>,
}

/// A run that is under way.
#[derive(Debug, Serialize)]
pub(super) struct LiveRun {
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

impl ConnectorView {
    pub(super) fn new(facts: Facts, wanted: &Wanted, may_connect: bool, now: Timestamp) -> Self {
        let shown = facts.places.len();
        let start = wanted.page * CONNECTIONS;
        let connections: Vec<_> =
            facts.places.iter().map(|place| ConnectionView::new(place, &facts, now)).collect();
        Self {
            attention: connections.iter().filter(|connection| connection.needs_attention()).count(),
            chart: chart(&facts.runs, now),
            runs: facts.runs.iter().map(|run| RunRow::new(run, now)).collect(),
            has_several: facts.places_in_all > 1,
            streams: facts.streams.iter().map(|stream| StreamRow::new(stream, now)).collect(),
            has_more_streams: facts.has_more_streams,
            may_connect: may_connect && facts.has_login,
            connections_in_all: facts.places_in_all,
            previous_page: wanted.page.checked_sub(1),
            next_page: (start + shown < facts.places_in_all).then_some(wanted.page + 1),
            is_searchable: !wanted.find.is_empty() || facts.places_in_all > 10,
            find: wanted.find.clone(),
            connections,
            app_id: facts.app_id,
            app: facts.app,
        }
    }

    pub(super) fn attention(&self) -> usize {
        self.attention
    }

    pub(super) fn has_no_connections(&self) -> bool {
        self.connections.is_empty()
    }
}

impl ConnectionView {
    fn new(place: &Place, facts: &Facts, now: Timestamp) -> Self {
        let last = facts.last_runs.iter().find(|run| run.connection == place.name);
        let live = facts.under_way.iter().find(|run| run.connection == place.name);
        let state = match &place.stored {
            Some(stored) => StateView::new(stored, &facts.app, now),
            None => StateView::without_login(),
        };
        Self {
            account: place.stored.as_ref().and_then(|stored| stored.account.clone()),
            is_stored: place.stored.is_some(),
            streams: place.synced.as_ref().map_or(0, |synced| synced.streams),
            is_busy_elsewhere: live.is_none() && last.is_some_and(|run| run.status == "running"),
            troubles: last.map(|run| troubles(run, &facts.app)).unwrap_or_default(),
            last_run: last.map(|run| RunRow::new(run, now)),
            live: live.map(|run| LiveRun::new(run, now)),
            next_run: None,
            may_write: place.rights.write,
            may_sync: place.rights.write && place.stored.is_some() && !state.reconnect,
            may_connect: place.rights.connect && facts.has_login,
            may_read: place.rights.read,
            name: place.name.clone(),
            state,
        }
    }

    fn needs_attention(&self) -> bool {
        self.state.needs_attention() || self.troubles.iter().any(|trouble| !trouble.passes)
    }
}

impl RunRow {
    pub(super) fn new(run: &RunSummary, now: Timestamp) -> Self {
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

impl StreamRow {
    pub(super) fn new(stream: &StreamSummary, now: Timestamp) -> Self {
        Self {
            connection: stream.connection.clone(),
            schema: stream.schema.clone(),
            name: stream.name().to_owned(),
            table: stream.document_table().map(str::to_owned),
            stored: stream.stream.clone(),
            rows: stream.rows,
            deleted: stream.deleted,
            rejected: stream.rejected,
            changed: When::new(stream.updated_at, now),
            complete: stream.state.full_read_at.map(|at| When::new(at, now)),
        }
    }
}

impl LiveRun {
    pub(super) fn new(run: &RunView, now: Timestamp) -> Self {
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
pub(super) struct StreamResult {
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
    pub(super) fn new(report: &StreamReport) -> Self {
        let status = name_of(&report.status);
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
pub(super) struct Warning {
    stream: String,
    text: String,
}

impl Warning {
    pub(super) fn of(report: &StreamReport) -> Vec<Self> {
        let warning = |text: &String| Self { stream: report.stream.clone(), text: text.clone() };
        report.warnings.iter().map(warning).collect()
    }
}

fn name_of(status: &Status) -> String {
    serde_json::to_value(status).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

/// What went wrong in a run, each thing once.
pub(super) fn troubles(run: &RunSummary, app: &str) -> Vec<Trouble> {
    let Some(report) = &run.report else { return Vec::new() };
    let errors =
        report.streams.iter().filter_map(|stream| Some((stream.stream.as_str(), stream.error.as_ref()?)));
    Trouble::grouped(errors, app)
}

fn rows_written(run: &RunSummary) -> u64 {
    let streams = run.report.iter().flat_map(|report| &report.streams);
    streams.map(|stream| stream.inserted + stream.updated + stream.deleted).sum()
}

fn chart(runs: &[RunSummary], now: Timestamp) -> Option<Chart> {
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

//! What the pages show, made of what was read: no database, no clock, no request.

mod runs;
#[cfg(test)]
mod tests;

use connector_store::{RunSummary, Schedule, StreamSummary};
use jiff::Timestamp;
use serde::Serialize;

use super::chart::Chart;
use super::facts::{CONNECTIONS, Facts, Place, Wanted};
use super::instants::When;
use super::states::StateView;
use super::trouble::Trouble;
use runs::chart;

pub(super) use runs::{LiveRun, RunRow, StreamResult, Warning, troubles};

/// A connector's part of a page.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "what a template asks is yes or no")]
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
#[expect(clippy::struct_excessive_bools, reason = "what a template asks is yes or no")]
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
    is_estimated: bool,
    deleted: Option<u64>,
    rejected: u64,
    changed: When,
    complete: Option<When>,
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
            troubles: last.map(|run| news(run, &state, &facts.app)).unwrap_or_default(),
            last_run: last.map(|run| RunRow::new(run, now)),
            live: live.map(|run| LiveRun::new(run, now)),
            next_run: place.rights.read.then(|| NextRun::first(&facts.schedules, &place.name, now)).flatten(),
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

/// What went wrong in a run, without what the state says better.
fn news(run: &RunSummary, state: &StateView, app: &str) -> Vec<Trouble> {
    let is_news = |trouble: &Trouble| !(trouble.reconnect && state.reconnect);
    troubles(run, app).into_iter().filter(is_news).collect()
}

impl NextRun {
    /// The first of a connection's schedules to come.
    fn first(schedules: &[Schedule], connection: &str, now: Timestamp) -> Option<Self> {
        let of_connection =
            schedules.iter().filter(|schedule| schedule.enabled && schedule.key.connection == connection);
        let (at, schedule) = of_connection
            .filter_map(|schedule| Some((schedule.next_at?, schedule)))
            .min_by_key(|(at, _)| *at)?;
        Some(Self { at: When::new(at, now), schedule: schedule.expression.clone() })
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
            is_estimated: stream.rows_are_estimated,
            deleted: stream.deleted,
            rejected: stream.rejected,
            changed: When::new(stream.updated_at, now),
            complete: stream.state.full_read_at.map(|at| When::new(at, now)),
        }
    }
}

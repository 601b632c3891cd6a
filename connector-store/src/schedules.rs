//! Schedules: when a connection is synced by the clock, and what became of the last time.

use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::status::instant;

/// Whoever takes a time has so long to start it. Tokens may have to be renewed first, by somebody else who is slow.
pub(crate) const CLAIM: SignedDuration = SignedDuration::from_mins(2);

/// Whose schedule it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleKey {
    /// Id of the integration.
    pub app_id: String,
    /// Name of the connection that is synced.
    pub connection: String,
    /// Name among the schedules of the connection.
    pub name: String,
}

/// A schedule as somebody made it. What the words mean is for whoever runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Whose it is.
    pub key: ScheduleKey,
    /// When it is due.
    pub expression: String,
    /// The time zone of the expression.
    pub time_zone: String,
    /// Seconds after the time at which it may start at the latest.
    pub jitter_seconds: u32,
    /// Request of the sync. No secret belongs here.
    pub request: Map<String, Value>,
    /// Whether it runs at all.
    pub enabled: bool,
    /// When it is due next; `None` when never.
    pub next_at: Option<Timestamp>,
}

/// A schedule with its story.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredSchedule {
    /// As it was made.
    pub schedule: Schedule,
    /// What became of the last time; `None` before the first.
    pub last: Option<LastTime>,
    /// Somebody starts the time that is due, and has so long for it.
    pub claimed_until: Option<Timestamp>,
    /// When somebody changed it.
    pub updated_at: Timestamp,
}

/// What became of a time at which a schedule was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTime {
    /// When it was looked at.
    pub at: Timestamp,
    /// The run that was started, or why none was.
    pub outcome: Result<Uuid, String>,
}

/// A row with a schedule: connection, name, expression, time zone, jitter, request, enabled, next time, last time, last
/// run, why it was skipped, end of a claim, last change.
pub(crate) type ScheduleRow = (
    String,
    String,
    String,
    String,
    i64,
    String,
    bool,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
);

pub(crate) fn schedule(app_id: &str, row: ScheduleRow) -> Result<StoredSchedule> {
    let (
        connection,
        name,
        expression,
        time_zone,
        jitter,
        request,
        enabled,
        next,
        last,
        run,
        skipped,
        claimed,
        updated,
    ) = row;
    let unreadable = |what: &str| {
        ConnectorError::new(ErrorCode::InternalError, format!("the schedule {name} has no {what} in its row"))
    };
    let run =
        run.map(|id| Uuid::try_parse(&id).map_err(|error| unreadable("run").source(error))).transpose()?;
    let request = serde_json::from_str(&request).map_err(|error| unreadable("request").source(error))?;
    let last = last
        .map(|at| instant(&at))
        .transpose()?
        .map(|at| LastTime { at, outcome: run.ok_or_else(|| skipped.unwrap_or_default()) });
    Ok(StoredSchedule {
        schedule: Schedule {
            expression,
            time_zone,
            jitter_seconds: u32::try_from(jitter).unwrap_or_default(),
            request,
            enabled,
            next_at: next.map(|at| instant(&at)).transpose()?,
            key: ScheduleKey { app_id: app_id.to_owned(), connection, name },
        },
        last,
        claimed_until: claimed.map(|at| instant(&at)).transpose()?,
        updated_at: instant(&updated)?,
    })
}

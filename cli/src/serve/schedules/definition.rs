//! A schedule as a caller writes it, checked.

use connector_core::integration::Integration;
use connector_core::oauth::{check_connection_name, is_name};
use connector_core::schema;
use connector_core::sync::SyncRequest;
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{Schedule, ScheduleKey, StoredSchedule};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::due::starts_at;
use super::expression::{Expression, UTC};

/// Longest time by which a start is put off.
const LONGEST_JITTER: SignedDuration = SignedDuration::from_hours(24);

/// When a connection is to be synced, and how.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    /// `every 15m`, `every 1h30m`, or the five fields of cron.
    pub(crate) expression: String,
    /// The time zone of the fields of cron; UTC when absent.
    #[serde(default = "utc")]
    pub(crate) time_zone: String,
    /// Starts up to so many seconds later, so that not all begin at once.
    #[serde(default)]
    pub(crate) jitter_seconds: u32,
    /// Request of the capability `sync`.
    #[serde(default)]
    pub(crate) request: Map<String, Value>,
    /// Whether it runs at all.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

fn utc() -> String {
    UTC.to_owned()
}

fn yes() -> bool {
    true
}

impl Definition {
    /// The definition in the body of a request.
    pub(crate) fn parse(body: &[u8]) -> Result<Self> {
        let value = serde_json::from_slice(body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            ConnectorError::new(ErrorCode::BadRequest, format!("the schedule is not valid JSON ({place})"))
                .hint("such as {\"expression\":\"every 15m\"}")
        })?;
        schema::typed(value, "")
    }

    /// The schedule that this makes for a connection.
    pub(crate) fn into_schedule(self, key: ScheduleKey, now: Timestamp) -> Result<Schedule> {
        check_name(&key.name)?;
        check_connection_name(&key.connection)?;
        let expression = Expression::parse(&self.expression, &self.time_zone)?;
        let jitter = SignedDuration::from_secs(self.jitter_seconds.into());
        let longest = match &expression {
            Expression::Every(interval) => LONGEST_JITTER.min(*interval),
            Expression::Cron(..) => LONGEST_JITTER,
        };
        if jitter > longest {
            let message = "/jitter_seconds must be at most a day, and no longer than the interval";
            return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
        }
        let request = checked_request(self.request, &key.connection)?;
        let next = expression.next(None, now)?;
        Ok(Schedule {
            key,
            expression: self.expression.trim().to_owned(),
            time_zone: self.time_zone,
            jitter_seconds: self.jitter_seconds,
            request,
            enabled: self.enabled,
            next_at: self.enabled.then_some(next),
        })
    }
}

/// The request without its connection, which the schedule has.
fn checked_request(mut request: Map<String, Value>, connection: &str) -> Result<Map<String, Value>> {
    let request_of_sync: SyncRequest = schema::typed(Value::Object(request.clone()), "/request")?;
    if request_of_sync.connection.is_some_and(|named| named != connection) {
        let message = "/request/connection must be the connection of the schedule";
        return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
    }
    if request_of_sync.sink.url.is_some() {
        let message =
            "/request/sink/url has no place in a schedule: it may have a password, and is kept as it is";
        return Err(ConnectorError::new(ErrorCode::InvalidValue, message)
            .hint("name the database by CONNECTOR_STORE_URL where the server is started"));
    }
    request.remove("connection");
    Ok(request)
}

fn check_name(name: &str) -> Result<()> {
    if is_name(name) {
        return Ok(());
    }
    let message = "the name of a schedule has letters, digits, `.`, `_` and `-`";
    Err(ConnectorError::new(ErrorCode::InvalidValue, message))
}

/// A connection that the integration can sync at all.
pub(crate) fn check_streams(integration: &Integration) -> Result<()> {
    if integration.streams().next().is_some() {
        return Ok(());
    }
    let message = format!("{} has no streams to sync", integration.app_id());
    Err(ConnectorError::new(ErrorCode::UnsupportedOperation, message))
}

/// A schedule as it is shown.
pub(crate) fn shown(stored: &StoredSchedule) -> Value {
    let schedule = &stored.schedule;
    let last = stored.last.as_ref().map(|last| {
        json!({
            "at": last.at,
            "run_id": last.outcome.as_ref().ok(),
            "skipped": last.outcome.as_ref().err(),
        })
    });
    json!({
        "app_id": schedule.key.app_id,
        "connection": schedule.key.connection,
        "name": schedule.key.name,
        "expression": schedule.expression,
        "time_zone": schedule.time_zone,
        "jitter_seconds": schedule.jitter_seconds,
        "request": schedule.request,
        "enabled": schedule.enabled,
        "next_at": starts_at(schedule),
        "last": last,
        "updated_at": stored.updated_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(body: &Value, connection: &str, name: &str) -> Result<Schedule> {
        let key = ScheduleKey { app_id: "example".into(), connection: connection.into(), name: name.into() };
        let now = "2026-03-01T06:07:08.9Z".parse().unwrap();
        Definition::parse(body.to_string().as_bytes())?.into_schedule(key, now)
    }

    #[test]
    fn a_definition_becomes_a_schedule_that_is_due_next() {
        let made = schedule(&json!({"expression": "0 6 * * *"}), "acme/second", "nightly").unwrap();
        assert_eq!(made.next_at, Some("2026-03-02T06:00:00Z".parse().unwrap()));
        assert_eq!((made.time_zone.as_str(), made.jitter_seconds, made.enabled), ("UTC", 0, true));
        let body = json!({
            "expression": " every 15m ", "time_zone": "Europe/Brussels", "jitter_seconds": 30, "enabled": false,
            "request": {"connection": "acme", "streams": ["deals"]},
        });
        let made = schedule(&body, "acme", "often").unwrap();
        assert_eq!((made.expression.as_str(), made.next_at), ("every 15m", None));
        assert_eq!(Value::Object(made.request), json!({"streams": ["deals"]}));
    }

    #[test]
    fn what_cannot_be_kept_or_run_is_refused_by_its_place() {
        let every = |more: Value| {
            let mut body = json!({"expression": "every 15m"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        for (body, place) in [
            (json!({}), "expression"),
            (json!({"expression": "soon"}), "/expression"),
            (every(json!({"jitter_seconds": 901})), "/jitter_seconds"),
            (every(json!({"jitter_seconds": -1})), "/jitter_seconds"),
            (every(json!({"colour": "red"})), "colour"),
            (every(json!({"request": {"steams": ["deals"]}})), "/request"),
            (every(json!({"request": {"mode": "half"}})), "/request/mode"),
            (every(json!({"request": {"connection": "other"}})), "/request/connection"),
            (every(json!({"request": {"sink": {"url": "postgres://u:s3cret@h/d"}}})), "/request/sink/url"),
        ] {
            let error = schedule(&body, "acme", "often").unwrap_err();
            assert_eq!(error.exit_code(), 64, "{body}");
            assert!(
                error.message().contains(place) && !error.message().contains("s3cret"),
                "{body}: {error}"
            );
        }
        for (connection, name) in [
            ("", "a"),
            ("a/b/c", "a"),
            ("a", ""),
            ("a", "b/c"),
            ("-a", "b"),
            ("a", "ü"),
            ("a", &"a".repeat(65)),
        ] {
            assert!(schedule(&every(json!({})), connection, name).is_err(), "{connection} {name}");
        }
    }
}

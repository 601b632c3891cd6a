//! Filters of a request: checked once, then asked of every row.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;

use super::problem::Problem;
use crate::catalog::{Filter, Test};
use crate::store::Record;
use crate::switches::Switches;

/// One filter with a valid value.
pub(crate) enum Condition {
    Ids(Vec<Uuid>),
    UpdatedSince(i64),
    Term(&'static [&'static str], String),
    HasAll(&'static str, Vec<String>),
    /// One of the texts is there.
    HasAny(&'static str, Vec<String>),
    Reference(&'static str, Vec<(String, String)>),
    Flag(&'static str, bool),
    PrimaryEmail(String),
    /// None of the texts is there.
    HasNone(&'static str, Vec<String>),
    Missing(&'static str),
    /// Dates as text: they order as they read.
    From(&'static str, String),
    Until(&'static str, String),
    After(&'static str, String),
    Before(&'static str, String),
    Between(&'static str, String, String),
    TimeFrom(&'static str, i64),
    TimeUntil(&'static str, i64),
    ProjectStatus(String, String),
}

impl Condition {
    /// `Ok(None)` when the value asks for nothing.
    pub(crate) fn parse(
        filter: &Filter,
        value: &Value,
        switches: &Switches,
        now: i64,
    ) -> Result<Option<Self>, Problem> {
        let name = filter.name;
        // `null` means "not given", except where a row without a date can be asked for.
        if value.is_null() && !matches!(filter.test, Test::DateOrNull(_) | Test::IdOrNull(_)) {
            return Ok(None);
        }
        let condition = match &filter.test {
            Test::Ids => {
                let ids = uuids(name, value)?;
                if ids.is_empty() && switches.empty_ids_ignored {
                    return Ok(None);
                }
                Self::Ids(ids)
            }
            Test::UpdatedSince => Self::UpdatedSince(time(name, value, switches)?),
            Test::Term(paths) => Self::Term(paths, string(name, value)?.to_lowercase()),
            Test::HasAll(path) => Self::HasAll(path, strings(name, value)?),
            Test::OneOf(path, allowed) => {
                Self::HasAny(path, with_live_name(among(name, vec![string(name, value)?], allowed)?))
            }
            Test::AnyOf(path, allowed, _) => Self::HasAny(path, among(name, strings(name, value)?, allowed)?),
            Test::Equals(path) => Self::HasAny(path, vec![string(name, value)?]),
            Test::Flag(path) => Self::Flag(path, flag(name, value)?),
            Test::DateOrNull(path) | Test::IdOrNull(path) if value.is_null() => Self::Missing(path),
            Test::Id(path) | Test::IdOrNull(path) => Self::HasAny(path, vec![uuid(name, value)?.to_string()]),
            Test::IdOrIds(path) if value.is_string() => {
                Self::HasAny(path, vec![uuid(name, value)?.to_string()])
            }
            Test::IdOrIds(path) | Test::AnyId(path) => {
                Self::HasAny(path, uuids(name, value)?.iter().map(Uuid::to_string).collect())
            }
            Test::Reference(path, types) => Self::Reference(path, vec![reference(value, types)?]),
            Test::AnyReference(path, types) => {
                let references = list(name, value)?.iter().map(|value| reference(value, types));
                Self::Reference(path, references.collect::<Result<_, _>>()?)
            }
            Test::PrimaryEmail => {
                among(
                    "type",
                    vec![string("type", value.get("type").unwrap_or(&Value::Null))?],
                    &["primary"],
                )?;
                Self::PrimaryEmail(
                    string("email", value.get("email").unwrap_or(&Value::Null))?.to_lowercase(),
                )
            }
            Test::DateOrNull(path) => Self::HasAny(path, vec![date(name, value)?]),
            Test::DateFrom(path) => Self::From(path, date(name, value)?),
            Test::DateUntil(path) => Self::Until(path, date(name, value)?),
            Test::DateBefore(path) => Self::Before(path, date(name, value)?),
            Test::TimeFrom(path) => Self::TimeFrom(path, time(name, value, switches)?),
            Test::TimeUntil(path) => Self::TimeUntil(path, time(name, value, switches)?),
            Test::Dates(path) => dates(path, value)?,
            Test::Without(part, path) => {
                let Some(ids) = value.get(part) else {
                    return Ok(None);
                };
                Self::HasNone(path, uuids(part, ids)?.iter().map(Uuid::to_string).collect())
            }
            Test::ProjectStatus(allowed) => {
                let status = among(name, vec![string(name, value)?], allowed)?.remove(0);
                let today = Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
                Self::ProjectStatus(status, today.chars().take(10).collect())
            }
            Test::Everything => return Ok(None),
        };
        Ok(Some(condition))
    }

    /// What holds for this filter when the request does not give it.
    pub(crate) fn unasked(filter: &Filter) -> Option<Self> {
        match filter.test {
            Test::AnyOf(path, _, unasked) if !unasked.is_empty() => {
                Some(Self::HasAny(path, unasked.iter().map(ToString::to_string).collect()))
            }
            _ => None,
        }
    }

    pub(crate) fn holds(&self, record: &Record<'_>) -> bool {
        match self {
            Self::Ids(ids) => {
                record.text("id").and_then(|id| id.parse().ok()).is_some_and(|id| ids.contains(&id))
            }
            Self::UpdatedSince(since) => record.row.updated >= *since,
            Self::Term(paths, term) => paths
                .iter()
                .any(|path| record.texts(path).iter().any(|text| text.to_lowercase().contains(term))),
            Self::HasAll(path, wanted) => {
                let texts = texts(record, path);
                wanted.iter().all(|text| texts.iter().any(|other| other == text))
            }
            Self::HasAny(path, wanted) => {
                record.texts(path).iter().any(|text| wanted.iter().any(|it| it == text))
            }
            Self::Reference(path, wanted) => {
                let relations = record.relations(path);
                wanted
                    .iter()
                    .any(|(kind, id)| relations.iter().any(|(type_, id_)| type_ == kind && id_ == id))
            }
            Self::Flag(path, wanted) => record.values(path).contains(&&b"true"[..]) == *wanted,
            Self::PrimaryEmail(email) => {
                record.texts("emails[].email").first().is_some_and(|text| text.to_lowercase() == *email)
            }
            Self::HasNone(path, unwanted) => {
                !record.texts(path).iter().any(|text| unwanted.iter().any(|it| it == text))
            }
            Self::Missing(path) => record.text(path).is_none(),
            Self::From(path, from) => on_day(record, path, |day| day >= from.as_str()),
            Self::Until(path, until) => on_day(record, path, |day| day <= until.as_str()),
            Self::After(path, date) => on_day(record, path, |day| day > date.as_str()),
            Self::Before(path, date) => on_day(record, path, |day| day < date.as_str()),
            Self::Between(path, start, end) => {
                on_day(record, path, |day| day >= start.as_str() && day <= end.as_str())
            }
            Self::TimeFrom(path, from) => seconds(record, path).is_some_and(|at| at >= *from),
            Self::TimeUntil(path, until) => seconds(record, path).is_some_and(|at| at <= *until),
            Self::ProjectStatus(status, today) => project_has_status(record, status, today),
        }
    }
}

/// Lists of plain texts are given without brackets in the catalogue.
fn texts<'r>(record: &'r Record<'_>, path: &str) -> Vec<Cow<'r, str>> {
    record.texts(&format!("{path}[]"))
}

/// Deals are filtered by the context `deal` but answer with `sale`.
fn with_live_name(mut values: Vec<String>) -> Vec<String> {
    if values == ["deal"] {
        values.push("sale".into());
    }
    values
}

/// Rows are open or closed; the filter also knows what the dates make of an open one.
fn project_has_status(record: &Record<'_>, status: &str, today: &str) -> bool {
    let is_open = record.text("status").is_some_and(|status| status == "open");
    let started = record.text("start_date").is_some_and(|date| *date <= *today);
    let ended = record.text("end_date").is_some_and(|date| *date < *today);
    match status {
        "open" => is_open,
        "closed" => !is_open,
        "planned" => is_open && !started,
        "running" => is_open && started && !ended,
        "overdue" => is_open && ended,
        _ => false,
    }
}

/// Asks about the date at a path, or the day of the time there.
fn on_day(record: &Record<'_>, path: &str, holds: impl Fn(&str) -> bool) -> bool {
    record.text(path).is_some_and(|text| text.get(..10).is_some_and(holds))
}

fn seconds(record: &Record<'_>, path: &str) -> Option<i64> {
    record.text(path)?.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

pub(super) fn string(field: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Err(Problem::new(field, "must be present")),
        _ => Err(Problem::new(field, "must be a string")),
    }
}

pub(super) fn list<'v>(field: &str, value: &'v Value) -> Result<&'v Vec<Value>, Problem> {
    value.as_array().ok_or_else(|| Problem::new(field, "must be an array"))
}

pub(super) fn strings(field: &str, value: &Value) -> Result<Vec<String>, Problem> {
    list(field, value)?.iter().map(|value| string(field, value)).collect()
}

pub(super) fn among(field: &str, values: Vec<String>, allowed: &[&str]) -> Result<Vec<String>, Problem> {
    let known = values.iter().all(|value| allowed.contains(&value.as_str()));
    if known { Ok(values) } else { Err(Problem::not_among(field, allowed)) }
}

pub(crate) fn uuid(field: &str, value: &Value) -> Result<Uuid, Problem> {
    let text = string(field, value)?;
    let is_canonical = text.len() == 36;
    Uuid::parse_str(&text).ok().filter(|_| is_canonical).ok_or_else(|| Problem::new(field, "invalid uuid"))
}

fn uuids(field: &str, value: &Value) -> Result<Vec<Uuid>, Problem> {
    list(field, value)?.iter().map(|value| uuid(field, value)).collect()
}

pub(super) fn reference(value: &Value, types: &[&str]) -> Result<(String, String), Problem> {
    let part = |name| value.get(name).unwrap_or(&Value::Null);
    let kind = among("type", vec![string("type", part("type"))?], types)?.remove(0);
    Ok((kind, uuid("id", part("id"))?.to_string()))
}

/// GET sends flags as texts.
fn flag(field: &str, value: &Value) -> Result<bool, Problem> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text == "true" || text == "1" => Ok(true),
        Value::String(text) if text == "false" || text == "0" => Ok(false),
        _ => Err(Problem::new(field, "must be a boolean")),
    }
}

pub(super) fn date(field: &str, value: &Value) -> Result<String, Problem> {
    let text = string(field, value)?;
    match text.parse::<Date>() {
        Ok(_) if text.len() == 10 => Ok(text),
        _ => Err(Problem::new(field, "must be a valid date")),
    }
}

/// `between` includes both days; `before` and `after` leave out the day they name.
fn dates(path: &'static str, value: &Value) -> Result<Condition, Problem> {
    const OPERATORS: &[&str] = &["is_empty", "between", "equals", "before", "after"];
    let part = |name| value.get(name).unwrap_or(&Value::Null);
    let operator = among("operator", vec![string("operator", part("operator"))?], OPERATORS)?.remove(0);
    Ok(match operator.as_str() {
        "is_empty" => Condition::Missing(path),
        "between" => Condition::Between(path, date("start", part("start"))?, date("end", part("end"))?),
        operator => {
            let day = date("value", part("value"))?;
            match operator {
                "before" => Condition::Before(path, day),
                "after" => Condition::After(path, day),
                _ => Condition::Between(path, day.clone(), day),
            }
        }
    })
}

/// Seconds since 1970. A date alone, or a time without offset, is no moment.
fn time(field: &str, value: &Value, switches: &Switches) -> Result<i64, Problem> {
    let text = string(field, value)?;
    let too_free = text.ends_with(['Z', 'z']) || text.contains('.');
    if switches.strict_dates && too_free {
        return Err(Problem::new(field, "must be a valid date"));
    }
    text.parse::<Timestamp>()
        .map(Timestamp::as_second)
        .map_err(|_| Problem::new(field, "must be a valid date"))
}

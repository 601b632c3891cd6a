//! `userAvailability.total` and `.daily`: working hours of active users over a period, weekends excepted.

use jiff::civil::{Date, Weekday};
use serde_json::{Map, Value, json};

use super::super::condition::{date, list, reference};
use super::super::problem::Problem;
use super::{Answer, parameter};
use crate::random::{hash, mix};
use crate::reply::Reply;
use crate::state::State;

/// Minutes of a working day.
const DAY: u64 = 480;

pub(super) fn total(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    answer(state, parameters, 20_000, |user, days| {
        let mut sum = Minutes::default();
        for day in days {
            sum.add(&Minutes::of(user, *day));
        }
        ("availability", sum.shown())
    })
}

pub(super) fn daily(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    answer(state, parameters, 100, |user, days| {
        let day = |day: &Date| json!({"date": day, "availability": Minutes::of(user, *day).shown()});
        ("availabilities", days.iter().map(day).collect())
    })
}

fn answer(
    state: &mut State,
    parameters: &Map<String, Value>,
    longest: usize,
    show: fn(&str, &[Date]) -> (&'static str, Value),
) -> Answer {
    let days = days(parameter(parameters, "period"), longest)?;
    let wanted = assignees(parameter(parameters, "filter"))?;
    let (size, number) = page(parameter(parameters, "page"))?;
    let users = active_users(state);
    let is_wanted = |user: &&Map<String, Value>| wanted.is_empty() || wanted.iter().any(|it| is(user, it));
    let rows: Vec<Value> = users
        .iter()
        .filter(is_wanted)
        .skip((number - 1).saturating_mul(size))
        .take(size)
        .filter_map(|user| user.get("id")?.as_str())
        .map(|id| {
            let (name, shown) = show(id, &days);
            json!({"user": {"type": "user", "id": id}, name: shown})
        })
        .collect();
    Ok(Reply::json(200, &json!({ "data": rows })))
}

/// Every day of the period, both ends included.
fn days(period: &Value, longest: usize) -> Result<Vec<Date>, Vec<Problem>> {
    if !period.is_object() {
        return Err(vec![Problem::new("period", "must be present")]);
    }
    let day = |name: &str| {
        let text = date(name, period.get(name).unwrap_or(&Value::Null))?;
        text.parse::<Date>().map_err(|_| Problem::new(name, "must be a valid date"))
    };
    let (first, last) = super::both(day("start_date"), day("end_date"))?;
    if last < first {
        return Err(vec![Problem::new("end_date", "must be greater than or equal to start_date")]);
    }
    let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
    let days: Vec<Date> = days.take(longest + 1).collect();
    if days.len() > longest {
        return Err(vec![Problem::new("period", format!("must not be longer than {longest} days"))]);
    }
    Ok(days)
}

fn assignees(filter: &Value) -> Result<Vec<(String, String)>, Vec<Problem>> {
    let Some(assignees) = filter.get("assignees") else {
        return Ok(Vec::new());
    };
    let assignees = list("assignees", assignees).map_err(|problem| vec![problem])?;
    let each = assignees.iter().map(|assignee| reference(assignee, &["team", "user"]));
    each.collect::<Result<_, _>>().map_err(|problem| vec![problem])
}

pub(super) fn page(page: &Value) -> Result<(usize, usize), Vec<Problem>> {
    let number = |name: &str, default: u64, most: u64| match page.get(name) {
        None | Some(Value::Null) => usize::try_from(default).ok(),
        Some(value) => {
            value.as_u64().filter(|it| (1..=most).contains(it)).and_then(|it| usize::try_from(it).ok())
        }
    };
    let size = number("size", 20, 100).ok_or_else(|| Problem::new("size", "must be between 1 and 100"));
    let place = number("number", 1, u64::from(u32::MAX))
        .ok_or_else(|| Problem::new("number", "must be greater than or equal to 1"));
    super::both(size, place)
}

fn active_users(state: &State) -> Vec<Map<String, Value>> {
    let Some(table) = state.store.named("users") else {
        return Vec::new();
    };
    let rows = table.live().iter().filter_map(|slot| table.record(&state.store.world, *slot));
    let rows = rows.map(|record| record.decoded());
    rows.filter(|user| user.get("status").is_some_and(|status| status == "active")).collect()
}

/// Whether a user is meant, or belongs to the team that is.
fn is(user: &Map<String, Value>, (kind, id): &(String, String)) -> bool {
    match kind.as_str() {
        "user" => user.get("id").is_some_and(|it| it == id),
        _ => user
            .get("teams")
            .and_then(Value::as_array)
            .is_some_and(|teams| teams.iter().any(|team| team["id"] == *id)),
    }
}

pub(super) fn is_day_off(user: &str, day: Date) -> bool {
    is_weekend(day) || chance(user, day).is_multiple_of(12)
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn chance(user: &str, day: Date) -> u64 {
    mix(hash(user) ^ hash(&day.to_string()))
}

#[derive(Default)]
struct Minutes {
    gross: u64,
    net: u64,
    planned: u64,
}

impl Minutes {
    /// One day in twelve is taken off, and some part of the others is planned.
    fn of(user: &str, day: Date) -> Self {
        if is_weekend(day) {
            return Self::default();
        }
        let chance = chance(user, day);
        let net = if is_day_off(user, day) { 0 } else { DAY };
        Self { gross: DAY, net, planned: net.min(30 * (chance >> 8) % DAY) }
    }

    fn add(&mut self, other: &Self) {
        self.gross += other.gross;
        self.net += other.net;
        self.planned += other.planned;
    }

    fn shown(&self) -> Value {
        let minutes = |value: u64| json!({"value": value, "unit": "minutes"});
        json!({
            "gross_time_available": minutes(self.gross),
            "net_time_available": minutes(self.net),
            "planned_time": minutes(self.planned),
            "unplanned_time": minutes(self.net - self.planned),
        })
    }
}

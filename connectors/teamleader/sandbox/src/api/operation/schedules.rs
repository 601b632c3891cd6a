//! `userSchedules.list`: when users work on the days that are asked for, seven of them at most.

use jiff::civil::{Date, Weekday};
use serde_json::{Map, Value, json};

use super::super::condition::{date, list, uuid};
use super::super::problem::Problem;
use super::availability::{is_day_off, page};
use super::{Answer, both, parameter};
use crate::reply::Reply;
use crate::state::State;

/// Days that are shown at a time.
const MOST_DAYS: usize = 7;

pub(super) fn schedules(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let filter = parameter(parameters, "filter");
    let (days, wanted) = (days(filter)?, wanted(filter).map_err(|problem| vec![problem])?);
    let (size, number) = page(parameter(parameters, "page"))?;
    let users: Vec<String> = ids_of_users(state).into_iter().filter(|id| wanted.contains(id)).collect();
    let rows: Vec<Value> = users
        .iter()
        .skip((number - 1).saturating_mul(size))
        .take(size)
        .map(|id| json!({"user": {"type": "user", "id": id}, "schedule": schedule(id, &days)}))
        .collect();
    let mut answer = json!({ "data": rows });
    let includes = parameter(parameters, "includes").as_str().unwrap_or_default();
    if state.switches.meta_everywhere || includes.split(',').any(|name| name == "pagination") {
        answer["meta"] = json!({"page": {"size": size, "number": number}, "matches": users.len()});
    }
    Ok(Reply::json(200, &answer))
}

/// Every day of the window, both ends included.
fn days(filter: &Value) -> Result<Vec<Date>, Vec<Problem>> {
    let day = |name: &str| {
        let text = date(name, filter.get(name).unwrap_or(&Value::Null))?;
        text.parse::<Date>().map_err(|_| Problem::new(name, "must be a valid date"))
    };
    let (first, last) = both(day("from"), day("until"))?;
    let days: Vec<Date> =
        first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).take(MOST_DAYS + 1).collect();
    match days.len() {
        0 => Err(vec![Problem::new("until", "must be greater than or equal to from")]),
        count if count > MOST_DAYS => {
            Err(vec![Problem::new("until", format!("must be at most {MOST_DAYS} days after from"))])
        }
        _ => Ok(days),
    }
}

fn wanted(filter: &Value) -> Result<Vec<String>, Problem> {
    let ids = filter.get("user_ids").unwrap_or(&Value::Null);
    if ids.is_null() {
        return Err(Problem::new("user_ids", "must be present"));
    }
    list("user_ids", ids)?.iter().map(|id| uuid("user_ids", id).map(|id| id.to_string())).collect()
}

fn ids_of_users(state: &State) -> Vec<String> {
    let Some(table) = state.store.named("users") else {
        return Vec::new();
    };
    let records = table.live().iter().filter_map(|slot| table.record(&state.store.world, *slot));
    records.filter_map(|record| Some(record.text("id")?.into_owned())).collect()
}

/// Days without work are left out.
fn schedule(user: &str, days: &[Date]) -> Vec<Value> {
    let periods = |day: &Date| {
        let time = |time: &str| json!({ "time": time });
        let period = |kind: &str, start: &str, end: &str| json!({"type": kind, "start": time(start), "end": time(end)});
        if day.weekday() == Weekday::Friday {
            return json!([period("working_hours", "09:00", "12:30")]);
        }
        json!([
            period("working_hours", "08:30", "12:00"),
            period("lunch_break", "12:00", "12:45"),
            period("working_hours", "12:45", "17:15"),
        ])
    };
    let worked = days.iter().filter(|day| !is_day_off(user, **day));
    worked.map(|day| json!({"date": day, "periods": periods(day)})).collect()
}

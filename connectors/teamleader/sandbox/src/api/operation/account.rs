//! Who is connected and what holds for the account: `users.me`, the state of its projects, the running timer.

use serde_json::{Map, Value, json};

use super::Answer;
use crate::data::{Draw, RowWriter, rfc3339};
use crate::reply::Reply;
use crate::state::State;

/// The first user, in whatever account the tokens belong to.
pub(super) fn me(state: &mut State, _: &Map<String, Value>) -> Answer {
    let table = state.store.named("users");
    let row = table.and_then(|table| table.row(*table.live().first()?));
    let mut user = match (table, row) {
        (Some(table), Some(row)) => {
            let mut text = Vec::new();
            table.write_info(&state.store.world, row, &mut text);
            serde_json::from_slice(&text).unwrap_or_default()
        }
        _ => unlisted(state),
    };
    user.insert("account".into(), json!({"type": "account", "id": state.account}));
    user.insert("email_verification_status".into(), "confirmed".into());
    user.insert("preferences".into(), json!({"invoiceable": false}));
    Ok(Reply::json(200, &json!({ "data": user })))
}

/// Somebody connected the integration, even when the list of users was left out.
fn unlisted(state: &State) -> Map<String, Value> {
    let Some(users) = state.store.named("users").map(|table| table.resource) else {
        return Map::new();
    };
    let world = &state.store.world;
    let mut writer = RowWriter::default();
    let mut draw = Draw::new(world, users, 0, world.times(users.entity, 0), &mut writer);
    draw.stored_row(users.attributes);
    draw.info_fields(users.attributes);
    draw.raw("}");
    serde_json::from_slice(&writer.bytes).unwrap_or_default()
}

pub(super) fn projects_status(state: &mut State, _: &Map<String, Value>) -> Answer {
    let mut data = json!({"status": state.switches.projects_status});
    if let Some(day) = &state.switches.projects_switched_on {
        data["will_be_automatically_switched_on"] = json!(day);
    }
    Ok(Reply::json(200, &json!({ "data": data })))
}

/// The first user measures the time of something for 25 minutes already.
pub(super) fn timer(state: &mut State, _: &Map<String, Value>) -> Answer {
    if !state.switches.timer_runs {
        return Ok(Reply::error(404, "Not found"));
    }
    let world = &state.store.world;
    let relation = |entity: &str| json!({"type": entity, "id": world.id(entity, 0)});
    let timer = json!({
        "id": world.id("timer", 0),
        "user": relation("user"),
        "work_type": relation("workType"),
        "started_at": rfc3339(state.clock.seconds() - 1500),
        "description": "Plannen & bellen",
        "subject": relation("milestone"),
        "invoiceable": true,
    });
    Ok(Reply::json(200, &json!({ "data": timer })))
}

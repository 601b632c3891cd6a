//! Who is connected: `users.me` and the state of the account's projects.

use serde_json::{Map, Value, json};

use crate::data::{Draw, RowWriter};
use crate::reply::Reply;
use crate::state::State;

/// The first user, in whatever account the tokens belong to.
pub(super) fn me(state: &State) -> Reply {
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
    Reply::json(200, &json!({ "data": user }))
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

pub(super) fn projects_status(state: &State) -> Reply {
    Reply::json(200, &json!({"data": {"status": state.switches.projects_status}}))
}

//! One thing found by what points at it: a ticket message, a page in the customer's cloud, the new form of an old id.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::condition::{among, string, uuid};
use super::super::problem::Problem;
use super::{Answer, both, parameter};
use crate::catalog::position_of_entity;
use crate::reply::Reply;
use crate::state::State;

/// Documented without the `data` around it, unlike everything else.
pub(super) fn ticket_message(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let id = uuid("message_id", parameter(parameters, "message_id")).map_err(|problem| vec![problem])?;
    match row(state, "ticketMessage", id) {
        Some(mut message) => {
            let body = message.get("body").cloned().unwrap_or_default();
            message.insert("raw_body".into(), body);
            let ticket = message.remove("_parent").unwrap_or_default();
            message.insert("ticket".into(), ticket);
            Ok(Reply::json(200, &Value::Object(message)))
        }
        None => Ok(Reply::error(404, "Not found")),
    }
}

pub(super) fn cloud_url(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let (entity, id) =
        both(kind(parameters, &["invoice", "quotation", "ticket"]), uuid("id", parameter(parameters, "id")))?;
    if row(state, &entity, id).is_none() {
        return Ok(Reply::error(404, "Not found"));
    }
    let url = format!("https://teamleader.cloud/{}/", id.simple());
    Ok(Reply::json(200, &json!({"data": {"url": url}})))
}

/// The numbers of the old API: the n-th row of its kind has the number n.
pub(super) fn migrated_id(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let (old, number) = both(kind(parameters, OLD_TYPES), number(parameter(parameters, "id")))?;
    let entity = match old.as_str() {
        "task" => "todo",
        "meeting" | "call" => "event",
        "customField" => "customFieldDefinition",
        same => same,
    };
    let world = &state.store.world;
    let known =
        position_of_entity(entity).map_or(1, |position| world.rows(crate::catalog::RESOURCES[position]));
    let Some(place) = number.checked_sub(1).filter(|place| (*place as usize) < known) else {
        return Ok(Reply::error(404, "Not found"));
    };
    let id = if entity == "account" { state.account } else { world.id(entity, place) };
    let shown = if old == "customField" { "customField" } else { entity };
    Ok(Reply::json(200, &json!({"data": {"type": shown, "id": id}})))
}

const OLD_TYPES: &[&str] = &[
    "account",
    "user",
    "department",
    "product",
    "contact",
    "company",
    "deal",
    "dealPhase",
    "project",
    "milestone",
    "task",
    "meeting",
    "call",
    "ticket",
    "invoice",
    "creditNote",
    "subscription",
    "quotation",
    "timeTracking",
    "customField",
];

fn kind(parameters: &Map<String, Value>, allowed: &[&str]) -> Result<String, Problem> {
    let kind = string("type", parameter(parameters, "type"))?;
    Ok(among("type", vec![kind], allowed)?.remove(0))
}

/// GET sends numbers as texts.
fn number(value: &Value) -> Result<u32, Problem> {
    let number = match value {
        Value::Null => return Err(Problem::new("id", "must be present")),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    number.ok_or_else(|| Problem::new("id", "must be a number"))
}

/// A row of this entity with everything it has.
pub(super) fn row(state: &State, entity: &str, id: Uuid) -> Option<Map<String, Value>> {
    let table = state.store.of_entity(entity)?;
    table.record(&state.store.world, table.slot(id)?).map(|record| record.decoded())
}

//! The control over HTTP: `/_sim/…`, for tests that drive real binaries.

use axum::http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::control::ControlError;
use crate::fault::Fault;
use crate::reply::{JSON, Reply};
use crate::request::{Request, from_query};
use crate::state::{State, known};
use crate::switches::Switches;

/// `path` is what follows `/_sim/`.
pub(crate) fn answer(state: &mut State, path: &str, request: &Request) -> Reply {
    let result = match path.strip_prefix("records/") {
        Some(rest) => records(state, rest, request),
        None => control(state, path, request),
    };
    result.unwrap_or_else(|error| Reply::error(400, &error.0))
}

type Answer = Result<Reply, ControlError>;

fn control(state: &mut State, path: &str, request: &Request) -> Answer {
    let reply = match (request.method.as_str(), path) {
        ("GET", "health") => health(state),
        ("POST", "clock") => clock(state, &parse(request)?),
        ("POST", "faults") => faults(state, parse(request)?)?,
        ("DELETE", "faults") => {
            state.faults.clear();
            done()
        }
        ("POST", "schedule") => {
            state.schedule.add(parse(request)?);
            done()
        }
        ("POST", "tokens") => tokens(state, parse(request)?),
        ("POST", "tokens/expire") => {
            let now = state.clock.now();
            state.grants.expire_access(now);
            done()
        }
        ("POST", "tokens/revoke") => revoke(state, &parse(request)?),
        ("POST", "account") => account(state, &parse(request)?),
        ("GET", "requests") => {
            let (requests, counters) = (state.log.requests(), &state.log.counters);
            Reply::json(200, &json!({"requests": requests, "counters": counters}))
        }
        ("DELETE", "requests") => {
            state.log.clear();
            done()
        }
        ("GET", "webhooks") => {
            let webhooks = &state.webhooks;
            let (registered, messages) = (webhooks.registrations(), webhooks.messages());
            Reply::json(200, &json!({"registered": registered, "messages": messages}))
        }
        ("POST", "webhooks") => {
            let message: Message = parse(request)?;
            state.send_webhook(message.url.as_deref(), &message.payload);
            done()
        }
        ("DELETE", "webhooks") => {
            state.webhooks.forget_messages();
            done()
        }
        ("GET", "switches") => Reply::json(200, &json!(state.switches)),
        ("POST", "switches") => switches(state, parse(request)?)?,
        _ => Reply::error(404, "There is no such control"),
    };
    Ok(reply)
}

fn done() -> Reply {
    Reply::empty(204)
}

/// An empty body stands for an empty object.
fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, ControlError> {
    let body: &[u8] = if request.body.is_empty() { b"{}" } else { &request.body };
    serde_json::from_slice(body).map_err(|error| ControlError(error.to_string()))
}

fn health(state: &State) -> Reply {
    let now = Timestamp::from_millisecond(state.clock.now()).unwrap_or(Timestamp::UNIX_EPOCH);
    let rows: Map<String, Value> = crate::catalog::RESOURCES
        .iter()
        .filter_map(|resource| {
            Some((resource.name.to_owned(), state.store.named(resource.name)?.len().into()))
        })
        .collect();
    Reply::json(
        200,
        &json!({
            "status": "ok",
            "now": now,
            "account": state.account,
            "client_id": state.client.id,
            "client_secret": state.client.secret,
            "rows": rows,
        }),
    )
}

/// `records/{resource}` and `records/{resource}/{id}`; a resource may have a slash in its name.
fn records(state: &mut State, rest: &str, request: &Request) -> Answer {
    match (&request.method, rest.rsplit_once('/')) {
        (&Method::GET, _) if known(rest).is_ok() => Ok(list(state, known(rest)?, &request.query)),
        (&Method::POST, _) => {
            let id = state.insert(rest, parse(request)?)?;
            Ok(Reply::json(201, &json!({"data": {"id": id}})))
        }
        (&Method::GET, Some((resource, id))) => one(state, known(resource)?, id),
        (&Method::PATCH, Some((resource, id))) => {
            let touch = from_query(&request.query).get("touch").is_none_or(|touch| touch != "false");
            state.update(resource, id, parse(request)?, touch)?;
            Ok(done())
        }
        (&Method::DELETE, Some((resource, id))) => {
            state.delete(resource, id)?;
            Ok(done())
        }
        _ => Ok(Reply::error(404, "There is no such resource")),
    }
}

/// All rows, or those from `offset` on and at most `limit` of them.
fn list(state: &State, position: usize, query: &str) -> Reply {
    let window = from_query(query);
    let number =
        |name: &str| window.get(name).and_then(Value::as_str).and_then(|text| text.parse::<usize>().ok());
    let table = state.store.table(position);
    let pieces = table.all_pieces();
    let slots =
        table.live().iter().skip(number("offset").unwrap_or(0)).take(number("limit").unwrap_or(usize::MAX));
    let mut body = b"{\"data\":[".to_vec();
    let start = body.len();
    for row in slots.filter_map(|slot| table.row(*slot)) {
        if body.len() > start {
            body.push(b',');
        }
        table.write(row, &pieces, &mut body);
    }
    body.extend_from_slice(format!("],\"matches\":{}}}", table.len()).as_bytes());
    Reply::new(200, JSON, body)
}

fn one(state: &State, position: usize, id: &str) -> Answer {
    let table = state.store.table(position);
    let slot = table.slot(crate::state::parsed(id)?);
    match slot.and_then(|slot| table.record(&state.store.world, slot)) {
        Some(record) => Ok(Reply::json(200, &json!({"data": record.decoded()}))),
        None => Ok(Reply::error(404, "There is no such row")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    set: Option<Timestamp>,
    advance_seconds: Option<i64>,
    frozen: Option<bool>,
}

fn clock(state: &mut State, change: &ClockChange) -> Reply {
    if let Some(frozen) = change.frozen {
        state.clock.freeze(frozen);
    }
    if let Some(now) = change.set {
        state.clock.set(now.as_millisecond());
    }
    state.clock.advance(change.advance_seconds.unwrap_or(0).saturating_mul(1000));
    health(state)
}

/// One fault or a list of them.
fn faults(state: &mut State, body: Value) -> Answer {
    match body {
        Value::Array(faults) => faults.into_iter().try_for_each(|fault| add_fault(state, fault))?,
        fault => add_fault(state, fault)?,
    }
    Ok(done())
}

fn add_fault(state: &mut State, fault: Value) -> Result<(), ControlError> {
    let fault: Fault = serde_json::from_value(fault).map_err(|error| ControlError(error.to_string()))?;
    state.faults.add(fault);
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    scopes: Option<Vec<String>>,
}

fn tokens(state: &mut State, request: TokenRequest) -> Reply {
    let scopes = request.scopes.unwrap_or_else(|| state.switches.scopes.clone());
    let pair = state.grants.issue(scopes, state.account, state.clock.now());
    Reply::json(201, &json!(pair))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    #[serde(default)]
    refresh_only: bool,
}

fn revoke(state: &mut State, revocation: &Revocation) -> Reply {
    if revocation.refresh_only {
        state.grants.revoke_refresh();
    } else {
        state.grants.revoke_all();
    }
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    id: Option<Uuid>,
}

fn account(state: &mut State, change: &AccountChange) -> Reply {
    let id = state.switch_account(change.id);
    Reply::json(200, &json!({ "id": id }))
}

/// A webhook to one URL, or to every registered one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    url: Option<String>,
    payload: Value,
}

/// The given switches are set, the others stay.
fn switches(state: &mut State, given: Map<String, Value>) -> Answer {
    let mut all = json!(state.switches);
    if let Value::Object(all) = &mut all {
        all.extend(given);
    }
    let changed: Switches = serde_json::from_value(all).map_err(|error| ControlError(error.to_string()))?;
    state.switches = changed;
    Ok(Reply::json(200, &json!(state.switches)))
}

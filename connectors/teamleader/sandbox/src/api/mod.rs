//! The API: checks in the order of the service, then lists and single rows.

mod condition;
mod list;
mod meta;
mod operation;
mod parent;
mod problem;
mod query;
mod select;
mod sideload;
mod single;
mod version;

use axum::http::Method;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use operation::{Operation, operation_at};
use serde_json::json;
use version::UnknownVersion;

use crate::catalog::{RESOURCES, position, position_of_list};
use crate::limiter::Standing;
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// How faults bend a list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bend {
    pub(crate) repeat_first_page: bool,
    pub(crate) duplicate_row: bool,
}

enum Endpoint {
    List(usize),
    Info(usize),
    Operation(&'static Operation),
}

/// What an authenticated request carries through the checks.
pub(crate) struct Session {
    pub(crate) token: u64,
    scopes: Vec<String>,
    standing: Standing,
}

pub(crate) fn answer(state: &mut State, request: &Request, bend: Bend) -> (Reply, Option<u64>) {
    let Some(endpoint) = endpoint(&request.path) else {
        return (Reply::error(404, "Not found"), None);
    };
    let by_get = !matches!(endpoint, Endpoint::Operation(Operation { by_get: false, .. }));
    let get_allowed = request.method == Method::GET && by_get && state.switches.get_allowed;
    if request.method != Method::POST && !get_allowed {
        return (Reply::error(405, "Method not allowed"), None);
    }
    let Some(session) = open(state, request) else {
        return (unauthorized(), None);
    };
    let version = version::asked(request, &state.switches.client_version);
    let shown = version.clone().unwrap_or_else(|_| state.switches.client_version.clone());
    let reply = if session.standing.accepted {
        checked(state, request, &endpoint, &session, bend, version)
    } else {
        too_many(state, session.standing)
    };
    (with_headers(reply, &session, &shown), Some(session.token))
}

/// Puts the headers of an authenticated answer on a reply made elsewhere, and counts the request.
pub(crate) fn dress(state: &mut State, request: &Request, reply: Reply) -> (Reply, Option<u64>) {
    let version = state.switches.client_version.clone();
    match endpoint(&request.path).and_then(|_| open(state, request)) {
        Some(session) => (with_headers(reply, &session, &version), Some(session.token)),
        None => (reply, None),
    }
}

fn endpoint(path: &str) -> Option<Endpoint> {
    let path = path.strip_prefix('/')?;
    if let Some(operation) = operation_at(path) {
        return Some(Endpoint::Operation(operation));
    }
    position_of_list(path).map(Endpoint::List).or_else(|| info(path))
}

fn info(path: &str) -> Option<Endpoint> {
    let position = position(path.strip_suffix(".info")?)?;
    RESOURCES[position].has_info.then_some(Endpoint::Info(position))
}

/// Checks the token and counts the request.
fn open(state: &mut State, request: &Request) -> Option<Session> {
    let now = state.clock.now();
    let access = state.grants.access(request.bearer()?, now)?;
    let (token, scopes) = (access.number, access.scopes.clone());
    let switches = &state.switches;
    let standing = state.limiter.request(
        state.account,
        now,
        switches.requests_per_minute,
        switches.limit_counts_refused,
    );
    Some(Session { token, scopes, standing })
}

fn unauthorized() -> Reply {
    Reply::json(
        401,
        &json!({"errors": [{
            "code": 9,
            "title": "The resource owner or authorization server denied the request.",
            "status": 401,
            "meta": {"type": "access_denied", "hint": "Access token could not be verified"},
        }]}),
    )
}

fn too_many(state: &State, standing: Standing) -> Reply {
    let reply = Reply::refusal(429, "Too many requests", state.switches.limit_body);
    if !state.switches.limit_retry_after {
        return reply;
    }
    let wait = (standing.reset - state.clock.now() + 999) / 1000;
    reply.header("retry-after", wait.to_string())
}

fn checked(
    state: &mut State,
    request: &Request,
    endpoint: &Endpoint,
    session: &Session,
    bend: Bend,
    version: Result<String, UnknownVersion>,
) -> Reply {
    if is_forbidden(state, request, endpoint, session) {
        return Reply::error(403, "Access denied");
    }
    let Ok(parameters) = request.parameters() else {
        return Reply::error(400, "Invalid JSON");
    };
    let Ok(version) = version else {
        return Reply::error(400, "Invalid API version");
    };
    let result = match endpoint {
        Endpoint::List(position) => list::answer(state, *position, &parameters, bend, &version),
        Endpoint::Info(position) => single::answer(state, *position, &parameters, &version),
        Endpoint::Operation(operation) => (operation.answer)(state, &parameters),
    };
    result.unwrap_or_else(|problems| problem::reply(&problems))
}

fn is_forbidden(state: &State, request: &Request, endpoint: &Endpoint, session: &Session) -> bool {
    let (scope, name) = match endpoint {
        Endpoint::List(position) | Endpoint::Info(position) => {
            (RESOURCES[*position].scope, RESOURCES[*position].name)
        }
        Endpoint::Operation(Operation { path, scope, .. }) => {
            (*scope, path.rsplit_once('.').map_or(*path, |(name, _)| name))
        }
    };
    let lacks_scope = scope.is_some_and(|scope| session.scopes.iter().all(|granted| granted != scope));
    let mut forbidden = state.switches.forbidden.iter();
    lacks_scope || forbidden.any(|forbidden| forbidden == name || *forbidden == request.path)
}

fn with_headers(reply: Reply, session: &Session, version: &str) -> Reply {
    let standing = session.standing;
    reply
        .header("x-ratelimit-limit", standing.limit.to_string())
        .header("x-ratelimit-remaining", standing.remaining.to_string())
        .header("x-ratelimit-reset", reset(standing.reset))
        .header("x-api-version", version)
}

/// `2021-06-15T10:51:23.035+0100`: an offset without a colon, which RFC 3339 does not know.
fn reset(at: i64) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let zone = TimeZone::fixed(Offset::constant(1));
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S.%3f%z").to_string()
}

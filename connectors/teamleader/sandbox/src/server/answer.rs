//! From a request to a reply: faults before, the service, faults after, then what was scheduled.

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use crate::effects::{self, Delivery};
use crate::fault::{FaultKind, When};
use crate::reply::Reply;
use crate::request::Request;
use crate::state::{Shared, State};
use crate::{api, oauth, sim};

/// More than any request of a client; inserting rows through the control needs the room.
const LARGEST_BODY: usize = 64 << 20;

pub(super) async fn answer(
    shared: &Shared,
    request: axum::http::Request<Body>,
) -> Result<(Reply, Delivery), Response> {
    let (head, body) = request.into_parts();
    let body =
        to_bytes(body, LARGEST_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    let request = Request {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        method: head.method,
        headers: head.headers,
        body,
    };
    let mut state = shared.lock();
    if let Some(path) = request.path.strip_prefix("/_sim/") {
        return Ok((sim::answer(&mut state, path, &request), Delivery::default()));
    }
    Ok(serve(&mut state, &request))
}

fn serve(state: &mut State, request: &Request) -> (Reply, Delivery) {
    let faults = state.faults.hit(&request.path);
    state.log.counters.faults += faults.len() as u64;
    change_account(state, &faults);
    let at = state.clock.now();

    let (mut reply, token) = match effects::replacement(&faults, When::Before) {
        Some(reply) => api::dress(state, request, reply),
        None => processed(state, request, &faults),
    };
    effects::rewrite(&faults, &mut reply);
    let delivery = effects::delivery(&faults);

    let status = if delivery.reset { 0 } else { reply.status };
    state.log.note(request, token, at, status);
    for action in state.schedule.answered(&request.path) {
        // The row may be gone by now; there is nobody to tell.
        let _ = state.act(action);
    }
    (reply, delivery)
}

fn change_account(state: &mut State, faults: &[FaultKind]) {
    if faults.contains(&FaultKind::TokenExpiry) {
        state.grants.expire_access(state.clock.now());
    }
    if faults.contains(&FaultKind::AccountSwitch) {
        state.switch_account(None);
    }
}

fn processed(state: &mut State, request: &Request, faults: &[FaultKind]) -> (Reply, Option<u64>) {
    let (reply, token) = match request.path.as_str() {
        "/oauth2/authorize" => (oauth::authorize(state, request), None),
        "/oauth2/access_token" => (oauth::exchange(state, request), None),
        _ => match state.downloads.fetch(request, state.clock.now()) {
            Some(reply) => (reply, None),
            None => api::answer(state, request, effects::bend(faults)),
        },
    };
    match effects::replacement(faults, When::After) {
        // The headers tell that the request was processed.
        Some(mut other) => {
            other.headers.extend(reply.headers.into_iter().filter(|(name, _)| name.starts_with("x-")));
            (other, token)
        }
        None => (reply, token),
    }
}

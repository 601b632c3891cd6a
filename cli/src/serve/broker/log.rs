//! The audit log over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::asked::{Asked, Done, in_time};
use super::parameters::invalid;
use super::refusal::Refusal;
use crate::audit::since;
use crate::serve::Server;
use crate::serve::access::Scope;

const READ: &str = "audit.read";

/// Entries in a page when the caller does not say, and at most.
const USUAL_PAGE: u64 = 100;
const LARGEST_PAGE: u64 = 1000;

pub(super) async fn read(State(_): State<Arc<Server>>, mut asked: Asked) -> Response {
    let outcome = in_time(page(&mut asked)).await;
    asked.end(READ, outcome).await
}

/// Of all apps: a key that is limited to some sees none of it.
async fn page(asked: &mut Asked) -> Result<Done, Refusal> {
    let log = asked.server.broker.audit.clone();
    let parameters = asked.parameters.clone();
    asked.caller()?.require_everywhere(Scope::AuditRead).map_err(|error| Refusal::of_access(error, true))?;
    let most = parameters.number("limit", LARGEST_PAGE)?.unwrap_or(USUAL_PAGE).max(1);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let after = match (parameters.text("cursor"), parameters.text("since")) {
        (Some(cursor), _) => cursor.parse().map_err(|_| invalid("cursor is not one of ours"))?,
        (None, Some(text)) => {
            let since = since(text).map_err(|expected| invalid(format!("since: {expected}")))?;
            log.before(since).await?
        }
        (None, None) => 0,
    };
    let entries = log.entries(after, most).await?;
    let is_full = entries.len() == usize::try_from(most).unwrap_or(usize::MAX);
    let next_cursor = entries.last().filter(|_| is_full).map(|last| last.seq.to_string());
    Ok(Done::new(Json(json!({"items": entries, "next_cursor": next_cursor})).into_response()))
}

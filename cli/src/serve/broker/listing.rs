//! The connections that a caller may see.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::{ConnectionSummary, RenewalStatus, TokenState};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::asked::{Asked, Done, in_time};
use super::parameters::invalid;
use super::refusal::Refusal;
use super::subject::Subject;
use crate::serve::Server;
use crate::serve::access::Scope;

const READ: &str = "connection.list";

/// Connections in a page when the caller does not say, and at most.
const USUAL_PAGE: u64 = 100;
const LARGEST_PAGE: u64 = 1000;

#[derive(Serialize)]
struct Item {
    #[serde(flatten)]
    subject: Subject,
    account: Option<String>,
    state: TokenState,
    expires_at: Option<Timestamp>,
    generation: u64,
    #[serde(flatten)]
    renewing: RenewalStatus,
    /// Where it stands in the order of the list.
    #[serde(skip)]
    place: String,
}

pub(super) async fn connections(State(_): State<Arc<Server>>, mut asked: Asked) -> Response {
    let outcome = in_time(list(&mut asked)).await;
    asked.end(READ, outcome).await
}

async fn list(asked: &mut Asked) -> Result<Done, Refusal> {
    let server = Arc::clone(&asked.server);
    let parameters = asked.parameters.clone();
    let caller = asked.caller()?;
    caller.require_scope(Scope::StatusRead).map_err(|error| Refusal::of_access(error, true))?;
    let state = match parameters.text("state") {
        None => None,
        Some(name) => Some(TokenState::from_name(name).ok_or_else(|| invalid("state has an unknown value"))?),
    };
    let limit = parameters.number("limit", LARGEST_PAGE)?.unwrap_or(USUAL_PAGE).max(1);
    let after = parameters.text("cursor").unwrap_or_default();
    let app_id = parameters.text("app_id");

    let mut items = Vec::new();
    for connector_type in server.apps.keys() {
        let connections = server.store.connections(connector_type).await?;
        items.extend(connections.into_iter().map(|summary| item(connector_type, summary)));
    }
    items.retain(|item| {
        item.place.as_str() > after
            && app_id.is_none_or(|app_id| item.subject.app_id == app_id)
            && state.is_none_or(|state| item.state == state)
            && caller.allows(Scope::StatusRead, &item.subject.app_id, &item.subject.connector_type)
    });
    items.sort_by(|one, other| one.place.cmp(&other.place));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = (items.len() > most).then(|| items[most - 1].place.clone());
    items.truncate(most);
    Ok(Done::new(Json(json!({"items": items, "next_cursor": next_cursor})).into_response()))
}

fn item(connector_type: &str, summary: ConnectionSummary) -> Item {
    Item {
        place: format!("{connector_type}:{}", summary.name),
        subject: Subject::of(connector_type, &summary.name),
        account: summary.account,
        state: TokenState::of(summary.state, summary.expires_at, Timestamp::now()),
        expires_at: summary.expires_at,
        generation: summary.generation,
        renewing: summary.renewal.into(),
    }
}

//! How a connection is, without its secrets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::{TokenState, TokenStatus, token_status};
use serde::Serialize;

use super::asked::{Allowed, Asked, Done, in_time};
use super::refusal::Refusal;
use super::subject::Subject;
use crate::serve::Server;
use crate::serve::access::Scope;

const READ: &str = "status.read";

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(flatten)]
    status: TokenStatus,
}

pub(super) async fn read(State(_): State<Arc<Server>>, mut asked: Asked) -> Response {
    let outcome = match asked.allowed(Scope::StatusRead) {
        Ok(allowed) => in_time(tell(&allowed)).await,
        Err(refusal) => Err(refusal),
    };
    asked.end(READ, outcome).await
}

async fn tell(allowed: &Allowed) -> Result<Done, Refusal> {
    let key = allowed.subject.key();
    let mut status = token_status(&allowed.lent(), &key).await?;
    // Of a code that somebody types in on another device, this server alone knows.
    if status.generation == 0 && allowed.server.broker.devices.wait_for(&key) {
        status.state = TokenState::PendingAuthorization;
    }
    let generation = (status.generation > 0).then_some(status.generation);
    let body = Body { subject: &allowed.subject, status };
    Ok(Done { generation, ..Done::new(Json(body).into_response()) })
}

//! How a connection is, without its secrets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use connector_core::oauth::{TokenStatus, token_status};
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
    let status = token_status(&allowed.lent(), &allowed.subject.key()).await?;
    let generation = (status.generation > 0).then_some(status.generation);
    let body = Body { subject: &allowed.subject, status };
    Ok(Done { generation, ..Done::new(Json(body).into_response()) })
}

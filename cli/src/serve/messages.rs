//! Messages of apps about changes, at the server's own port: each connection's at a path that is a secret.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connector_core::Result;
use connector_core::{ConnectorError, ErrorCode};
use tokio::task::JoinSet;

use super::Server;
use crate::target::Target;
use crate::webhooks::{Inbox, open};

/// Opens the inboxes of these connections; what reads their messages works among the tasks. With several connectors
/// the connector's id stands in front: `example:acme`.
pub(super) async fn inboxes(
    server: &Server,
    connections: &[String],
    tasks: &mut JoinSet<()>,
) -> Result<Vec<Inbox>> {
    let mut inboxes = Vec::new();
    for named in connections {
        let (app, name) = match (server.only_app(), named.split_once(':')) {
            (Some(app), None) => (app, named.as_str()),
            (_, Some((app_id, name))) => (server.app(app_id).ok_or_else(|| unknown(named))?, name),
            (None, None) => return Err(unknown(named)),
        };
        let target = Target { connection: Some(name.to_owned()), ..Target::default() };
        let host = app.host.sharing().with_stop(server.stop.clone());
        let (inbox, work) = open(&app.integration, host, name, target, server.stop.clone()).await?;
        tasks.spawn(work);
        inboxes.push(inbox);
    }
    Ok(inboxes)
}

fn unknown(named: &str) -> ConnectorError {
    let message = format!("--webhooks {named}: there is no such connector here");
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
        .hint("name a connection; where several connectors are served, with its connector: example:acme")
}

/// Takes a request that is for an inbox, before anybody writes its path down.
pub(super) async fn take(State(inboxes): State<Arc<[Inbox]>>, request: Request, next: Next) -> Response {
    // All are looked at: how long it takes tells nothing.
    let found = inboxes.iter().filter(|inbox| inbox.is_for(&request)).fold(None, |_, inbox| Some(inbox));
    match found {
        Some(inbox) => inbox.take(request).await.into_response(),
        None => next.run(request).await,
    }
}

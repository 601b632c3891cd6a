//! Keeping connections alive that nobody uses: `serve` renews them before they end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::jitter::jittered;
use super::{MARGIN, Need, RefreshCoordinator, Renewer};
use crate::dispatch::context_of_connection;
use crate::error::Result;
use crate::host::{Host, StopSignal};
use crate::integration::Integration;
use crate::oauth::{ConnectionKey, ConnectionState, ConnectionSummary};

/// Time between two rounds.
const ROUND: Duration = Duration::from_secs(30);

/// Some apps forget a refresh token that is not used; none forgets it within a day. Jitter adds up to a tenth.
const LONGEST_IDLE: Duration = Duration::from_hours(21);

/// Renewals at a time.
const AT_ONCE: usize = 4;

impl RefreshCoordinator {
    /// Renews the tokens of these apps' connections before they end, and those that nobody has renewed for a day, until
    /// told to stop. Connections that need a login are left alone.
    pub async fn sweep(
        self: Arc<Self>,
        integrations: Vec<Arc<Integration>>,
        host: Arc<dyn Host>,
        mut stop: StopSignal,
    ) {
        while !stop.is_given() {
            for integration in &integrations {
                self.sweep_app(integration, &host, &stop).await;
            }
            tokio::select! {
                () = tokio::time::sleep(jittered(ROUND)) => {}
                () = stop.given() => {}
            }
        }
    }

    async fn sweep_app(
        self: &Arc<Self>,
        integration: &Arc<Integration>,
        host: &Arc<dyn Host>,
        stop: &StopSignal,
    ) {
        let connections = match self.store.list(integration.app_id()).await {
            Ok(connections) => connections,
            Err(error) => {
                tracing::warn!(%error, "the connections cannot be listed; none is renewed ahead of time");
                return;
            }
        };
        let now = self.now();
        let due = connections.into_iter().filter(|connection| is_due(connection, now));
        let renewals = due.map(|connection| self.renew_ahead(integration, host, connection, stop));
        futures_util::stream::iter(renewals).for_each_concurrent(AT_ONCE, |renewal| renewal).await;
    }

    async fn renew_ahead(
        self: &Arc<Self>,
        integration: &Arc<Integration>,
        host: &Arc<dyn Host>,
        connection: ConnectionSummary,
        stop: &StopSignal,
    ) {
        if stop.is_given() {
            return;
        }
        let name = connection.name.clone();
        if let Err(error) = self.renew_idle(integration, host, connection).await {
            tracing::warn!(connection = name, %error, "not renewed ahead of time");
        }
    }

    async fn renew_idle(
        self: &Arc<Self>,
        integration: &Arc<Integration>,
        host: &Arc<dyn Host>,
        summary: ConnectionSummary,
    ) -> Result<()> {
        let is_idle = is_idle(&summary, self.now());
        let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: summary.name };
        let Some(connection) = self.connection(&key).await? else { return Ok(()) };
        if connection.tokens.refresh_token.is_none() {
            return Ok(());
        }
        let mut need = Need::of(MARGIN + ROUND);
        if is_idle && connection.generation == summary.generation {
            need.other_than = Some(connection.tokens.access_token.clone());
        }
        let renewer: Arc<dyn Renewer> =
            Arc::new(context_of_connection(integration, host, self, &key, &connection)?);
        self.get(&key, &need, &renewer).await.map(drop)
    }
}

/// Whether a connection should be renewed although nobody asks for its token.
fn is_due(connection: &ConnectionSummary, now: Timestamp) -> bool {
    let ends_within = |life: Duration| {
        let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
        connection.expires_at.is_some_and(|expires_at| expires_at.duration_since(now) <= life)
    };
    if connection.renewal.retry_after.is_some_and(|until| until > now) {
        return false;
    }
    match connection.state {
        ConnectionState::Active | ConnectionState::Misconfigured => {
            ends_within(MARGIN + ROUND) || is_idle(connection, now)
        }
        ConnectionState::RefreshIndeterminate => ends_within(Duration::ZERO),
        _ => false,
    }
}

/// Whether nobody has renewed it for a day, or somebody tried to and could not.
fn is_idle(connection: &ConnectionSummary, now: Timestamp) -> bool {
    let renewed_at = connection.renewal.succeeded_at.unwrap_or(connection.updated_at);
    let idle = Duration::try_from(now.duration_since(renewed_at)).unwrap_or_default();
    connection.renewal.failures > 0 || idle >= jittered(LONGEST_IDLE)
}

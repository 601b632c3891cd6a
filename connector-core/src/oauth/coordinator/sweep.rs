//! Keeping connections alive that nobody uses: `serve` renews them before they end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::jitter::jittered;
use super::{ANSWER, MARGIN, Need, RefreshCoordinator, Renewer, within};
use crate::dispatch::context_of_connection;
use crate::error::Result;
use crate::host::{Host, StopSignal};
use crate::integration::Integration;
use crate::oauth::{Connection, ConnectionKey, ConnectionState, ConnectionSummary};

/// Time between two rounds.
const ROUND: Duration = Duration::from_secs(30);

/// Some apps forget a refresh token that is not used; none forgets it within a day. Jitter adds up to a tenth.
const LONGEST_IDLE: Duration = Duration::from_hours(21);

/// Renewals at a time.
const AT_ONCE: usize = 4;

/// Tells how the app behind a connection is asked for tokens.
pub(super) type Renewers<'a> = &'a (dyn Fn(&ConnectionKey, &Connection) -> Result<Arc<dyn Renewer>> + Sync);

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
                let renewers = |key: &ConnectionKey, connection: &Connection| {
                    let context = context_of_connection(integration, &host, &self, key, connection)?;
                    Ok(Arc::new(context) as Arc<dyn Renewer>)
                };
                self.sweep_app(integration.app_id(), &renewers, &stop).await;
            }
            tokio::select! {
                () = tokio::time::sleep(jittered(ROUND)) => {}
                () = stop.given() => {}
            }
        }
    }

    /// One round for the connections of an app.
    pub(super) async fn sweep_app(self: &Arc<Self>, app_id: &str, renewers: Renewers<'_>, stop: &StopSignal) {
        let connections = match within(ANSWER, self.store.list(app_id)).await {
            Ok(connections) => connections,
            Err(error) => {
                tracing::warn!(%error, "the connections cannot be listed; none is renewed ahead of time");
                return;
            }
        };
        let now = self.now();
        let due = connections.into_iter().filter(|connection| is_due(connection, now));
        let renewals = due.map(|summary| async move {
            let key = ConnectionKey { app_id: app_id.to_owned(), name: summary.name.clone() };
            if stop.is_given() {
                return;
            }
            if let Err(error) = self.renew_ahead(&key, &summary, renewers).await {
                tracing::warn!(connection = key.name, %error, "not renewed ahead of time");
            }
        });
        futures_util::stream::iter(renewals).for_each_concurrent(AT_ONCE, |renewal| renewal).await;
    }

    async fn renew_ahead(
        self: &Arc<Self>,
        key: &ConnectionKey,
        summary: &ConnectionSummary,
        renewers: Renewers<'_>,
    ) -> Result<()> {
        let Some(connection) = self.connection(key).await? else { return Ok(()) };
        if connection.tokens.refresh_token.is_none() {
            return Ok(());
        }
        let mut need = Need::of(MARGIN + ROUND);
        if is_idle(summary, self.now()) && connection.generation == summary.generation {
            need.other_than = Some(connection.tokens.access_token.clone());
        }
        let renewer = renewers(key, &connection)?;
        self.get(key, &need, &renewer).await.map(drop)
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

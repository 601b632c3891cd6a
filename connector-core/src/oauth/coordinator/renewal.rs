//! One refresh, under the connection's lock.

use std::sync::Arc;
use std::time::Instant;

use tracing::field::Empty;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use super::decision::{Decision, decide};
use super::entry::Entry;
use super::renewer::digest;
use super::setback::Setback;
use super::{ANSWER, Granted, Need, RefreshCoordinator, Renewer, refusal, within};
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::under_way::UnderWay;
use crate::oauth::{
    Connection, ConnectionKey, ConnectionState, LockedConnection, RefreshAttempt, Renewal, TokenFailure,
    TokenSet,
};
use crate::telemetry;

/// Somebody who needs a token that the store does not have.
pub(super) struct Renewing<'a> {
    pub(super) coordinator: &'a Arc<RefreshCoordinator>,
    pub(super) entry: &'a Arc<Entry>,
    pub(super) key: &'a ConnectionKey,
    pub(super) need: &'a Need,
    pub(super) renewer: &'a dyn Renewer,
}

/// How a round ended.
enum Round {
    Done(Granted),
    /// The answer got lost, and with the access token ended there is nothing to lose: the same refresh token is tried
    /// once more, by whoever gets the lock.
    Again,
}

/// A refresh that may be sent.
struct Request {
    refresh_token: Secret,
    is_unsure: bool,
    client: String,
}

impl Renewing<'_> {
    /// Renews the connection's tokens, unless somebody else has.
    pub(super) async fn run(&self) -> Result<Granted> {
        loop {
            if let Round::Done(granted) = self.round().await? {
                return Ok(granted);
            }
        }
    }

    async fn round(&self) -> Result<Round> {
        let Self { coordinator, entry, key, need, renewer } = *self;
        let locked = coordinator.lock_settled(entry, key).await?;
        let Some(current) = locked.current().cloned() else {
            coordinator.forget(key);
            return Err(refusal::not_found(key));
        };
        let known = entry.learn(current.clone());
        if let Some(granted) = coordinator.granted(key, known, need) {
            return Ok(Round::Done(granted));
        }
        let client = renewer.client()?;
        let left_open = was_left_open(&*locked, &current);
        match decide(key, &current, need, &client, left_open, coordinator.now())? {
            Decision::Ask { refresh_token, is_unsure } => {
                self.send(locked, current, Request { refresh_token, is_unsure, client }).await
            }
            Decision::Wait(error) => {
                if left_open && current.state != ConnectionState::RefreshIndeterminate {
                    self.write_down_loss(locked, &current, &client).await;
                }
                Err(error)
            }
        }
    }

    async fn send(
        &self,
        mut locked: Box<dyn LockedConnection + '_>,
        current: Connection,
        request: Request,
    ) -> Result<Round> {
        let Self { coordinator, entry, key, need, renewer } = *self;
        let Request { refresh_token, is_unsure, client } = request;
        let token_digest = digest([refresh_token.expose()]);
        let attempt = RefreshAttempt {
            id: Uuid::new_v4(),
            token_digest: token_digest.clone(),
            started_at: coordinator.now(),
        };
        let _under_way = UnderWay::begin();
        within(ANSWER, locked.begin(&attempt)).await?;
        let started = Instant::now();
        let span = info_span!(
            target: telemetry::SPANS, "refresh",
            "otel.name" = format!("{}::refresh", key.app_id),
            "otel.status_code" = Empty, "error.type" = Empty
        );
        let renewed = renewer.renew(&refresh_token).instrument(span.clone()).await;
        telemetry::note_failure(&span, &renewed);
        telemetry::count_refresh(&key.app_id, &renewed, started.elapsed());
        let error = match renewed {
            Ok(tokens) => {
                let renewed = Arc::new(self.renewed(&current, tokens));
                entry.hold(Arc::clone(&renewed), token_digest);
                tracing::info!(connection = key.name, "access token refreshed");
                let granted = coordinator.keep(entry, key, locked, renewed).await?;
                return Ok(Round::Done(self.with_account(granted).await));
            }
            Err(error) => error,
        };
        let failure = TokenFailure::of(&error);
        let (now, client) = (coordinator.now(), client.as_str());
        let setback = Setback { failure, error: &error, was_unsure: is_unsure, client, now };
        let after = self.write_down(locked, &current, &setback).await;
        tracing::warn!(connection = key.name, state = after.state.name(), %error, "no new access token");
        if failure == TokenFailure::LostAnswer && !is_unsure && !need.is_served_by(&after, now) {
            return Ok(Round::Again);
        }
        Err(refusal::of_failure(key, &after, error, now))
    }

    /// A connection that was made of a refresh token alone gets its account with its first access token, and stays with
    /// it from then on.
    async fn with_account(&self, granted: Granted) -> Granted {
        let Self { coordinator, entry, key, renewer, .. } = *self;
        if granted.connection.account.is_some() || granted.warning.is_some() {
            return granted;
        }
        let pinned = async {
            let Some(account) = renewer.account_of(&granted.connection).await? else {
                return Ok(None);
            };
            let locked = coordinator.lock_settled(entry, key).await?;
            match locked.current().cloned() {
                Some(current) if current.account.is_none() => {
                    let pinned = Connection { account: Some(account), ..current };
                    within(ANSWER, locked.commit(&pinned)).await?;
                    let generation = pinned.generation + 1;
                    Ok(Some(entry.replace(Connection { generation, ..pinned })))
                }
                // Somebody logged in meanwhile.
                _ => Ok(None),
            }
        };
        match pinned.await {
            Ok(Some(connection)) => Granted { connection, ..granted },
            Ok(None) => granted,
            Err::<_, ConnectorError>(error) => {
                tracing::warn!(connection = key.name, %error, "whose the tokens are cannot be told; asked again later");
                granted
            }
        }
    }

    async fn write_down_loss(
        &self,
        locked: Box<dyn LockedConnection + '_>,
        current: &Connection,
        client: &str,
    ) {
        let error = &ConnectorError::new(ErrorCode::ConnectionClosed, "a process ended while it refreshed");
        let (failure, now) = (TokenFailure::LostAnswer, self.coordinator.now());
        let setback = Setback { failure, error, was_unsure: false, client, now };
        self.write_down(locked, current, &setback).await;
    }

    /// Writes a failure down and tells what became of the connection. If that fails, the attempt stays written down,
    /// which makes everybody careful.
    async fn write_down(
        &self,
        locked: Box<dyn LockedConnection + '_>,
        current: &Connection,
        setback: &Setback<'_>,
    ) -> Connection {
        let mut after = setback.of(current);
        match within(ANSWER, locked.commit(&after)).await {
            Ok(()) => {
                after.generation = current.generation + 1;
                self.entry.learn(after.clone());
            }
            Err(error) => {
                let connection = &self.key.name;
                tracing::error!(connection, %error, "a failed refresh could not be written down");
            }
        }
        after
    }

    fn renewed(&self, current: &Connection, tokens: TokenSet) -> Connection {
        Connection {
            tokens: current.tokens.refreshed_by(tokens),
            state: ConnectionState::Active,
            renewal: Renewal { succeeded_at: Some(self.coordinator.now()), ..Renewal::default() },
            generation: current.generation + 1,
            settings: current.settings.clone(),
            account: current.account.clone(),
        }
    }
}

/// Whether a process died with an attempt for this refresh token; one for another token is over.
fn was_left_open(locked: &dyn LockedConnection, current: &Connection) -> bool {
    let digest = current.tokens.refresh_token.as_ref().map(|token| digest([token.expose()]));
    locked.attempt().is_some_and(|attempt| Some(&attempt.token_digest) == digest.as_ref())
}

//! One refresh, under the connection's lock.

use std::sync::Arc;
use std::time::Instant;

use tracing::field::Empty;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use super::decision::{Decision, decide};
use super::entry::Entry;
use super::need::is_alive;
use super::renewer::digest;
use super::setback::Setback;
use super::{ANSWER, Granted, Need, RefreshCoordinator, Renewer, refusal, within};
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::under_way::UnderWay;
use crate::oauth::{
    AccountProof, Connection, ConnectionKey, ConnectionState, LockedConnection, RefreshAttempt, Renewal,
    TokenFailure, TokenSet,
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
        if current.proof == AccountProof::Awaited
            && !current.state.needs_login()
            && is_alive(&current.tokens, coordinator.now())
        {
            drop(locked);
            return self
                .prove(&current)
                .await
                .map(|connection| Round::Done(Granted { connection, is_new: false, warning: None }));
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
        let Self { coordinator, entry, key, renewer, .. } = *self;
        // Before anything is written down: what fails here has spent nothing.
        if let Err(error) = renewer.prepare().await {
            return self.fail(locked, &current, &request, error).await;
        }
        let refresh_token = &request.refresh_token;
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
        let renewed = renewer.renew(refresh_token).instrument(span.clone()).await;
        telemetry::note_failure(&span, &renewed);
        telemetry::count_refresh(&key.app_id, &renewed, started.elapsed());
        match renewed {
            Ok(tokens) => {
                let renewed = Arc::new(self.renewed(&current, tokens));
                entry.hold(Arc::clone(&renewed), token_digest);
                tracing::info!(connection = key.name, "access token refreshed");
                let granted = coordinator.keep(entry, key, locked, renewed).await?;
                self.with_account(granted).await.map(Round::Done)
            }
            Err(error) => self.fail(locked, &current, &request, error).await,
        }
    }

    /// Writes down that there are no new tokens, and why.
    async fn fail(
        &self,
        locked: Box<dyn LockedConnection + '_>,
        current: &Connection,
        request: &Request,
        error: ConnectorError,
    ) -> Result<Round> {
        let Self { coordinator, key, need, .. } = *self;
        let Request { client, is_unsure, .. } = request;
        let (failure, now) = (TokenFailure::of(&error), coordinator.now());
        let setback = Setback { failure, error: &error, was_unsure: *is_unsure, client, now };
        let after = self.write_down(locked, current, &setback).await;
        tracing::warn!(connection = key.name, state = after.state.name(), %error, "no new access token");
        if failure == TokenFailure::LostAnswer && !*is_unsure && !need.is_served_by(&after, now) {
            return Ok(Round::Again);
        }
        Err(refusal::of_failure(key, &after, error, now))
    }

    /// A connection that was made of a refresh token alone gets its account with its first access token, and stays with
    /// it from then on.
    async fn with_account(&self, granted: Granted) -> Result<Granted> {
        let Granted { connection, is_new, warning } = granted;
        if connection.proof == AccountProof::Awaited {
            return Ok(Granted { connection: self.prove(&connection).await?, is_new, warning });
        }
        if connection.account.is_some() || warning.is_some() {
            return Ok(Granted { connection, is_new, warning });
        }
        match self.pin(&connection).await {
            Ok(connection) => Ok(Granted { connection, is_new, warning }),
            Err(error) => {
                let name = &self.key.name;
                tracing::warn!(connection = name, %error, "whose the tokens are cannot be told; asked again later");
                Ok(Granted { connection, is_new, warning })
            }
        }
    }

    /// The connection once the app has told that its tokens are of its account. Nobody gets them before.
    async fn prove(&self, connection: &Connection) -> Result<Arc<Connection>> {
        let proven = self.pin(connection).await?;
        match proven.proof {
            _ if proven.state.needs_login() => Err(refusal::log_in_again(self.key, &proven)),
            AccountProof::Awaited => Err(refusal::account_unknown(self.key)),
            _ => Ok(proven),
        }
    }

    /// Asks the app whose the connection's tokens are, and writes it down.
    async fn pin(&self, connection: &Connection) -> Result<Arc<Connection>> {
        let Self { coordinator, entry, key, renewer, .. } = *self;
        let told = renewer.account_of(connection).await?;
        let locked = coordinator.lock_settled(entry, key).await?;
        let current = locked.current().cloned().ok_or_else(|| refusal::not_found(key))?;
        let is_the_same = |a: &TokenSet, b: &TokenSet| a.access_token.expose() == b.access_token.expose();
        let mut pinned = current.clone();
        match (&current.account, told) {
            // Somebody logged in meanwhile.
            _ if !is_the_same(&current.tokens, &connection.tokens) => return Ok(entry.replace(current)),
            (Some(known), Some(told)) if *known != told => {
                tracing::error!(connection = key.name, known, told, "the tokens are of another account");
                pinned.state = ConnectionState::ReauthorizationRequired;
                pinned.renewal.reason = Some(refusal::ANOTHER_ACCOUNT.to_owned());
            }
            (None, None) => return Ok(entry.replace(current)),
            (known, told) => {
                pinned.account = known.clone().or(told);
                pinned.proof = AccountProof::Whole;
            }
        }
        within(ANSWER, locked.commit(&pinned)).await?;
        Ok(entry.replace(Connection { generation: current.generation + 1, ..pinned }))
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
            proof: match current.proof {
                AccountProof::Whole => AccountProof::Whole,
                AccountProof::AccessToken | AccountProof::Awaited => AccountProof::Awaited,
            },
        }
    }
}

/// Whether a process died with an attempt for this refresh token; one for another token is over.
fn was_left_open(locked: &dyn LockedConnection, current: &Connection) -> bool {
    let digest = current.tokens.refresh_token.as_ref().map(|token| digest([token.expose()]));
    locked.attempt().is_some_and(|attempt| Some(&attempt.token_digest) == digest.as_ref())
}

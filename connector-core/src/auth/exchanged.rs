//! Credentials that are exchanged for an access token when one is needed, and again when it has ended.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Auth, Secret};
use crate::call::CallContext;
use crate::error::Result;
use crate::oauth::{MARGIN, TokenSet};

/// Most tokens that are kept at a time. A server for many callers sees many credentials.
const MOST_TOKENS: usize = 1000;

/// What a credential is exchanged for.
///
/// ```
/// use std::time::Duration;
/// use connector_core::auth::AccessToken;
///
/// let token = AccessToken::new("abc").expires_in(Duration::from_secs(3600));
/// assert!(!format!("{token:?}").contains("abc"));
/// ```
#[derive(Clone)]
pub struct AccessToken {
    token: Secret,
    expires_at: Option<Timestamp>,
    /// Remaining life at which it is replaced.
    margin: Duration,
}

impl AccessToken {
    /// A token that does not end.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), expires_at: None, margin: MARGIN }
    }

    /// The same, for some time from now.
    pub fn expires_in(self, life: Duration) -> Self {
        Self { expires_at: Some(Timestamp::now() + life), margin: self.margin.min(life / 2), ..self }
    }

    /// What an authorization server gave, replaced when this much of its life remains, or half of it.
    pub(crate) fn of(tokens: TokenSet, margin: Duration) -> Self {
        let half_life = tokens.expires_in.map(|seconds| Duration::from_secs(seconds / 2));
        let margin = half_life.map_or(margin, |half_life| half_life.min(margin));
        Self { token: tokens.access_token, expires_at: tokens.expires_at, margin }
    }

    fn is_fresh(&self) -> bool {
        self.expires_at.is_none_or(|end| end > Timestamp::now() + self.margin)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Exchanges a credential, in a call that has none.
pub(crate) type ExchangeFn =
    Arc<dyn Fn(CallContext, Arc<Auth>) -> BoxFuture<'static, Result<AccessToken>> + Send + Sync>;

/// The token of one credential; `None` until it is asked for.
type Slot = Arc<tokio::sync::Mutex<Option<AccessToken>>>;

/// Tokens of all credentials that an integration was called with lately, so that a server exchanges each once and not
/// with every call.
#[derive(Default)]
pub(crate) struct ExchangedTokens(Mutex<IndexMap<[u8; 32], Slot>>);

impl ExchangedTokens {
    /// The token of a credential together with the settings, since those decide where it is exchanged. Both as they
    /// were sent.
    pub(crate) fn slot(&self, credential: &str, settings: &str) -> Slot {
        let digest = Sha256::new().chain_update(credential).chain_update([0]).chain_update(settings);
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST_TOKENS {
            slots.shift_remove_index(0);
        }
        Arc::clone(slots.entry(digest.finalize().into()).or_default())
    }
}

/// A credential in use that must be exchanged. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Exchanged {
    pub(super) auth: Arc<Auth>,
    pub(super) exchange: ExchangeFn,
    pub(super) known: Slot,
}

impl Exchanged {
    /// An access token that works for a while.
    pub(super) async fn access_token(&self, context: &CallContext) -> Result<Secret> {
        let mut known = self.known.lock().await;
        match &*known {
            Some(access) if access.is_fresh() => Ok(access.token.clone()),
            _ => self.exchange(context, &mut known).await,
        }
    }

    /// An access token other than one that the app refused.
    pub(super) async fn replace(&self, context: &CallContext, refused: &Secret) -> Result<Secret> {
        let mut known = self.known.lock().await;
        match &*known {
            Some(access) if access.token.expose() != refused.expose() => Ok(access.token.clone()),
            _ => self.exchange(context, &mut known).await,
        }
    }

    async fn exchange(&self, context: &CallContext, known: &mut Option<AccessToken>) -> Result<Secret> {
        let access = (self.exchange)(context.without_credentials(), Arc::clone(&self.auth)).await?;
        Ok(known.insert(access).token.clone())
    }
}

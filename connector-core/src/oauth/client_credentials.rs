//! Client credentials that a request brings: exchanged for a token when one is needed, and again when it has ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::authorization_url::asked_scopes;
use super::{TokenSet, exchange, flow};
use crate::auth::{ClientCredentialsAuth, Secret};
use crate::call::CallContext;
use crate::error::Result;

/// The token of client credentials. Cheap to clone; clones share the token.
#[derive(Clone)]
pub(crate) struct ClientCredentialsToken {
    credentials: Arc<ClientCredentialsAuth>,
    known: Arc<Mutex<Option<TokenSet>>>,
}

impl ClientCredentialsToken {
    pub(crate) fn new(credentials: ClientCredentialsAuth) -> Self {
        Self { credentials: Arc::new(credentials), known: Arc::default() }
    }

    /// An access token that works for a while.
    pub(crate) async fn access_token(&self, context: &CallContext) -> Result<Secret> {
        let mut known = self.known.lock().await;
        match &*known {
            Some(tokens) if is_fresh(context, tokens)? => Ok(tokens.access_token.clone()),
            _ => self.exchange(context, &mut known).await,
        }
    }

    /// An access token other than one that the app refused.
    pub(crate) async fn replace(&self, context: &CallContext, refused: &Secret) -> Result<Secret> {
        let mut known = self.known.lock().await;
        match &*known {
            Some(tokens) if tokens.access_token.expose() != refused.expose() => {
                Ok(tokens.access_token.clone())
            }
            _ => self.exchange(context, &mut known).await,
        }
    }

    async fn exchange(&self, context: &CallContext, known: &mut Option<TokenSet>) -> Result<Secret> {
        let ClientCredentialsAuth { client_id, client_secret, scopes } = &*self.credentials;
        let (oauth, _) = flow::settings(context)?;
        let scopes = asked_scopes(oauth, scopes);
        let client = flow::client(context, Some(client_id.clone()), Some(client_secret.clone()))?;
        let tokens = exchange::client_credentials(context, client, scopes).await?;
        Ok(known.insert(tokens).access_token.clone())
    }
}

fn is_fresh(context: &CallContext, tokens: &TokenSet) -> Result<bool> {
    let (_, registration) = flow::settings(context)?;
    let half_life = tokens.expires_in.map(|seconds| Duration::from_secs(seconds / 2));
    let margin = registration.refresh_margin;
    Ok(tokens.is_valid_for(half_life.map_or(margin, |half_life| half_life.min(margin))))
}

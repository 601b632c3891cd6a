//! The credential of a call: where it comes from, and the request that carries it.

use std::sync::Arc;

use super::authentication::Carrier;
use super::exchanged::Exchanged;
use super::{Auth, ErasedAuthentication, ExchangedTokens, Secret};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::HttpRequest;
use crate::oauth::StoredToken;

/// What proves who the caller is.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    /// What requests carry.
    pub chosen: Option<Credential>,
    /// What the caller sent under the names that the integration declares.
    pub named: Arc<[(&'static str, Credential)]>,
}

impl Credentials {
    /// The credential that the caller sent under a name.
    pub(crate) fn named(&self, id: &str) -> Result<&Credential> {
        let found = self.named.iter().find(|(name, _)| *name == id).map(|(_, credential)| credential);
        found.ok_or_else(|| {
            let message = format!("/credentials has none with the id `{id}`");
            ConnectorError::new(ErrorCode::IntegrationMissingParameter, message)
                .hint("`info` lists the credentials under credentials_schema")
        })
    }
}

/// One credential and how requests carry it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Credential {
    source: Source,
    carrier: Carrier,
}

#[derive(Clone)]
enum Source {
    /// As the caller sent it.
    Given(Arc<Auth>),
    /// Exchanged for a token.
    Exchanged(Exchanged),
    /// A connection of the vault.
    Stored(StoredToken),
}

impl Credential {
    /// What the caller sent. `sent` and `settings` are the JSON of both, by which a token is known again.
    pub(crate) fn given(
        auth: Auth,
        how: ErasedAuthentication,
        tokens: &ExchangedTokens,
        (sent, settings): (&str, &str),
    ) -> Self {
        let auth = Arc::new(auth);
        let is_exchanged_already = matches!(*auth, Auth::OauthClientCredentials(_)) && auth.token().is_some();
        let source = match how.exchange {
            Some(exchange) if !is_exchanged_already => {
                Source::Exchanged(Exchanged { auth, exchange, known: tokens.slot(sent, settings) })
            }
            _ => Source::Given(auth),
        };
        Self { source, carrier: how.carrier }
    }

    pub(crate) fn stored(token: StoredToken, how: ErasedAuthentication) -> Self {
        Self { source: Source::Stored(token), carrier: how.carrier }
    }

    /// What the caller sent; `None` for a connection of the vault.
    pub(crate) fn auth(&self) -> Option<&Auth> {
        match &self.source {
            Source::Given(auth) => Some(auth),
            Source::Exchanged(exchanged) => Some(&exchanged.auth),
            Source::Stored(_) => None,
        }
    }

    /// The connection of the vault whose tokens are used.
    pub(crate) fn connection(&self) -> Option<&StoredToken> {
        match &self.source {
            Source::Stored(stored) => Some(stored),
            Source::Given(_) | Source::Exchanged(_) => None,
        }
    }

    /// Whether there may be another token when the app refuses one.
    pub(crate) fn is_renewable(&self) -> bool {
        !matches!(self.source, Source::Given(_))
    }

    /// The token that requests carry; `None` where they carry something else.
    pub(crate) async fn token(&self, context: &CallContext) -> Result<Option<Secret>> {
        match &self.source {
            Source::Given(auth) => Ok(auth.token().cloned()),
            Source::Exchanged(exchanged) => exchanged.access_token(context).await.map(Some),
            Source::Stored(stored) => stored.access_token(context).await.map(Some),
        }
    }

    /// Another token than one that the app refused; `None` where there is no other.
    pub(crate) async fn replace(&self, context: &CallContext, refused: &Secret) -> Result<Option<Secret>> {
        match &self.source {
            Source::Given(_) => Ok(None),
            Source::Exchanged(exchanged) => exchanged.replace(context, refused).await.map(Some),
            Source::Stored(stored) => stored.replace(context, refused).await.map(Some),
        }
    }

    /// The request with the credential in it.
    pub(crate) fn carried_by(
        &self,
        context: &CallContext,
        token: Option<&Secret>,
        request: HttpRequest,
    ) -> Result<HttpRequest> {
        let settings = context.settings_any();
        match (&self.source, token) {
            (Source::Given(auth), _) => self.carrier.carry(settings, auth, request),
            (_, Some(token)) => self.carrier.carry_token(settings, token, request),
            (_, None) => Ok(request),
        }
    }

    /// The error without the credential, which an app may have repeated in it.
    pub(crate) fn kept_out_of(&self, error: ConnectorError, token: Option<&Secret>) -> ConnectorError {
        let (given, other) = match self.auth() {
            Some(Auth::Basic(basic)) => (Some(&basic.password), None),
            Some(Auth::KeyPair(pair)) => (Some(&pair.private_key), None),
            Some(Auth::Oauth1(oauth1)) => (Some(&oauth1.consumer_secret), Some(&oauth1.token_secret)),
            Some(Auth::Jwt(jwt)) => (Some(&jwt.secret), None),
            Some(auth) => (auth.token(), None),
            None => (None, None),
        };
        [given, other, token].into_iter().flatten().fold(error, ConnectorError::without)
    }
}

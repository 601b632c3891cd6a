//! What an integration declares about its requests: how each carries the credential of its call.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderName};

use super::{AccessToken, Auth, AuthKind, ExchangeFn, Secret, TokenAuth};
use crate::call::Call;
use crate::error::Result;
use crate::http::HttpRequest;
use crate::integration::typed_settings;
use crate::oauth::{self, AssertionGrant};

/// How requests carry a credential, for connectors whose settings are `S`.
///
/// ```
/// use std::time::Duration;
/// use connector_core::auth::{AccessToken, Auth, AuthKind, Authentication};
/// use connector_core::integration::Integration;
/// use connector_core::{Call, Result};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Settings {}
///
/// async fn sign_in(call: Call<Settings>, auth: Auth) -> Result<AccessToken> {
///     // … sends the user name and the password to the app, and takes a token from its answer.
///     # let (_, _) = (call, auth);
///     Ok(AccessToken::new("…").expires_in(Duration::from_secs(1800)))
/// }
///
/// let integration = Integration::builder::<Settings>("example", "1.0.0")
///     .authenticate(AuthKind::Token, Authentication::header("X-Api-Key"))
///     .authenticate(AuthKind::Basic, Authentication::header("X-Session").exchanged(sign_in))
///     .build();
/// # assert!(integration.is_ok());
/// ```
pub struct Authentication<S> {
    erased: ErasedAuthentication,
    settings: PhantomData<fn(&S)>,
}

impl<S: Send + Sync + 'static> Authentication<S> {
    /// A token as `Authorization: Bearer`: the way of tokens and of OAuth where nothing else is declared.
    pub fn bearer() -> Self {
        Self::of(Carrier::Header { name: Some(AUTHORIZATION), prefix: "Bearer " })
    }

    /// A token alone in a header, as `X-Api-Key`.
    pub fn header(name: &'static str) -> Self {
        Self::prefixed(name, "")
    }

    /// A token in a header with something before it, as `Authorization` and `SSWS `.
    pub fn prefixed(name: &'static str, prefix: &'static str) -> Self {
        Self::of(Carrier::Header { name: HeaderName::from_bytes(name.as_bytes()).ok(), prefix })
    }

    /// A token in the query. Servers and proxies write queries into logs: where the app also takes a header, use that.
    pub fn query(name: &'static str) -> Self {
        Self::of(Carrier::Query(name))
    }

    /// `Authorization: Basic`: user name and password, or a token as the user name of an empty password.
    pub fn basic() -> Self {
        Self::of(Carrier::Basic)
    }

    /// Anything else, as a signature over the request. It gets what the caller sent, or an [`Auth::Token`] with what
    /// that was exchanged for.
    pub fn custom(carry: fn(&S, &Auth, HttpRequest) -> Result<HttpRequest>) -> Self {
        Self::of(Carrier::Custom(Arc::new(move |settings, auth, request| {
            carry(typed_settings(settings), auth, request)
        })))
    }

    /// What is carried is a token that the credential is exchanged for: kept until it ends, and exchanged again when the
    /// app refuses it. Requests of the call that `exchange` gets carry nothing.
    pub fn exchanged<F, Fut>(mut self, exchange: F) -> Self
    where
        F: Fn(Call<S>, Auth) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<AccessToken>> + Send + 'static,
    {
        self.erased.exchange =
            Some(Arc::new(move |context, auth| Box::pin(exchange(Call::new(context), Auth::clone(&auth)))));
        self
    }

    /// The same with an assertion that is signed with the credential's key (RFC 7523): for service accounts and key
    /// pairs.
    pub fn asserted(mut self, grant: fn(&S) -> Result<AssertionGrant>) -> Self {
        self.erased.exchange = Some(Arc::new(move |context, auth| {
            Box::pin(async move {
                let call = Call::<S>::new(context);
                let grant = grant(call.settings())?;
                oauth::exchange_assertion(&call, &grant, &auth).await
            })
        }));
        self
    }

    fn of(carrier: Carrier) -> Self {
        Self { erased: ErasedAuthentication { carrier, exchange: None }, settings: PhantomData }
    }

    pub(crate) fn erase(self) -> ErasedAuthentication {
        self.erased
    }
}

/// The same without the type of the settings.
#[derive(Clone)]
pub(crate) struct ErasedAuthentication {
    pub(super) carrier: Carrier,
    pub(super) exchange: Option<ExchangeFn>,
}

/// Why a kind of credential cannot be carried as declared.
pub(crate) enum Mismatch {
    Header,
    NoToken,
}

impl ErasedAuthentication {
    /// The way of a kind of which nothing is declared.
    pub(crate) fn default_of(kind: AuthKind) -> Self {
        let bearer = Carrier::Header { name: Some(AUTHORIZATION), prefix: "Bearer " };
        let carrier = match kind {
            AuthKind::Basic => Carrier::Basic,
            // Such requests carry what the connector makes of the credential, and nothing else makes sense.
            AuthKind::None
            | AuthKind::ServiceAccount
            | AuthKind::KeyPair
            | AuthKind::Oauth1
            | AuthKind::Jwt => Carrier::Nothing,
            AuthKind::Oauth | AuthKind::OauthClientCredentials | AuthKind::Token | AuthKind::Stored => bearer,
        };
        let exchange = (kind == AuthKind::OauthClientCredentials).then(oauth::exchange_client_credentials);
        Self { carrier, exchange }
    }

    /// The same for this kind, whose exchange may be the framework's own.
    pub(crate) fn for_kind(mut self, kind: AuthKind) -> Self {
        self.exchange = self.exchange.or_else(|| Self::default_of(kind).exchange);
        self
    }

    pub(crate) fn check(&self, kind: AuthKind) -> Result<(), Mismatch> {
        let has_token = self.exchange.is_some()
            || matches!(kind, AuthKind::Token | AuthKind::Oauth | AuthKind::OauthClientCredentials);
        match &self.carrier {
            Carrier::Header { name: None, .. } => Err(Mismatch::Header),
            Carrier::Header { .. } | Carrier::Query(_) if !has_token => Err(Mismatch::NoToken),
            Carrier::Basic if !has_token && kind != AuthKind::Basic => Err(Mismatch::NoToken),
            _ => Ok(()),
        }
    }
}

/// Puts a credential into a request.
#[derive(Clone)]
pub(super) enum Carrier {
    Nothing,
    /// The name is absent when it is none that a header can have.
    Header {
        name: Option<HeaderName>,
        prefix: &'static str,
    },
    Query(&'static str),
    Basic,
    Custom(Arc<CarryFn>),
}

type CarryFn = dyn Fn(&dyn Any, &Auth, HttpRequest) -> Result<HttpRequest> + Send + Sync;

impl Carrier {
    pub(super) fn carry(&self, settings: &dyn Any, auth: &Auth, request: HttpRequest) -> Result<HttpRequest> {
        let token = auth.token();
        match (self, token) {
            (Self::Header { name: Some(name), prefix }, Some(token)) => {
                request.secret_header(name.clone(), prefix, token)
            }
            (Self::Query(name), Some(token)) => Ok(request.secret_query(name, token.clone())),
            (Self::Basic, _) => Ok(match (auth, token) {
                (Auth::Basic(basic), _) => request.basic(&basic.username, &basic.password),
                (_, Some(token)) => request.basic(token.expose(), &Secret::new("")),
                _ => request,
            }),
            (Self::Custom(carry), _) => carry(settings, auth, request),
            _ => Ok(request),
        }
    }

    pub(super) fn carry_token(
        &self,
        settings: &dyn Any,
        token: &Secret,
        request: HttpRequest,
    ) -> Result<HttpRequest> {
        self.carry(settings, &Auth::Token(TokenAuth { token: token.clone() }), request)
    }
}

//! A call under way: typed settings, credentials, and the one way to talk to the app.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::auth::Secret;
use crate::capability::names;
use crate::envelope::PageRequestEnvelope;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::{Host, StopSignal, Stoppable};
use crate::http::{
    HttpClient, HttpOptions, HttpRequest, HttpResponse, RequestBudget, RetryPolicy, status_error,
};
use crate::integration::{AnySettings, Integration};
use crate::oauth::{ClientCredentialsToken, StoredToken};

/// What a capability gets: settings of type `S` and everything of [`CallContext`]. Cheap to clone.
pub struct Call<S> {
    context: CallContext,
    settings: Arc<S>,
}

impl<S> Clone for Call<S> {
    fn clone(&self) -> Self {
        Self { context: self.context.clone(), settings: Arc::clone(&self.settings) }
    }
}

impl<S: Send + Sync + 'static> Call<S> {
    pub(crate) fn new(context: CallContext) -> Self {
        let settings = Arc::clone(&context.0.settings)
            .downcast::<S>()
            .expect("the builder takes settings and capabilities of one type only");
        Self { context, settings }
    }

    /// The connector's settings.
    pub fn settings(&self) -> &S {
        &self.settings
    }
}

impl<S> Deref for Call<S> {
    type Target = CallContext;

    fn deref(&self) -> &CallContext {
        &self.context
    }
}

/// The part of a call that does not depend on the type of the settings. Cheap to clone.
#[derive(Clone)]
pub struct CallContext(Arc<Parts>);

#[derive(Clone)]
pub(crate) struct Parts {
    pub integration: Arc<Integration>,
    pub settings: AnySettings,
    pub credentials: Credentials,
    pub page: PageRequestEnvelope,
    pub include_raw_data: bool,
    pub http: HttpClient,
    pub host: Arc<dyn Host>,
    /// The budget that the requests of this call share with other processes; asked for with the first request.
    pub budget: Arc<OnceCell<Option<Arc<dyn RequestBudget>>>>,
    /// What the app said whose the credentials are.
    pub account: Arc<OnceCell<Option<String>>>,
}

/// What proves who the caller is.
#[derive(Clone)]
pub(crate) enum Credentials {
    None,
    Bearer(Secret),
    Basic {
        username: String,
        password: Secret,
    },
    /// Client credentials, exchanged for a token when one is needed.
    Exchanged(ClientCredentialsToken),
    Stored(StoredToken),
}

/// Credentials that give another access token when the app refuses one.
enum Renewable<'a> {
    Exchanged(&'a ClientCredentialsToken),
    Stored(&'a StoredToken),
}

impl Renewable<'_> {
    async fn access_token(&self, context: &CallContext) -> Result<Secret> {
        match self {
            Self::Exchanged(exchanged) => exchanged.access_token(context).await,
            Self::Stored(stored) => stored.access_token(context).await,
        }
    }

    async fn replace(&self, context: &CallContext, refused: &Secret) -> Result<Secret> {
        match self {
            Self::Exchanged(exchanged) => exchanged.replace(context, refused).await,
            Self::Stored(stored) => stored.replace(context, refused).await,
        }
    }
}

impl CallContext {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The integration that is called.
    pub fn integration(&self) -> &Arc<Integration> {
        &self.0.integration
    }

    /// What the door lends.
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.0.host
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u64 {
        self.0.http.requests()
    }

    /// Name of the vault's connection whose tokens are used.
    pub(crate) fn stored_connection(&self) -> Option<&str> {
        match &self.0.credentials {
            Credentials::Stored(stored) => Some(stored.connection()),
            _ => None,
        }
    }

    /// The access token of the call's credentials; `None` where they are of another kind.
    pub(crate) async fn access_token(&self) -> Result<Option<Secret>> {
        Ok(match &self.0.credentials {
            Credentials::Bearer(token) => Some(token.clone()),
            Credentials::Exchanged(exchanged) => Some(exchanged.access_token(self).await?),
            Credentials::Stored(stored) => Some(stored.access_token(self).await?),
            Credentials::None | Credentials::Basic { .. } => None,
        })
    }

    /// The account of the vault's connection, where it is known.
    pub(crate) fn stored_account(&self) -> Option<&str> {
        match &self.0.credentials {
            Credentials::Stored(stored) => stored.known_account(),
            _ => None,
        }
    }

    /// The account that the credentials are for: the connection's, else the one that the app names when it is asked,
    /// once in a call. `None` where nobody tells.
    pub(crate) async fn account(&self) -> Result<Option<String>> {
        if let Some(account) = self.stored_account() {
            return Ok(Some(account.to_owned()));
        }
        let asked = self.0.account.get_or_try_init(|| async {
            let Some(asking) = self.integration().capability(names::VALIDATE_CREDENTIALS) else {
                return Ok(None);
            };
            let answer = asking.run(self.clone(), serde_json::Map::new()).await?;
            let answer: serde_json::Value = serde_json::from_str(answer.response.get()).unwrap_or_default();
            Ok(answer["unique_tenant_id"].as_str().map(ToOwned::to_owned))
        });
        asked.await.cloned()
    }

    pub(crate) fn http(&self) -> &HttpClient {
        &self.0.http
    }

    pub(crate) fn page(&self) -> &PageRequestEnvelope {
        &self.0.page
    }

    pub(crate) fn include_raw_data(&self) -> bool {
        self.0.include_raw_data
    }

    pub(crate) fn settings_any(&self) -> &(dyn Any + Send + Sync) {
        &*self.0.settings
    }

    /// The same call with other HTTP behaviour, as a sync needs it.
    pub(crate) fn with_http(&self, change: impl FnOnce(&mut HttpOptions)) -> Self {
        let mut options = self.0.integration.http_options(&*self.0.settings);
        change(&mut options);
        self.over(HttpClient::new(options))
    }

    /// The same call for a request to the token endpoint, which is no part of the API: it has no share in its rate, and
    /// its answer is waited for longer than most, since a lost one costs the most.
    pub(crate) fn for_tokens(&self) -> Self {
        let options = HttpOptions {
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            requests_per_minute: None,
            retry: RetryPolicy::never(),
            ..self.0.integration.http_options(&*self.0.settings)
        };
        self.over(self.0.http.counting_with(options))
    }

    /// The same call with a request count of its own.
    pub(crate) fn with_own_count(&self) -> Self {
        self.over(self.0.http.with_own_count())
    }

    /// The same call with another way to tell it to end.
    pub(crate) fn with_stop(&self, stop: StopSignal) -> Self {
        let host: Arc<dyn Host> = Arc::new(Stoppable { host: Arc::clone(&self.0.host), stop });
        Self::new(Parts { host, ..self.0.as_ref().clone() })
    }

    fn over(&self, http: HttpClient) -> Self {
        Self::new(Parts { http, ..self.0.as_ref().clone() })
    }

    /// Sends a request with the caller's credentials and reads the answer.
    ///
    /// Failures that pass by themselves are tried again; in a sync that includes answers that `read` calls
    /// `invalid_response`, since a cut or garbled answer is most often a matter of the moment. An access token of the
    /// vault that the app refuses is refreshed once, and the request sent once more.
    ///
    /// # Errors
    /// What the integration's error mapping or `read` says about the answer, or what the network did.
    pub async fn send<T>(
        &self,
        request: &HttpRequest,
        read: impl Fn(HttpResponse) -> Result<T>,
    ) -> Result<T> {
        let renewable = match &self.0.credentials {
            Credentials::None => return self.exchange(request, &read).await,
            Credentials::Bearer(token) => return self.exchange(&request.clone().bearer(token)?, &read).await,
            Credentials::Basic { username, password } => {
                return self.exchange(&request.clone().basic(username, password), &read).await;
            }
            Credentials::Exchanged(exchanged) => Renewable::Exchanged(exchanged),
            Credentials::Stored(stored) => Renewable::Stored(stored),
        };
        let retry = self.0.http.options().retry;
        let token = retry.patiently(|| renewable.access_token(self)).await?;
        match self.exchange(&request.clone().bearer(&token)?, &read).await {
            Err(error) if error.code() == ErrorCode::Unauthorized => {
                let token = retry.patiently(|| renewable.replace(self, &token)).await?;
                let again = self.exchange(&request.clone().bearer(&token)?, &read).await;
                again.map_err(|error| match error.code() {
                    ErrorCode::Unauthorized => refused_again(&error),
                    _ => error,
                })
            }
            answer => answer,
        }
    }

    async fn exchange<T>(
        &self,
        request: &HttpRequest,
        read: impl Fn(HttpResponse) -> Result<T>,
    ) -> Result<T> {
        let budget = self.budget().await;
        self.0
            .http
            .send_within(request, budget, |response| read(self.0.integration.classify(response)?))
            .await
    }

    /// The budget of the connection that is used. Calls with credentials of their own have none: whose they are is not
    /// known.
    async fn budget(&self) -> Option<&dyn RequestBudget> {
        let Credentials::Stored(stored) = &self.0.credentials else { return None };
        let limit = self.0.http.options().requests_per_minute;
        limit?;
        let asked = self.0.budget.get_or_init(|| async {
            let account = stored.account().to_owned();
            let scope = self.0.integration.budget_scope(self.settings_any(), account);
            self.0.host.request_budget(&scope).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the shared request budget cannot be used; this process paces itself");
                None
            })
        });
        asked.await.as_deref()
    }
}

fn refused_again(error: &ConnectorError) -> ConnectorError {
    ConnectorError::new(ErrorCode::AuthenticationExpired, "the app refuses a token that it just issued")
        .hint("log in again")
        .context(error.message().to_owned())
}

/// The error for an answer: the app's own mapping first, then what its status stands for.
pub(crate) fn error_of(integration: &Integration, response: &HttpResponse) -> ConnectorError {
    let error = integration.map_error(response).unwrap_or_else(|| status_error(response));
    if error.code() != ErrorCode::RateLimit || error.wait().is_some() {
        return error;
    }
    let told =
        response.retry_after().or_else(|| integration.rate_limit(&response.headers).map(|limit| limit.reset));
    // A sliding minute is the most common window of all apps, so it is the best guess where the app says nothing.
    error.retry_after(told.unwrap_or(Duration::from_mins(1)))
}

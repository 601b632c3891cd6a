//! A call under way: typed settings, credentials, and the one way to talk to the app.

mod request;

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::auth::{Auth, Credential, Credentials, Secret};
use crate::capability::names;
use crate::envelope::PageRequestEnvelope;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::{Host, StopSignal, Stoppable};
use crate::http::{
    HttpClient, HttpOptions, HttpRequest, HttpResponse, RequestBudget, RetryPolicy, status_error,
};
use crate::integration::{AnySettings, Integration};
use crate::oauth::{LONGEST_REQUEST, StoredToken};

pub use request::AppRequest;

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

    /// The same call with requests that carry another of its credentials, by the id that the integration declares.
    ///
    /// # Errors
    /// `integration_missing_parameter` when the caller did not bring it.
    pub fn using(&self, id: &str) -> Result<Self> {
        let credentials = &self.context.0.credentials;
        let chosen = Some(credentials.named(id)?.clone());
        let context = self.context.with_credentials(Credentials { chosen, ..credentials.clone() });
        Ok(Self { context, settings: Arc::clone(&self.settings) })
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

    /// The credential as the caller sent it, for connectors that need more of it than requests carry: whom a service
    /// account acts for, a user name. `None` for a connection of the vault.
    pub fn auth(&self) -> Option<&Auth> {
        self.0.credentials.chosen.as_ref()?.auth()
    }

    /// One of several credentials as the caller sent it, by the id that the integration declares.
    ///
    /// # Errors
    /// `integration_missing_parameter` when the caller did not bring it.
    pub fn credential(&self, id: &str) -> Result<&Auth> {
        let found = self.0.credentials.named(id)?.auth();
        found.ok_or_else(|| {
            ConnectorError::new(ErrorCode::InternalError, "a named credential is never a stored one")
        })
    }

    /// Name of the vault's connection whose tokens are used.
    pub(crate) fn stored_connection(&self) -> Option<&str> {
        self.stored().map(StoredToken::connection)
    }

    /// The access token of the call's credentials; `None` where they are of another kind.
    pub(crate) async fn access_token(&self) -> Result<Option<Secret>> {
        match &self.0.credentials.chosen {
            Some(credential) => credential.token(self).await,
            None => Ok(None),
        }
    }

    /// The account of the vault's connection, where it is known.
    pub(crate) fn stored_account(&self) -> Option<&str> {
        self.stored().and_then(StoredToken::known_account)
    }

    fn stored(&self) -> Option<&StoredToken> {
        self.0.credentials.chosen.as_ref()?.connection()
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
        let mut options = HttpOptions {
            deadline: self.0.http.options().deadline,
            ..self.0.integration.http_options(&*self.0.settings)
        };
        change(&mut options);
        self.over(HttpClient::new(options))
    }

    /// The same call for a request to the token endpoint, which is no part of the API: it has no share in its rate, and
    /// its answer is waited for longer than most, since a lost one costs the most.
    pub(crate) fn for_tokens(&self) -> Self {
        let options = HttpOptions {
            timeout: LONGEST_REQUEST,
            connect_timeout: Duration::from_secs(5),
            requests_per_minute: None,
            retry: RetryPolicy::never(),
            deadline: self.0.http.options().deadline,
            ..self.0.integration.http_options(&*self.0.settings)
        };
        self.over(self.0.http.counting_with(options))
    }

    /// The same call for another page.
    pub(crate) fn at_page(&self, page: PageRequestEnvelope) -> Self {
        Self::new(Parts { page, ..self.0.as_ref().clone() })
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

    /// The same call whose requests carry nothing.
    pub(crate) fn without_credentials(&self) -> Self {
        self.with_credentials(Credentials::default())
    }

    fn with_credentials(&self, credentials: Credentials) -> Self {
        Self::new(Parts { credentials, ..self.0.as_ref().clone() })
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
        self.send_unclassified(request, |response| read(self.0.integration.classify(response)?)).await
    }

    /// The same where `read` says what every status means.
    pub(crate) async fn send_unclassified<T>(
        &self,
        request: &HttpRequest,
        read: impl Fn(HttpResponse) -> Result<T>,
    ) -> Result<T> {
        let Some(credential) = &self.0.credentials.chosen else {
            return self.exchange(request, &read).await;
        };
        let retry = self.0.http.options().retry;
        let token = retry.patiently(|| credential.token(self)).await?;
        let first = self.exchange_as(credential, token.as_ref(), request, &read).await;
        let (Err(error), Some(refused)) = (&first, token.filter(|_| credential.is_renewable())) else {
            return first;
        };
        if error.code() != ErrorCode::Unauthorized {
            return first;
        }
        let token = retry.patiently(|| credential.replace(self, &refused)).await?;
        let again = self.exchange_as(credential, token.as_ref(), request, &read).await;
        again.map_err(|error| match error.code() {
            ErrorCode::Unauthorized => refused_again(&error),
            _ => error,
        })
    }

    /// The request with a credential in it, and an answer that does not repeat it.
    async fn exchange_as<T>(
        &self,
        credential: &Credential,
        token: Option<&Secret>,
        request: &HttpRequest,
        read: impl Fn(HttpResponse) -> Result<T>,
    ) -> Result<T> {
        let request = credential.carried_by(self, token, request.clone())?;
        self.exchange(&request, read).await.map_err(|error| credential.kept_out_of(error, token))
    }

    async fn exchange<T>(
        &self,
        request: &HttpRequest,
        read: impl Fn(HttpResponse) -> Result<T>,
    ) -> Result<T> {
        let budget = self.budget().await;
        self.0.http.send_within(request, budget, read).await
    }

    /// The budget of the connection that is used. Calls with credentials of their own have none: whose they are is not
    /// known.
    async fn budget(&self) -> Option<&dyn RequestBudget> {
        let stored = self.stored()?;
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

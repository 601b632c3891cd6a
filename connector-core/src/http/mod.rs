//! The one HTTP client: timeouts, retry by class, pacing, body limits, errors that know who must act.
//!
//! A connector asks for one answer and gets it or a [`ConnectorError`]; it never retries, waits or counts by itself.

mod budget;
mod pace;
mod redact;
mod retry;
mod span;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use tokio::time::Instant;
use tracing::Instrument;
use url::Url;

pub use budget::{Admission, BudgetScope, RequestBudget, Urgency};
pub(crate) use pace::Known;
use pace::Permit;
pub use pace::{Pacer, RateLimit};
pub(crate) use redact::MASK;
pub use redact::redact;
pub use retry::RetryPolicy;

use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::rate_limit::exhausted;
use crate::telemetry;

/// Largest body that is read, in bytes. A page of 100 rich records is about 1 MB.
pub const LARGEST_BODY: usize = 64 << 20;

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Longest time for one attempt, from connecting to the last byte.
    pub timeout: Duration,
    /// Longest time to connect, within that.
    pub connect_timeout: Duration,
    /// Requests that may be sent in any 60 seconds; `None` is no limit of ours.
    pub requests_per_minute: Option<u32>,
    /// Reads the app's own rate limit headers.
    pub rate_limit: fn(&HeaderMap) -> Option<RateLimit>,
    /// What is tried again.
    pub retry: RetryPolicy,
    /// How urgent the requests are among those that share a budget.
    pub urgency: Urgency,
    /// When the caller waits no longer.
    pub deadline: Option<Instant>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            requests_per_minute: None,
            rate_limit: |_| None,
            retry: RetryPolicy::interactive(),
            urgency: Urgency::Interactive,
            deadline: None,
        }
    }
}

/// A request whose body can be sent more than once.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    method: reqwest::Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    largest_body: usize,
    /// Apart from the address, which is shown in places.
    secret_query: Option<(&'static str, Secret)>,
    /// Whether it does no harm when it arrives twice.
    is_repeatable: bool,
}

impl HttpRequest {
    /// A POST with a JSON body.
    pub fn post_json(url: Url, body: &serde_json::Value) -> Self {
        Self::new(reqwest::Method::POST, url).json_body(body)
    }

    /// A request without a body.
    pub(crate) fn new(method: reqwest::Method, url: Url) -> Self {
        Self { method, ..Self::get(url) }
    }

    /// The same with a JSON body.
    pub(crate) fn json_body(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string().into();
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    /// Sent once: a request that changes something must not do it twice, and whether one arrived whose answer is lost
    /// nobody knows. One that the app refused for its rate limit has changed nothing, and is sent again.
    pub fn once(mut self) -> Self {
        self.is_repeatable = false;
        self
    }

    /// A GET.
    pub fn get(url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            method: reqwest::Method::GET,
            url,
            headers,
            body: Bytes::new(),
            largest_body: LARGEST_BODY,
            secret_query: None,
            is_repeatable: true,
        }
    }

    /// A POST with a form as its body.
    pub(crate) fn post_form<'a>(url: Url, form: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut request = Self::get(url);
        request.method = reqwest::Method::POST;
        request.body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, form);
        request
    }

    /// A POST of a text.
    pub(crate) fn post_text(url: Url, body: String, content_type: &'static str) -> Self {
        let mut request = Self::get(url);
        request.method = reqwest::Method::POST;
        request.body = body.into();
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        request
    }

    /// Adds a header whose name is not known beforehand; `None` where no header can be so.
    pub(crate) fn named_header(mut self, name: &str, value: &str) -> Option<Self> {
        self.headers
            .insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
        Some(self)
    }

    /// Refuses answers that are larger than this many bytes.
    pub(crate) fn largest_body(mut self, bytes: usize) -> Self {
        self.largest_body = bytes;
        self
    }

    /// Adds a header. A name or value that no header can have is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds a header whose value is a secret with something before it.
    ///
    /// # Errors
    /// `invalid_value` when the secret has characters that a header cannot hold.
    pub fn secret_header(mut self, name: HeaderName, prefix: &str, secret: &Secret) -> Result<Self> {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose())).map_err(|_| {
            ConnectorError::new(
                ErrorCode::InvalidValue,
                "the access token has characters that no header can hold",
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a secret to the query.
    pub(crate) fn secret_query(mut self, name: &'static str, secret: Secret) -> Self {
        self.secret_query = Some((name, secret));
        self
    }

    /// The whole address.
    fn address(&self) -> Url {
        let mut url = self.url.clone();
        if let Some((name, secret)) = &self.secret_query {
            url.query_pairs_mut().append_pair(name, secret.expose());
        }
        url
    }

    /// Adds `Authorization: Basic`.
    #[must_use]
    pub fn basic(mut self, username: &str, password: &Secret) -> Self {
        use base64::Engine;
        let pair =
            base64::engine::general_purpose::STANDARD.encode(format!("{username}:{}", password.expose()));
        if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {pair}")) {
            value.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, value);
        }
        self
    }

    /// Adds `Authorization: Bearer`.
    ///
    /// # Errors
    /// `invalid_value` when the token has characters that a header cannot hold.
    pub fn bearer(self, token: &Secret) -> Result<Self> {
        self.secret_header(AUTHORIZATION, "Bearer ", token)
    }
}

/// Longest wait that an app is believed to mean.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// A whole answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl HttpResponse {
    /// The app's clock, from its `Date` header.
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
    }

    /// How long the app asks to wait: `Retry-After` in seconds or as a date; a day at most.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = if let Ok(seconds) = text.parse::<u64>() {
            Duration::from_secs(seconds)
        } else {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            let now = self.date().unwrap_or_else(Timestamp::now);
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        };
        Some(wait.min(LONGEST_WAIT))
    }
}

/// Sends requests. Cheap to clone; clones share the connections, the pace and the count.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
    requests: Arc<AtomicU64>,
}

struct Shared {
    options: HttpOptions,
    pacer: Pacer,
    /// Built with the first request: a command that sends none does not pay for TLS.
    inner: OnceLock<reqwest::Client>,
}

impl HttpClient {
    /// A client; nothing is opened yet.
    pub fn new(options: HttpOptions) -> Self {
        let pacer = Pacer::new(options.requests_per_minute);
        let shared = Arc::new(Shared { options, pacer, inner: OnceLock::new() });
        Self { shared, requests: Arc::default() }
    }

    /// The same client with a count of its own.
    pub(crate) fn with_own_count(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), requests: Arc::default() }
    }

    /// Another client that counts its requests with this one's.
    pub(crate) fn counting_with(&self, options: HttpOptions) -> Self {
        Self { requests: Arc::clone(&self.requests), ..Self::new(options) }
    }

    /// Requests sent so far, retries included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a request, again while its failure passes by itself, and returns what `read` makes of the answer.
    ///
    /// `read` decides what a failure is: an answer that it cannot use is one, whatever its status.
    ///
    /// # Errors
    /// What `read` says, or what the network did.
    pub async fn send<T, F>(&self, request: &HttpRequest, read: F) -> Result<T>
    where
        F: Fn(HttpResponse) -> Result<T>,
    {
        self.send_within(request, None, read).await
    }

    /// The same, each attempt counted against a budget where there is one, and then against no window of this client's
    /// own.
    pub(crate) async fn send_within<T, F>(
        &self,
        request: &HttpRequest,
        budget: Option<&dyn RequestBudget>,
        read: F,
    ) -> Result<T>
    where
        F: Fn(HttpResponse) -> Result<T>,
    {
        let HttpOptions { retry, deadline, .. } = self.shared.options;
        let retry = if request.is_repeatable { retry } else { retry.of_refused() };
        retry.run_until(deadline, || async { read(self.attempt(request, budget).await?) }).await
    }

    /// One attempt, whatever comes of it.
    pub(crate) async fn attempt(
        &self,
        request: &HttpRequest,
        budget: Option<&dyn RequestBudget>,
    ) -> Result<HttpResponse> {
        let permit = self.permit(budget).await?;
        let (started, span) = (Instant::now(), span::of(request));
        let answer = self.exchange(request, permit, budget).instrument(span.clone()).await;
        telemetry::count_app_request(&answer, started.elapsed());
        span::note_answer(&span, &answer);
        answer
    }

    async fn exchange(
        &self,
        request: &HttpRequest,
        permit: Permit<'_>,
        budget: Option<&dyn RequestBudget>,
    ) -> Result<HttpResponse> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = self
            .inner()?
            .request(request.method.clone(), request.address())
            .headers(request.headers.clone())
            .body(request.body.clone())
            .send()
            .await
            .map_err(|error| network_error(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let rate_limit = (self.shared.options.rate_limit)(&headers);
        permit.answered(rate_limit, status == 429);
        if let (429, Some(budget)) = (status, budget) {
            let wait = rate_limit.map_or(Duration::from_mins(1), |limit| limit.reset);
            if let Err(error) = budget.close(wait).await {
                tracing::warn!(%error, "other processes cannot be told that the app refused");
            }
        }
        let body = read_body(response, request.largest_body).await?;
        tracing::debug!(method = %request.method, path = request.url.path(), status, bytes = body.len(), "answered");
        Ok(HttpResponse { status, headers, body })
    }

    /// What is left of the app's limit, as another process knew it.
    pub(crate) fn remember(&self, known: Known) {
        self.shared.pacer.remember(known);
    }

    /// What is left of the app's limit, as far as it is known.
    pub(crate) fn known(&self) -> Option<Known> {
        self.shared.pacer.known()
    }

    /// How this client behaves.
    pub(crate) fn options(&self) -> &HttpOptions {
        &self.shared.options
    }

    /// Waits until a request may leave: by what the app said to this process, and by the budget, which comes last since
    /// what it grants is counted.
    async fn permit(&self, budget: Option<&dyn RequestBudget>) -> Result<Permit<'_>> {
        let deadline = self.shared.options.deadline;
        let (Some(budget), Some(limit)) = (budget, self.shared.options.requests_per_minute) else {
            return self.shared.pacer.permit(deadline).await;
        };
        let permit = self.shared.pacer.permit_by_answers(deadline).await?;
        loop {
            match budget.admit(limit, self.shared.options.urgency).await {
                Ok(Admission::Granted) => return Ok(permit),
                Ok(Admission::Wait(wait))
                    if deadline.is_some_and(|deadline| Instant::now() + wait > deadline) =>
                {
                    return Err(exhausted(Some(wait)));
                }
                Ok(Admission::Wait(wait)) => tokio::time::sleep(wait).await,
                Err(error) => {
                    tracing::warn!(%error, "the shared request budget cannot be asked; this process paces itself");
                    drop(permit);
                    return self.shared.pacer.permit(deadline).await;
                }
            }
        }
    }

    fn inner(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.shared.inner.get() {
            return Ok(client);
        }
        let client = transport(&self.shared.options)?;
        Ok(self.shared.inner.get_or_init(|| client))
    }
}

/// What carries requests. Those that go to no app, and are not ours to retry or count, use it as it is.
pub type Transport = reqwest::Client;

/// A transport with the timeouts of these options.
///
/// # Errors
/// When TLS cannot be set up.
#[expect(clippy::disallowed_methods, reason = "the one constructor")]
pub fn transport(options: &HttpOptions) -> Result<Transport> {
    // Roots from webpki instead of the platform's verifier: 0.1 ms instead of up to 29 ms for each build.
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectorError::new(ErrorCode::InternalError, "TLS cannot be set up").source(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(options.timeout)
        .connect_timeout(options.timeout.min(options.connect_timeout))
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .user_agent(concat!("connector/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "the HTTP client cannot be built").source(error)
        })
}

async fn read_body(mut response: reqwest::Response, largest: usize) -> Result<Bytes> {
    let expected = response.content_length().unwrap_or(0);
    let mut body = BytesMut::with_capacity(usize::try_from(expected).unwrap_or(0).min(1 << 20));
    while let Some(chunk) = response.chunk().await.map_err(|error| network_error(&error))? {
        if body.len() + chunk.len() > largest {
            let message = format!("the answer is larger than {largest} bytes");
            return Err(ConnectorError::new(ErrorCode::InvalidResponse, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// An error for an answer that the app's own mapping says nothing about.
pub fn status_error(response: &HttpResponse) -> ConnectorError {
    let text = String::from_utf8_lossy(&response.body[..response.body.len().min(8192)]);
    let code = ErrorCode::from_status(response.status);
    // Pages for browsers say nothing that helps; proxies answer with them.
    let error = if text.trim_start().starts_with('<') || text.trim().is_empty() {
        ConnectorError::new(code, format!("the app answered with HTTP status {}", response.status))
    } else {
        ConnectorError::upstream(code, &text)
    };
    let error = error.status(response.status);
    match response.retry_after() {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

/// Whether the bytes themselves are wrong, as in a body that is not the gzip it says to be. A body that breaks off is
/// reported as a failure to decode it, too.
fn is_garbled(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other};
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return error.is_decode() && matches!(io.kind(), InvalidData | InvalidInput | Other);
        }
        source = cause.source();
    }
    false
}

fn network_error(error: &reqwest::Error) -> ConnectorError {
    let (code, what) = if error.is_connect() && error.is_timeout() {
        (ErrorCode::ConnectionTimeout, "the app's server did not accept a connection in time")
    } else if error.is_connect() {
        (ErrorCode::ConnectionRejected, "no connection to the app's server")
    } else if error.is_timeout() {
        (ErrorCode::RequestTimeout, "the app did not answer in time")
    } else if is_garbled(error) {
        (ErrorCode::InvalidResponse, "the answer is damaged")
    } else if error.is_builder() {
        (ErrorCode::InvalidValue, "the request cannot be built from these settings")
    } else {
        (ErrorCode::ConnectionClosed, "the connection broke before the answer was complete")
    };
    // The innermost cause says it in the fewest words; the outer ones repeat the URL.
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let cause = innermost.to_string();
    ConnectorError::new(code, format!("{what}: {}", redact(&cause)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    fn pass(response: HttpResponse) -> Result<HttpResponse> {
        if response.status < 400 { Ok(response) } else { Err(status_error(&response)) }
    }

    async fn server(responses: Vec<ResponseTemplate>) -> (MockServer, Url) {
        let server = MockServer::start().await;
        for (position, response) in responses.into_iter().enumerate() {
            let priority = u8::try_from(position + 1).unwrap();
            Mock::given(any())
                .respond_with(response)
                .up_to_n_times(1)
                .with_priority(priority)
                .mount(&server)
                .await;
        }
        let url = Url::parse(&server.uri()).unwrap();
        (server, url)
    }

    #[tokio::test]
    async fn a_failure_that_passes_is_tried_again() {
        let (_server, url) = server(vec![
            ResponseTemplate::new(503),
            ResponseTemplate::new(429).insert_header("Retry-After", "0"),
            ResponseTemplate::new(200).set_body_string("{}"),
        ])
        .await;
        let client = HttpClient::new(HttpOptions::default());
        let response = client.send(&HttpRequest::get(url), pass).await.unwrap();
        assert_eq!((response.status, client.requests()), (200, 3));
    }

    #[tokio::test]
    async fn a_failure_that_stays_is_reported_at_once() {
        let (_server, url) =
            server(vec![ResponseTemplate::new(403).set_body_string("<html>no</html>")]).await;
        let client = HttpClient::new(HttpOptions::default());
        let error = client.send(&HttpRequest::get(url), pass).await.unwrap_err();
        assert_eq!((error.code(), client.requests()), (ErrorCode::PermissionDenied, 1));
        assert!(!error.message().contains("html"));
    }

    #[tokio::test]
    async fn a_refused_connection_is_told_apart() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        let client = HttpClient::new(HttpOptions::default());
        let error = client.send(&HttpRequest::get(url), pass).await.unwrap_err();
        assert_eq!((error.code(), client.requests()), (ErrorCode::ConnectionRejected, 1));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let response = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            headers.insert(DATE, "Wed, 21 Oct 2015 07:28:00 GMT".parse().unwrap());
            HttpResponse { status: 429, headers, body: Bytes::new() }
        };
        assert_eq!(response("7").retry_after(), Some(Duration::from_secs(7)));
        let date = response("Wed, 21 Oct 2015 07:28:30 GMT");
        assert_eq!(date.retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(response("soon").retry_after(), None);
        for far in ["99999999999", "Fri, 31 Dec 2100 23:59:59 GMT"] {
            assert_eq!(response(far).retry_after(), Some(Duration::from_hours(24)), "{far}");
        }
    }
}

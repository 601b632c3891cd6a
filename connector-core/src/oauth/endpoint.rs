//! Requests to the endpoints of an authorization server.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;
use url::{Host, Url};

use super::answer::Answer;
use super::authentication::{Authentication, Credential, Proof};
use super::client::Endpoint;
use super::{OAuthClient, discovery};
use crate::auth::Secret;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::{HttpRequest, HttpResponse};

/// Largest answer that is read, in bytes. Tokens take a few thousand.
pub(super) const LARGEST_ANSWER: usize = 1 << 20;

/// Longest time for an answer, with all of our secrets tried: it fits into the time that a stop leaves
/// (`cli::signals`), and a database lets a session with a lock be idle for so long.
pub(crate) const LONGEST_REQUEST: Duration = Duration::from_secs(20);

/// Members of a form that say who we are or what we ask for, so that no parameter of a setting may.
const RESERVED: [&str; 6] =
    ["client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type", "redirect_uri"];

/// Members of a form that a server must not repeat to anybody.
const SECRETS: [&str; 10] = [
    "assertion",
    "client_secret",
    "client_assertion",
    "refresh_token",
    "code",
    "code_verifier",
    "device_code",
    "subject_token",
    "actor_token",
    "token",
];

/// Our registration with an authorization server, as one call uses it.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) registration: OAuthClient,
    pub(super) id: String,
    credential: Credential,
    /// The scopes that the tokens were asked for with, separated by spaces.
    pub(super) requested: Option<String>,
}

impl Client {
    pub(super) fn new(registration: OAuthClient, id: String, credential: Credential) -> Self {
        Self { registration, id, credential, requested: None }
    }

    /// The same, with what was asked for: it is what was granted when the server does not tell.
    pub(super) fn requesting(mut self, scopes: Option<String>) -> Self {
        self.requested = scopes.filter(|scopes| !scopes.is_empty());
        self
    }
}

/// The members of a form, in the order in which they are sent.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a member that may be absent.
    pub(super) fn with_some(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with a member for each value.
    pub(super) fn with_each<V: Into<String>>(self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        values.into_iter().fold(self, |form, value| form.with(name, value))
    }

    /// The same with members of the settings, which replace nothing.
    pub(super) fn with_parameters(mut self, parameters: &[(String, String)]) -> Self {
        for (name, value) in parameters {
            if !RESERVED.contains(&name.as_str()) && !self.0.iter().any(|(taken, _)| taken == name) {
                self.0.push((name.clone(), value.clone()));
            }
        }
        self
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Sends a form to an endpoint, as from us, and tells when it was about to leave. The next of our secrets is tried when
/// the server does not know one: it has not looked at the rest of the request then.
///
/// Nothing else is sent twice: a code and a refresh token work once, so that a second attempt could only do harm.
pub(super) async fn post(
    context: &CallContext,
    client: &Client,
    endpoint: Endpoint,
    form: Form,
) -> Result<(Answer, Timestamp)> {
    let addresses = addresses(context, &client.registration, endpoint).await?;
    let answer = timeout(LONGEST_REQUEST, post_to(&addresses, context, client, form)).await;
    answer.unwrap_or_else(|_| {
        Err(ConnectorError::new(ErrorCode::RequestTimeout, "the app did not answer in time"))
    })
}

/// Where a request goes, and whom a proof of who we are is for.
pub(super) struct Addresses {
    url: Url,
    audience: String,
}

/// The addresses that a request takes. The app may be asked for them, once in a while.
pub(super) async fn addresses(
    context: &CallContext,
    registration: &OAuthClient,
    endpoint: Endpoint,
) -> Result<Addresses> {
    let url = url(context, registration, endpoint).await?;
    let audience = match &registration.assertion_audience {
        Some(audience) => audience.clone(),
        None => self::url(context, registration, Endpoint::Token).await?.into(),
    };
    Ok(Addresses { url, audience })
}

async fn post_to(
    Addresses { url, audience }: &Addresses,
    context: &CallContext,
    client: &Client,
    form: Form,
) -> Result<(Answer, Timestamp)> {
    let sender = context.for_tokens();
    let form = form.with_parameters(&client.registration.token_parameters);
    let mut proofs = client.credential.proofs().iter().peekable();
    loop {
        let proof = proofs.next().unwrap_or(&Proof::Nothing);
        let (request, secrets) = request(url, &form, &proof.of(&client.id, audience)?);
        let sent_at = Timestamp::now();
        let response = sender.http().attempt(&request, None).await?;
        let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
        match Answer::read(&response, &secrets) {
            Ok(answer) => return Ok((answer, sent_at)),
            Err(error) if proofs.peek().is_some() && is_unknown_client(&error) => {
                tracing::warn!("the app does not know one of our client secrets; the next is tried");
            }
            Err(error) => return Err(advised(context, error, &response)),
        }
    }
}

/// The request, and what of it the server must not repeat to anybody.
fn request(url: &Url, form: &Form, us: &Authentication<'_>) -> (HttpRequest, Vec<String>) {
    let ours = us.form.iter().map(|(name, value)| (*name, value.as_str()));
    let pairs: Vec<_> = form.pairs().chain(ours).collect();
    let request = HttpRequest::post_form(url.clone(), pairs.iter().copied()).largest_body(LARGEST_ANSWER);
    let request = match &us.basic {
        Some((name, password)) => request.basic(name, password),
        None => request,
    };
    let secrets = pairs.iter().filter(|(name, _)| SECRETS.contains(name)).map(|(_, value)| *value);
    let secrets = secrets.chain(us.secret.map(Secret::expose)).map(ToOwned::to_owned).collect();
    (request, secrets)
}

fn is_unknown_client(error: &ConnectorError) -> bool {
    error.app_code() == Some("oauth.invalid_client")
}

/// The error with what the integration advises for such an answer, as where in the app to look.
fn advised(context: &CallContext, error: ConnectorError, response: &HttpResponse) -> ConnectorError {
    let known = context.integration().map_error(response).filter(|known| known.code() == error.code());
    match known.as_ref().and_then(ConnectorError::hint_text) {
        Some(hint) => error.hint(hint.to_owned()),
        None => error,
    }
}

/// The address of an endpoint: that of the settings, else the one that the server publishes.
pub(super) async fn url(
    context: &CallContext,
    registration: &OAuthClient,
    endpoint: Endpoint,
) -> Result<Url> {
    let address = match endpoint.of(&registration.endpoints) {
        Some(address) => address.to_owned(),
        None => discovery::endpoint(context, registration, endpoint).await?,
    };
    checked(&address, endpoint.name())
}

/// An address that secrets and codes may be sent to: nobody may listen in on the way (RFC 6749, section 3.2).
pub(super) fn checked(address: &str, name: &str) -> Result<Url> {
    let url = Url::parse(address).map_err(|_| wrong_url(name, "is not a URL"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => Err(wrong_url(name, "must start with https:// unless it is on this machine")),
    }
}

fn wrong_url(name: &str, what: &str) -> ConnectorError {
    let message = format!("the {name} URL of the settings {what}");
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

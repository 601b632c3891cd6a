//! `login`: connects an account through the app's own page and keeps its tokens in the vault.

use std::io::BufRead;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use connector_core::dispatch::{DEFAULT_CONNECTION, count_request, dispatch, gather_settings};
use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::host::{Host, NoHost, StopSignal};
use connector_core::integration::Integration;
use connector_core::oauth::{Connection, ConnectionKey, ConnectionState, Renewal, TokenSet, TokenStore};
use connector_core::settings::variable_name;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::Url;

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};
use crate::signals::{Signals, Watched};

/// Time for somebody to agree; the codes of most apps live as long.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// What was typed after `login`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LoginCommand {
    /// Name of the connection
    #[arg(long, default_value = DEFAULT_CONNECTION)]
    pub(crate) connection: String,
    /// Print the address instead of opening a browser; the redirected address may be pasted back
    #[arg(long)]
    pub(crate) no_browser: bool,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeSource,
}

/// How somebody gets to the app's page.
pub(crate) type ShowPage<'a> = &'a (dyn Fn(&str) + Sync);

pub(crate) async fn run(integration: &Arc<Integration>, command: LoginCommand) -> Result<Ended> {
    let envelope = read_envelope(&command.envelope)?;
    let (signals, stop) = Signals::new();
    let host = Arc::new(CliHost::new(integration.app_id()).with_stop(stop.clone()));
    let show = |address: &str| show_page(address, command.no_browser);
    let login =
        Login { integration, host: &host, connection: &command.connection, paste: command.no_browser };
    match signals.watch(login.run(envelope.settings, &show, stop)).await {
        Watched::Done(Ok(answer), _) => {
            if is_for_people() && !command.envelope.is_given() {
                let response: Value = serde_json::from_str(answer.response.get()).unwrap_or_default();
                let account = response["account"].as_str().unwrap_or("unknown");
                tell(&format!("Connected account {account} as `{}`. Next: `sync`.", command.connection));
                return Ok(Ended::Shown(answer.outcome));
            }
            Ok(Ended::Answer(answer))
        }
        Watched::Done(Err(_), Some(signal)) | Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
        Watched::Done(Err(error), None) => Err(error),
    }
}

fn show_page(address: &str, no_browser: bool) {
    tell(&format!("Agree here to connect the account:\n\n  {address}\n"));
    if !no_browser && open::that_detached(address).is_err() {
        tell("No browser could be opened; open the address yourself.");
    }
}

/// One login.
pub(crate) struct Login<'a> {
    pub(crate) integration: &'a Arc<Integration>,
    pub(crate) host: &'a Arc<CliHost>,
    pub(crate) connection: &'a str,
    /// Whether the redirected address may come from standard input.
    pub(crate) paste: bool,
}

#[derive(Deserialize)]
struct AuthorizationUrl {
    #[serde(rename = "authorization_url")]
    address: String,
    code_verifier: String,
    state: String,
}

impl Login<'_> {
    pub(crate) async fn run(
        &self,
        requested: Map<String, Value>,
        show: ShowPage<'_>,
        stop: StopSignal,
    ) -> Result<Answer> {
        let host: Arc<dyn Host> = Arc::clone(self.host) as Arc<dyn Host>;
        let mut settings = gather_settings(self.integration, requested, &*host);
        // What would keep the tokens from being got and kept is found before somebody is asked to agree.
        let vault = self.host.vault_for_keeping()?;
        self.require_client_secret(&settings)?;
        let redirect = settings.get("redirect_uri").and_then(Value::as_str).map(ToOwned::to_owned);
        let (redirect_uri, listener) = redirect_target(redirect).await?;
        settings.insert("redirect_uri".into(), json!(redirect_uri));

        let url = self.call("get_authorization_url", json!({}), &settings, None).await?;
        let url: AuthorizationUrl = read(&url)?;
        let (sender, mut answers) = mpsc::channel(4);
        let serving = listener.map(|listener| {
            tokio::spawn(listen(listener, url.state.clone(), redirect_uri.clone(), sender.clone()))
        });
        if self.paste || serving.is_none() {
            read_pasted(sender);
        }
        show(&url.address);
        let returned = wait(&mut answers, stop).await;
        if let Some(serving) = serving {
            serving.abort();
        }
        let request = json!({
            "redirect_uri_with_code": returned?,
            "state": url.state,
            "code_verifier": url.code_verifier,
        });
        let tokens: TokenSet =
            read(&self.call("handle_authorization_callback", request, &settings, None).await?)?;
        let account = self.account(&tokens, &settings).await?;
        self.require_same_account(&*vault, account.as_deref()).await?;
        let expires_at = tokens.expires_at;
        let key =
            ConnectionKey { app_id: self.integration.app_id().to_owned(), name: self.connection.to_owned() };
        let connection = Connection {
            tokens,
            settings,
            account: account.clone(),
            state: ConnectionState::Active,
            renewal: Renewal::default(),
            generation: 0,
        };
        vault.save(&key, &connection).await?;
        if let Some(account) = &account {
            self.count_request(connection.settings, account).await;
        }
        Answer::new(&json!({"connection": self.connection, "account": account, "expires_at": expires_at}))
    }

    /// A connection stays with its account: the rows and cursors of another would be taken for its own.
    async fn require_same_account(&self, vault: &dyn TokenStore, account: Option<&str>) -> Result<()> {
        let connections = vault.list(self.integration.app_id()).await?;
        let known = connections.into_iter().find(|known| known.name == self.connection);
        match (known.and_then(|known| known.account), account) {
            (Some(known), Some(account)) if known != account => Err(ConnectorError::new(
                ErrorCode::Conflict,
                format!(
                    "connection `{}` is of account {known}, and this was account {account}",
                    self.connection
                ),
            )
            .hint("connect the other account under a name of its own: `login --connection NAME`")),
            _ => Ok(()),
        }
    }

    fn require_client_secret(&self, settings: &Map<String, Value>) -> Result<()> {
        let is_declared = self.integration.settings_schema()["properties"].get("client_secret").is_some();
        if !is_declared || settings.contains_key("client_secret") {
            return Ok(());
        }
        let variable = variable_name(self.integration.app_id(), "client_secret");
        Err(ConnectorError::new(ErrorCode::IntegrationMissingParameter, "/settings/client_secret is missing")
            .hint(format!("set {variable}")))
    }

    /// The app's id of the account that the tokens are for.
    async fn account(&self, tokens: &TokenSet, settings: &Map<String, Value>) -> Result<Option<String>> {
        if self.integration.capability("validate_credentials").is_none() {
            return Ok(None);
        }
        let answer = self.call("validate_credentials", json!({}), settings, Some(tokens)).await?;
        let response: Value = read(&answer)?;
        Ok(response["unique_tenant_id"].as_str().map(ToOwned::to_owned))
    }

    /// Asking for the account was a request that other processes should know of.
    async fn count_request(&self, settings: Map<String, Value>, account: &str) {
        let counted = count_request(self.integration, settings, account, &**self.host);
        if let Err(error) = counted.await {
            tracing::warn!(%error, "the request of the login could not be counted");
        }
    }

    async fn call(
        &self,
        capability: &str,
        request: Value,
        settings: &Map<String, Value>,
        tokens: Option<&TokenSet>,
    ) -> Result<Answer> {
        let auth = tokens.map(|tokens| {
            let token = json!({"access_token": tokens.access_token.expose()});
            Map::from_iter([("oauth".to_owned(), token)])
        });
        let request = request.as_object().cloned().unwrap_or_default();
        let envelope =
            RequestEnvelope { request, auth, settings: settings.clone(), ..RequestEnvelope::default() };
        // Settings are gathered already; the environment must not be read a second time over them.
        dispatch(self.integration, capability, envelope, &(Arc::new(NoHost) as Arc<dyn Host>)).await
    }
}

fn read<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T> {
    serde_json::from_str(answer.response.get()).map_err(|error| {
        // The text of the error may hold a token.
        let place = format!("line {}, column {}", error.line(), error.column());
        ConnectorError::new(
            ErrorCode::InternalError,
            format!("an answer of our own cannot be read ({place})"),
        )
    })
}

/// Where the app sends people back to, and who listens there. Nobody does when it is not on this machine: then the
/// address is pasted.
async fn redirect_target(configured: Option<String>) -> Result<(String, Option<TcpListener>)> {
    let Some(uri) = configured else {
        let listener = bind(0).await?;
        let port = listener.local_addr().map_err(|error| cannot_listen(0, &error))?.port();
        return Ok((format!("http://127.0.0.1:{port}/callback"), Some(listener)));
    };
    let url = Url::parse(&uri).map_err(|_| {
        ConnectorError::misconfigured(ErrorCode::InvalidValue, "/settings/redirect_uri is not a URL")
    })?;
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !is_loopback || url.scheme() != "http" {
        return Ok((uri, None));
    }
    let listener = bind(url.port_or_known_default().unwrap_or(80)).await?;
    Ok((uri, Some(listener)))
}

async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| cannot_listen(port, &error))
}

fn cannot_listen(port: u16, error: &std::io::Error) -> ConnectorError {
    let message = format!("nothing can listen on port {port} of this machine: {error}");
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
        .hint("set redirect_uri to another port that the app knows, or stop what uses this one")
}

struct Callback {
    state: String,
    redirect_uri: String,
    answers: mpsc::Sender<String>,
}

/// Waits for the app to send somebody back. What does not carry our state is not from the app and is passed over.
async fn listen(listener: TcpListener, state: String, redirect_uri: String, answers: mpsc::Sender<String>) {
    let callback = Arc::new(Callback { state, redirect_uri, answers });
    let app = Router::new().fallback(get(take_callback)).with_state(callback);
    let _ = axum::serve(listener, app).await;
}

async fn take_callback(
    State(callback): State<Arc<Callback>>,
    RawQuery(query): RawQuery,
) -> (StatusCode, Html<&'static str>) {
    let query = query.unwrap_or_default();
    let is_ours = url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "state" && value == callback.state);
    if !is_ours {
        return (
            StatusCode::BAD_REQUEST,
            Html(
                "<!doctype html><title>connector</title><p>This page takes the answer of the login that is under way, and nothing else.",
            ),
        );
    }
    // The app sends the query of the redirect URI back with its own.
    let base = callback.redirect_uri.split('?').next().unwrap_or_default();
    let _ = callback.answers.send(format!("{base}?{query}")).await;
    (
        StatusCode::OK,
        Html(
            "<!doctype html><title>connector</title><p>Thank you. You can close this page and go back to the terminal.",
        ),
    )
}

/// Reads the redirected address from standard input, in a thread, since a terminal cannot be waited for otherwise.
fn read_pasted(answers: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            let line = line.trim().to_owned();
            if !line.is_empty() && answers.blocking_send(line).is_err() {
                return;
            }
        }
    });
}

async fn wait(answers: &mut mpsc::Receiver<String>, mut stop: StopSignal) -> Result<String> {
    tokio::select! {
        answer = tokio::time::timeout(LONGEST_WAIT, answers.recv()) => match answer {
            Ok(Some(answer)) => Ok(answer),
            _ => Err(ConnectorError::new(ErrorCode::RequestTimeout, "nobody agreed in time").hint("run `login` again")),
        },
        () = stop.given() => Err(ConnectorError::new(ErrorCode::RequestTimeout, "stopped while waiting for an answer")),
    }
}

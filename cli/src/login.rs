//! `login`: connects an account through the app's own page and keeps its tokens in the vault.

mod paste;
mod redirect;

use std::sync::Arc;
use std::time::Duration;

use connector_core::dispatch::{DEFAULT_CONNECTION, blame_settings, gather_settings};
use connector_core::envelope::Answer;
use connector_core::host::{Host, StopSignal};
use connector_core::integration::Integration;
use connector_core::oauth::authorization::{
    self, BeginAuthorization, DevicePrompt, FinishedAuthorization, LIFETIME, StartedAuthorization,
    begin_on_another_device,
};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};
use crate::signals::{Signals, Watched};
use redirect::Redirect;

/// What was typed after `login`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LoginCommand {
    /// Name of the connection
    #[arg(long, default_value = DEFAULT_CONNECTION)]
    pub(crate) connection: String,
    /// Print the address instead of opening a browser; the redirected address may be pasted back
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Agree with a code on another device, where the app offers that
    #[arg(long, conflicts_with = "no_browser")]
    pub(crate) device: bool,
    /// Give the connection to another account than it was made for
    #[arg(long)]
    pub(crate) change_account: bool,
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
    let login = Login {
        integration,
        host: &host,
        connection: &command.connection,
        may_change_account: command.change_account,
        paste: command.no_browser,
    };
    let requested = envelope.settings.clone();
    let working = async {
        if command.device {
            login.on_another_device(envelope.settings, stop).await
        } else {
            login.run(envelope.settings, &show, stop).await
        }
    };
    match signals.watch(Box::pin(working)).await {
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
        Watched::Done(Err(error), None) => Err(blame_settings(error, integration, &requested, &*host)),
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
    pub(crate) may_change_account: bool,
    /// Whether the redirected address may come from standard input.
    pub(crate) paste: bool,
}

impl Login<'_> {
    pub(crate) async fn run(
        &self,
        requested: Map<String, Value>,
        show: ShowPage<'_>,
        stop: StopSignal,
    ) -> Result<Answer> {
        let host: Arc<dyn Host> = Arc::clone(self.host) as Arc<dyn Host>;
        let settings = gather_settings(self.integration, requested.clone(), &*host);
        let configured = settings.get("redirect_uri").and_then(Value::as_str);
        let redirect = Redirect::new(configured, self.paste).await?;
        let begin = BeginAuthorization {
            connection: self.connection.to_owned(),
            settings: requested,
            redirect_uri: Some(redirect.uri.clone()),
            may_change_account: self.may_change_account,
            ..BeginAuthorization::default()
        };
        let started = authorization::begin(self.integration, &host, begin).await?;
        let query = self.callback(redirect, &started, show, stop).await?;
        let find = |app_id: &str| {
            (app_id == self.integration.app_id()).then(|| (Arc::clone(self.integration), Arc::clone(&host)))
        };
        answer(&authorization::finish(&find, &query, None).await?)
    }

    /// The same without a browser and without an address to come back to.
    async fn on_another_device(&self, requested: Map<String, Value>, mut stop: StopSignal) -> Result<Answer> {
        let host: Arc<dyn Host> = Arc::clone(self.host) as Arc<dyn Host>;
        let request = BeginAuthorization {
            connection: self.connection.to_owned(),
            settings: requested,
            may_change_account: self.may_change_account,
            ..BeginAuthorization::default()
        };
        let login = tokio::select! {
            begun = begin_on_another_device(self.integration, &host, request) => begun?,
            () = stop.given() => return Err(stopped()),
        };
        show_code(login.prompt());
        answer(&login.finish(stop).await?)
    }

    /// What the app sends back, by the browser or by hand.
    async fn callback(
        &self,
        redirect: Redirect,
        started: &StartedAuthorization,
        show: ShowPage<'_>,
        stop: StopSignal,
    ) -> Result<String> {
        let (sender, mut answers) = mpsc::channel(4);
        let paste = self.paste || redirect.listener.is_none();
        let serving = redirect
            .listener
            .map(|listener| tokio::spawn(redirect::listen(listener, started.state.clone(), sender.clone())));
        show(&started.authorization_url);
        if paste {
            tell(
                "If the browser then shows a page that cannot be reached, copy its address and paste it here.",
            );
            paste::read(started, sender);
        } else {
            drop(sender);
        }
        let answer = wait(&mut answers, stop).await;
        if let Some(serving) = serving {
            serving.abort();
        }
        answer
    }
}

fn show_code(prompt: &DevicePrompt) {
    let DevicePrompt { user_code, verification_uri, verification_uri_complete, .. } = prompt;
    tell(&format!(
        "Agree on any device to connect the account:\n\n  {verification_uri}\n\nThe code is {user_code}"
    ));
    if let Some(complete) = verification_uri_complete {
        tell(&format!("It is in this address already: {complete}"));
    }
}

fn answer(finished: &FinishedAuthorization) -> Result<Answer> {
    let FinishedAuthorization { connection, account, expires_at, .. } = finished;
    Answer::new(&json!({"connection": connection, "account": account, "expires_at": expires_at}))
}

fn stopped() -> ConnectorError {
    ConnectorError::new(ErrorCode::RequestTimeout, "stopped while waiting for an answer")
}

async fn wait(answers: &mut mpsc::Receiver<String>, mut stop: StopSignal) -> Result<String> {
    let longest = Duration::try_from(LIFETIME).unwrap_or(Duration::MAX);
    tokio::select! {
        answer = tokio::time::timeout(longest, answers.recv()) => match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(ConnectorError::new(
                ErrorCode::BadRequest,
                "standard input ended before the address was pasted",
            )
            .hint("run `login` on a terminal, or keep its input open until the address is written to it")),
            Err(_) => Err(ConnectorError::new(ErrorCode::RequestTimeout, "nobody agreed in time")
                .hint("run `login` again")),
        },
        () = stop.given() => Err(stopped()),
    }
}

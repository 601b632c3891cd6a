//! `webhooks`: takes the app's messages about changes and reads the changed records again, at once.
//!
//! ```text
//!  app ──message──▶ receiver ──hints──▶ queue in the store ──ids──▶ worker ──▶ sync of these records
//! ```
//!
//! A message only shortens the wait: what is stored is what the app answers when it is asked. What no message came for,
//! the next sync finds.

mod address;
mod connections;
mod inbox;
mod listen;
mod queue;
mod reading;
mod receiver;
#[cfg(test)]
mod tests;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;

use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::envelope::{Answer, Outcome};
use connector_core::integration::Integration;
use connector_core::oauth::{Connection, ConnectionKey};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::json;

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};
use crate::target::Target;
use address::{PublicUrl, SecretPath};

pub(crate) use inbox::{Inbox, open};

/// What the secret in the address is for.
const PURPOSE: &str = "webhooks";

/// What was typed after `webhooks`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum WebhooksCommand {
    /// Take messages and read the records that they are about
    Listen(Listen),
    /// Print the address to register with the app; it is a secret
    Path(PrintPath),
}

/// What was typed after `webhooks listen`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Listen {
    /// Where to listen; port 0 takes a free one
    #[arg(long = "listen", value_name = "ADDRESS", default_value = "127.0.0.1:8099")]
    pub(crate) address: SocketAddr,
    /// Where the app reaches this program
    #[arg(long, value_name = "https://…")]
    pub(crate) public_url: Option<String>,
    /// Tell the app to post here
    #[arg(long, requires = "public_url")]
    pub(crate) register: bool,
    #[command(flatten)]
    pub(crate) target: Target,
}

/// What was typed after `webhooks path`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PrintPath {
    /// Where the app reaches `webhooks listen`, or `serve --webhooks`
    #[arg(long, value_name = "https://…")]
    pub(crate) public_url: Option<String>,
    /// Name of the connection
    #[arg(long, default_value = DEFAULT_CONNECTION)]
    pub(crate) connection: String,
}

pub(crate) async fn run(integration: &Arc<Integration>, command: WebhooksCommand) -> Result<Ended> {
    match command {
        WebhooksCommand::Listen(command) => listen::run(integration, command).await,
        WebhooksCommand::Path(command) => print_path(integration, &command).await,
    }
}

async fn print_path(integration: &Arc<Integration>, command: &PrintPath) -> Result<Ended> {
    let public = command.public_url.as_deref().map(PublicUrl::parse).transpose()?;
    let host = CliHost::new(integration.app_id());
    let (path, _) = connected(integration, &host, &command.connection).await?;
    let url = public.map(|public| path.below(&public));
    if is_for_people() {
        tell(&url.unwrap_or_else(|| path.path()));
        return Ok(Ended::Shown(Outcome::Done));
    }
    let response = json!({"connection": command.connection, "path": path.path(), "url": url});
    Ok(Ended::Answer(Answer::new(&response)?))
}

/// The secret path of a connection, and the connection.
async fn connected(
    integration: &Integration,
    host: &CliHost,
    name: &str,
) -> Result<(SecretPath, Connection)> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: name.to_owned() };
    let connection = match host.existing_store()? {
        Some(_) => host.vault()?.load(&key).await?,
        None => None,
    };
    let Some(connection) = connection else {
        return Err(ConnectorError::new(
            ErrorCode::IntegrationMissingParameter,
            format!("the vault has no connection `{name}`"),
        )
        .hint("`login --connection NAME` makes one; `status` lists them"));
    };
    Ok((SecretPath::new(host.lasting_secret(PURPOSE, &key).await?), connection))
}

//! `logout`: gives the tokens of a connection back to the app and forgets them.

use std::sync::Arc;

use connector_core::Result;
use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::envelope::Answer;
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::oauth::authorization::{RemovedConnection, remove};
use serde_json::json;

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};

/// What was typed after `logout`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LogoutCommand {
    /// Name of the connection
    #[arg(long, default_value = DEFAULT_CONNECTION)]
    pub(crate) connection: String,
}

pub(crate) async fn run(integration: &Arc<Integration>, command: LogoutCommand) -> Result<Ended> {
    let host: Arc<dyn Host> = Arc::new(CliHost::new(integration.app_id()));
    let RemovedConnection { account, revoked_at_provider, failure } =
        remove(integration, &host, &command.connection).await?;
    let name = &integration.description().user_friendly_name;
    if let Some(error) = &failure {
        tracing::warn!(%error, "the tokens are forgotten here, and the app could not be told");
    }
    if is_for_people() {
        tell(&match revoked_at_provider {
            Some(true) => format!("`{}` is removed, and {name} took its tokens back.", command.connection),
            Some(false) => format!(
                "`{}` is removed here, but {name} could not be told: remove the access on its own pages.",
                command.connection
            ),
            None => format!(
                "`{}` is removed here. {name} takes no tokens back: remove the access on its own pages.",
                command.connection
            ),
        });
        return Ok(Ended::Shown(connector_core::envelope::Outcome::Done));
    }
    let warning = failure.map(|error| json!({"error_code": error.code(), "message": error.message()}));
    Ok(Ended::Answer(Answer::new(&json!({
        "connection": command.connection,
        "account": account,
        "revoked_at_provider": revoked_at_provider,
        "warning": warning,
    }))?))
}

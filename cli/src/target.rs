//! Which connection a command is about, which database, and which streams.

use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::{Map, Value, json};

/// The connection and the database, as typed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Target {
    /// Name of the connection; `default` unless told
    #[arg(long)]
    pub(crate) connection: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Database with the tables: postgres://… or sqlite://file.db, which is named after the connector unless told [env: CONNECTOR_STORE_URL]"
    )]
    pub(crate) to: Option<String>,
    /// Schema of the tables in PostgreSQL; the connector's name unless told
    #[arg(long)]
    pub(crate) schema: Option<String>,
}

impl Target {
    /// Puts what was typed into a request; what was not stays as it is there.
    pub(crate) fn put_into(&self, request: &mut Map<String, Value>) {
        if let Some(connection) = &self.connection {
            request.insert("connection".to_owned(), json!(connection));
        }
        for (name, value) in [("url", &self.to), ("schema", &self.schema)] {
            if let Some(value) = value {
                put_into_sink(request, name, json!(value));
            }
        }
    }
}

/// Sets a member of a request's `sink`.
pub(crate) fn put_into_sink(request: &mut Map<String, Value>, name: &str, value: Value) {
    let sink = request.entry("sink").or_insert_with(|| json!({}));
    if let Some(sink) = sink.as_object_mut() {
        sink.insert(name.to_owned(), value);
    }
}

/// Refuses a name that is typed as that of a stream and is none.
pub(crate) fn check_stream(integration: &Integration, name: &str) -> Result<()> {
    let mut streams = integration.streams().map(|stream| stream.name);
    if streams.any(|stream| stream == name) {
        return Ok(());
    }
    let all: Vec<_> = integration.streams().map(|stream| stream.name).collect();
    let message = format!("{} has no stream of this name", integration.app_id());
    Err(ConnectorError::new(ErrorCode::UnknownValue, message).hint(format!("streams are {}", all.join(", "))))
}

//! `status`: connections, streams and the last runs, as the store has them.

use std::sync::Arc;

use connector_core::ConnectorError;
use connector_core::envelope::{Answer, Outcome};
use connector_core::integration::Integration;
use serde_json::{Value, json};

use crate::host::CliHost;
use crate::output::{Ended, is_for_people, tell};

/// Runs that are shown.
const LATEST_RUNS: u32 = 5;

pub(crate) async fn run(integration: &Arc<Integration>) -> Result<Ended, ConnectorError> {
    let host = CliHost::new(integration.app_id());
    let response = match host.existing_store()? {
        None => json!({"store": null, "connections": [], "streams": [], "runs": []}),
        Some(store) => {
            let app_id = integration.app_id();
            let connections: Vec<Value> = store
                .connections(app_id)
                .await?
                .into_iter()
                .map(|connection| {
                    json!({
                        "name": connection.name,
                        "account": connection.account,
                        "state": connection.state.name(),
                        "reason": connection.renewal.reason,
                        "failures": connection.renewal.failures,
                        "retry_after": connection.renewal.retry_after,
                        "refreshed_at": connection.renewal.succeeded_at,
                        "access_token_expires_at": connection.expires_at,
                        "updated_at": connection.updated_at,
                    })
                })
                .collect();
            json!({
                "store": store.shown(),
                "connections": connections,
                "streams": store.streams(app_id).await?,
                "runs": store.runs(app_id, LATEST_RUNS).await?,
            })
        }
    };
    if is_for_people() {
        show(&response);
        return Ok(Ended::Shown(Outcome::Done));
    }
    Ok(Ended::Answer(Answer::new(&response)?))
}

fn show(response: &Value) {
    let Some(store) = response["store"].as_str() else {
        tell("No store yet: `login` or `sync` makes one.");
        return;
    };
    tell(&format!("Store {store}\n"));
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    for (title, rows, columns) in [
        (
            "Connections",
            &response["connections"],
            &["name", "account", "state", "reason", "retry_after", "access_token_expires_at"][..],
        ),
        (
            "Streams",
            &response["streams"],
            &["connection", "stream", "rows", "rejected", "state/cursor", "state/full_read_at"][..],
        ),
        ("Runs", &response["runs"], &["started_at", "connection", "status", "run_id"][..]),
    ] {
        let mut table = comfy_table::Table::new();
        table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
        table.set_header(columns.iter().map(|column| column.trim_start_matches("state/")));
        for row in rows.as_array().into_iter().flatten() {
            table.add_row(
                columns.iter().map(|column| text(row.pointer(&format!("/{column}")).unwrap_or(&Value::Null))),
            );
        }
        tell(&format!("{title}\n{table}\n"));
    }
}

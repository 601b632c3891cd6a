//! The timer that runs.

use connector_core::{Call, Result};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Nothing;
use super::sent::Sent;
use crate::client;
use crate::resources::types::Relation;
use crate::settings::Settings;

/// The timer of the person who agreed to the access.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CurrentTimer {
    /// Null while none runs.
    timer: Option<Sent<Timer>>,
}

/// Time that is being tracked.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: the answer stays as it was sent")]
struct Timer {
    id: Uuid,
    user: Option<Relation>,
    work_type: Option<Relation>,
    started_at: Option<Timestamp>,
    description: Option<String>,
    /// A company, a contact, an event, a task, a milestone or a ticket.
    subject: Option<Relation>,
    invoiceable: Option<bool>,
}

pub(crate) async fn get_current_timer(call: Call<Settings>, _: Nothing) -> Result<CurrentTimer> {
    let timer = client::optional_object(&call, "timers.current", &json!({})).await?;
    Ok(CurrentTimer { timer: timer.map(Sent::from) })
}

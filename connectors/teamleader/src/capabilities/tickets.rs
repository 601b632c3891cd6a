//! Single messages of tickets.

use connector_core::{Call, Result};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::id::Id;
use super::sent::Sent;
use crate::client;
use crate::resources::types::Relation;
use crate::settings::Settings;

/// Which message.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetTicketMessage {
    message_id: Id,
}

/// What somebody wrote about a ticket.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: the answer stays as it was sent")]
pub(crate) struct TicketMessage {
    message_id: Uuid,
    /// HTML.
    body: Option<String>,
    /// HTML, as it came in.
    raw_body: Option<String>,
    /// `customer`, `internal` or `thirdParty`.
    r#type: Option<String>,
    created_at: Option<Timestamp>,
    /// A company, a contact or a user.
    sent_by: Option<Relation>,
    ticket: Option<Relation>,
    /// Files.
    attachments: Option<Vec<Relation>>,
}

pub(crate) async fn get_ticket_message(
    call: Call<Settings>,
    request: GetTicketMessage,
) -> Result<Sent<TicketMessage>> {
    client::object(&call, "tickets.getMessage", &json!(request)).await.map(Sent::from)
}

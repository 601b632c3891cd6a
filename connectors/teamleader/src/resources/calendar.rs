//! Records of the calendar: events.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::types::Relation;

/// Something that takes time in somebody's calendar.
#[derive(JsonSchema)]
pub(super) struct Event {
    id: Uuid,
    creator: Option<Relation>,
    task: Option<Relation>,
    activity_type: Option<Relation>,
    title: Option<String>,
    description: Option<String>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    location: Option<String>,
    /// Users and contacts.
    attendees: Option<Vec<Relation>>,
    /// Contacts, companies and deals.
    links: Option<Vec<Relation>>,
}

//! Records of the calendar: events.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{Boolean, DateTime, Id};
use connector_core::stream::{FilterKind, Walk};
use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{IDS, TERM};
use super::types::Relation;
use super::{PAGED, Resource, filter, record};

pub(super) const EVENTS: Resource = Resource {
    stream: "events",
    singular: "event",
    path: "events",
    description: "Events of the calendar: meetings, calls, tasks and what else takes time",
    record: record::<Event>,
    walk: Walk::Pages { sort: Some("starts_at") },
    filters: &[
        IDS,
        filter("user_id", Id),
        filter("activity_type_id", Id),
        filter("ends_after", DateTime),
        filter("starts_before", DateTime),
        TERM,
        filter("attendee", FilterKind::Relation(&["contact"])),
        filter("link", FilterKind::Relation(&["contact", "company", "deal"])),
        filter("task_id", Id),
        filter("done", Boolean),
    ],
    sorts: &["starts_at"],
    ..PAGED
};

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

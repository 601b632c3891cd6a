//! The calendar: events, meetings, calls, and the lists that they choose from.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{Boolean, DateTime, Group, Id, Text};
use connector_core::stream::{FilterKind, Walk, Window};
use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{IDS, TERM};
use super::types::{Address, CustomField, Duration, Named, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const EVENTS: Resource = Resource {
    stream: "events",
    singular: "event",
    path: "events",
    description: "Events of the calendar: meetings, calls, tasks and what else takes time",
    record: record::<Event>,
    entity: Some("event"),
    walk: Walk::Pages { sort: Some("starts_at") },
    window: Some(Window { from: "ends_after", until: None, back: 60, ahead: 0, full_every: 7 }),
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

pub(super) const MEETINGS: Resource = Resource {
    stream: "meetings",
    singular: "meeting",
    path: "meetings",
    description: "Meetings, with the time that was estimated and tracked",
    record: record::<Meeting>,
    entity: Some("meeting"),
    walk: Walk::Pages { sort: Some("scheduled_at") },
    window: Some(Window { from: "start_date", until: None, back: 60, ahead: 0, full_every: 7 }),
    filters: &[
        IDS,
        filter("employee_id", Id),
        filter("start_date", FilterKind::Date),
        filter("end_date", FilterKind::Date),
        filter("milestone_id", Id),
        TERM,
        filter("recurrence_id", Id),
        filter("group_id", Id),
    ],
    sorts: &["scheduled_at"],
    includes: &["tracked_time", "estimated_time"],
    default_includes: &["tracked_time", "estimated_time"],
    details: true,
    info_includes: &["tracked_time", "estimated_time"],
    custom_field_contexts: &["meeting"],
    ..PAGED
};

pub(super) const CALLS: Resource = Resource {
    stream: "calls",
    singular: "call",
    path: "calls",
    description: "Calls that were made or are to be made",
    record: record::<Call>,
    entity: Some("call"),
    totals: true,
    window: Some(Window { from: "scheduled_after", until: None, back: 60, ahead: 0, full_every: 7 }),
    filters: &[
        filter("scheduled_after", FilterKind::Date),
        filter("scheduled_before", FilterKind::Date),
        // A relation whose types nobody documents.
        filter("relates_to", Group(&[filter("type", Text).required(), filter("id", Id).required()])),
        filter("call_outcome_id", Id),
    ],
    details: true,
    custom_field_contexts: &["callback"],
    ..PAGED
};

pub(super) const CALL_OUTCOMES: Resource = Resource {
    stream: "call_outcomes",
    singular: "call_outcome",
    path: "callOutcomes",
    description: "Outcomes that a call can have",
    record: record::<Named>,
    entity: Some("callOutcome"),
    info: false,
    ..PAGED
};

pub(super) const ACTIVITY_TYPES: Resource = Resource {
    stream: "activity_types",
    singular: "activity_type",
    path: "activityTypes",
    description: "Activity types: what kinds of events there are",
    record: record::<Named>,
    entity: Some("activityType"),
    filters: &[IDS],
    info: false,
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

/// People who meet.
#[derive(JsonSchema)]
pub(super) struct Meeting {
    id: Uuid,
    title: Option<String>,
    description: Option<String>,
    created_at: Option<Timestamp>,
    created_by: Option<Relation>,
    scheduled_at: Option<Timestamp>,
    duration: Option<Duration>,
    /// Part of the list with the include of the same name.
    tracked_time: Option<TotalTime>,
    /// Part of the list with the include of the same name.
    estimated_time: Option<TotalTime>,
    /// A company or a contact.
    customer: Option<Relation>,
    /// A project of either module.
    project: Option<Relation>,
    milestone: Option<Relation>,
    /// A group of a project of the new module.
    group: Option<Relation>,
    /// Users and contacts.
    attendees: Option<Vec<Relation>>,
    /// `open` or `done`.
    status: Option<String>,
    recurrence: Option<Relation>,
    /// Part of the single record.
    deal: Option<Relation>,
    /// Part of the single record.
    location: Option<Location>,
    /// Part of the single record; what `customer_meeting_room` was called before.
    online_meeting_room: Option<Relation>,
    /// Part of the single record.
    customer_meeting_room: Option<Relation>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
    /// Part of the single record.
    #[serde(rename = "workOrder")]
    work_order: Option<Relation>,
}

/// All time of a meeting.
#[derive(JsonSchema)]
struct TotalTime {
    total: Option<Duration>,
}

/// Where people meet: which of the fields there are depends on the type.
#[derive(JsonSchema)]
struct Location {
    /// Such as `virtual`, `address` or `calendarResource`.
    r#type: Option<String>,
    id: Option<Uuid>,
    address: Option<Address>,
}

/// A conversation on the telephone.
#[derive(JsonSchema)]
pub(super) struct Call {
    id: Uuid,
    added_at: Option<Timestamp>,
    participant: Option<Participant>,
    description: Option<String>,
    outcome: Option<Relation>,
    outcome_summary: Option<String>,
    /// A user.
    assignee: Option<Relation>,
    scheduled_at: Option<Timestamp>,
    /// `open` or `completed`.
    status: Option<String>,
    deal: Option<Relation>,
    /// Part of the single record.
    completed_at: Option<Timestamp>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
}

/// Who is called.
#[derive(JsonSchema)]
struct Participant {
    /// A company or a contact.
    customer: Option<Relation>,
    contact: Option<Relation>,
}

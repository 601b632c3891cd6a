//! Work and its planning: tasks, tracked time, plannable items, reservations.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::FilterKind::{Boolean, DateTime, Id, IdOrNull, Ids, Relations, SomeOf};
use connector_core::stream::{Filter, FilterKind, Walk, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_DEACTIVATED, CUSTOMER, IDS, TERM};
use super::types::{CustomField, Duration, Money, Relation};
use super::{PAGED, Resource, filter, record};

pub(super) const LEGACY_TASKS: Resource = Resource {
    stream: "legacy_tasks",
    singular: "legacy_task",
    path: "tasks",
    description: "Tasks of the calendar and of the old projects module",
    record: record::<LegacyTask>,
    entity: Some("task"),
    walk: Walk::Pages { sort: Some("created_at") },
    // Tasks that are not due on any day are in no window.
    window: Some(Window { from: "due_from", until: None, back: 60, ahead: 0, full_every: 1 }),
    filters: &[
        IDS,
        filter("user_id", IdOrNull),
        filter("milestone_id", Id),
        filter("completed", Boolean),
        filter("scheduled", Boolean),
        filter("due_by", FilterKind::Date),
        filter("due_from", FilterKind::Date),
        TERM,
        CUSTOMER,
    ],
    sorts: &["created_at", "due_on"],
    details: true,
    custom_field_contexts: &["todo"],
    ..PAGED
};

pub(super) const TIME_TRACKING: Resource = Resource {
    stream: "time_tracking",
    singular: "time_tracking",
    path: "timeTracking",
    description: "Tracked time: who worked when, on what, and whether it is invoiced",
    record: record::<TrackedTime>,
    entity: Some("timeTracking"),
    walk: Walk::Pages { sort: Some("starts_on") },
    // Time may be tracked for a day without an hour, and nobody documents whether that is after any instant.
    window: Some(Window { from: "started_after", until: None, back: 60, ahead: 0, full_every: 1 }),
    filters: &[
        IDS,
        filter("user_id", Id),
        filter("started_after", DateTime),
        filter("started_before", DateTime),
        filter("ended_after", DateTime),
        filter("ended_before", DateTime),
        filter("subject", FilterKind::Relation(TRACKED_TYPES)),
        filter("subject_types", SomeOf(TRACKED_TYPES)),
        filter("relates_to", FilterKind::Relation(TRACKED_FOR_TYPES)),
    ],
    sorts: &["starts_on"],
    includes: &["materials", "relates_to"],
    default_includes: &["materials", "relates_to"],
    // The single record adds whether it is locked: not worth a request for each.
    info_includes: &["materials", "relates_to"],
    ..PAGED
};

const TRACKED_TYPES: &[&str] = &["company", "contact", "event", "todo", "milestone", "ticket"];

const TRACKED_FOR_TYPES: &[&str] =
    &["contact", "company", "project", "milestone", "ticket", "nextgenProject", "nextgenProjectGroup"];

pub(super) const PLANNABLE_ITEMS: Resource = Resource {
    stream: "plannable_items",
    singular: "plannable_item",
    path: "plannableItems",
    description: "Plannable items: work that can be planned, and how much of it is",
    record: record::<PlannableItem>,
    entity: Some("plannableItem"),
    // Ids begin with the time at which they were made.
    walk: Walk::Pages { sort: Some("id") },
    // Items without dates are in no window.
    window: Some(Window { from: "start_date", until: None, back: 60, ahead: 0, full_every: 1 }),
    filters: &[
        IDS,
        filter("status", SomeOf(ACTIVE_OR_DEACTIVATED)),
        TERM,
        filter("types", SomeOf(PLANNABLE_TYPES)),
        filter("start_date", FilterKind::Date),
        filter("end_date", FilterKind::Date),
        filter("project_ids", Ids),
        ASSIGNEES,
        filter("work_type_ids", Ids),
        filter("completion_statuses", SomeOf(&["to_do", "done"])),
        filter("planned_time_statuses", SomeOf(PLANNED_TIME_STATUSES)),
    ],
    sorts: &["id", "end_date", "total_duration"],
    default_filter: &[("status", r#"["active","deactivated"]"#)],
    ..PAGED
};

const PLANNED_TIME_STATUSES: &[&str] = &["unplanned", "partially_planned", "fully_planned", "overbooked"];

pub(super) const RESERVATIONS: Resource = Resource {
    stream: "reservations",
    singular: "reservation",
    path: "reservations",
    description: "Reservations: time of users and teams that is planned for something",
    record: record::<Reservation>,
    entity: Some("reservation"),
    window: Some(Window { from: "start_date", until: None, back: 60, ahead: 0, full_every: 7 }),
    filters: &[
        filter("plannable_item_ids", Ids),
        filter("start_date", FilterKind::Date),
        filter("end_date", FilterKind::Date),
        ASSIGNEES,
        filter("sources", Relations(PLANNABLE_TYPES)),
        filter("source_types", SomeOf(PLANNABLE_TYPES)),
        filter("project_ids", Ids),
        TERM,
        filter("work_type_ids", Ids),
    ],
    info: false,
    ..PAGED
};

const ASSIGNEES: Filter = filter("assignees", Relations(&["team", "user"]));

const PLANNABLE_TYPES: &[&str] = &["call", "closingDay", "dayOffType", "externalEvent", "meeting", "task"];

/// Something to do.
#[derive(JsonSchema)]
pub(super) struct LegacyTask {
    id: Uuid,
    title: Option<String>,
    description: Option<String>,
    completed: Option<bool>,
    completed_at: Option<Timestamp>,
    due_on: Option<Date>,
    added_at: Option<Timestamp>,
    estimated_duration: Option<Duration>,
    work_type: Option<Relation>,
    /// A user or a team.
    assignee: Option<Relation>,
    /// A company or a contact.
    customer: Option<Relation>,
    milestone: Option<Relation>,
    deal: Option<Relation>,
    project: Option<Relation>,
    ticket: Option<Relation>,
    /// From `A`, the highest, to `D`.
    priority: Option<String>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
}

/// Time that somebody worked.
#[derive(JsonSchema)]
pub(super) struct TrackedTime {
    id: Uuid,
    user: Option<Relation>,
    work_type: Option<Relation>,
    started_on: Option<Date>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    /// In seconds.
    duration: Option<f64>,
    description: Option<String>,
    /// What was worked on. The ids of a `todo` are not those of tasks of the new module.
    subject: Option<Relation>,
    invoiceable: Option<bool>,
    billing_info: Option<BillingInfo>,
    /// Part of the list with the include of the same name.
    materials: Option<Vec<UsedMaterial>>,
    /// Part of the list with the include of the same name: what the subject belongs to.
    relates_to: Option<Vec<Relation>>,
    /// Absent for users who may not see it.
    hourly_rate: Option<Money>,
    /// Part of the single record.
    locked: Option<bool>,
}

/// How time was paid for.
#[derive(JsonSchema)]
struct BillingInfo {
    /// `invoice` or `prepaid`.
    r#type: Option<String>,
    invoice: Option<Relation>,
}

/// What was used while working.
#[derive(JsonSchema)]
struct UsedMaterial {
    product: Option<Relation>,
    description: Option<String>,
    unit_price: Option<Money>,
    quantity: Option<f64>,
}

/// Work that can be planned.
#[derive(JsonSchema)]
pub(super) struct PlannableItem {
    id: Uuid,
    /// Most often a task.
    source: Option<Relation>,
    total_duration: Option<Duration>,
    planned_duration: Option<Duration>,
    unplanned_duration: Option<Duration>,
}

/// Planned time.
#[derive(JsonSchema)]
pub(super) struct Reservation {
    id: Uuid,
    plannable_item: Option<Relation>,
    date: Option<Date>,
    duration: Option<Duration>,
    /// A user or a team.
    assignee: Option<Relation>,
    /// What made it, such as a day off.
    origin: Option<Relation>,
}

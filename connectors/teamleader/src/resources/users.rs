//! People of the account and their time: users, teams, days off, schedules.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]
#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::stream::FilterKind::{Id, Ids, SomeOf};
use connector_core::stream::{FilterKind, Walk, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{ACTIVE_OR_DEACTIVATED, IDS, TERM, parent};
use super::types::{Money, Named, Relation, Telephone};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const USERS: Resource = Resource {
    stream: "users",
    singular: "user",
    path: "users",
    description: "Users of the account",
    record: record::<User>,
    entity: Some("user"),
    // The only unique field of the four; people are seldom added while a list of them is read.
    walk: Walk::Pages { sort: Some("email") },
    filters: &[IDS, TERM, filter("status", SomeOf(ACTIVE_OR_DEACTIVATED))],
    sorts: &["first_name", "last_name", "email", "function"],
    // Without it the list shows active users only, and records point at users that do not exist.
    default_filter: &[("status", r#"["active","deactivated"]"#)],
    details: true,
    info_includes: &["external_rate"],
    ..PAGED
};

pub(super) const TEAMS: Resource = Resource {
    stream: "teams",
    singular: "team",
    path: "teams",
    description: "Teams of users",
    record: record::<Team>,
    entity: Some("team"),
    filters: &[IDS, TERM, filter("team_lead_id", Id)],
    sorts: &["name"],
    info: false,
    ..UNPAGED
};

pub(super) const DAY_OFF_TYPES: Resource = Resource {
    stream: "day_off_types",
    singular: "day_off_type",
    path: "dayOffTypes",
    description: "Types of days off: holidays, illness and the like",
    record: record::<Named>,
    entity: Some("dayOffType"),
    info: false,
    ..UNPAGED
};

pub(super) const DAYS_OFF: Resource = Resource {
    stream: "days_off",
    singular: "day_off",
    path: "users",
    action: "listDaysOff",
    description: "Days off of users",
    record: record::<DayOff>,
    entity: Some("dayOff"),
    totals: true,
    window: Some(Window { from: "starts_after", until: None, back: 60, ahead: 0, full_every: 7 }),
    parents: &[parent("users", "id", "user_id")],
    filters: &[
        filter("id", Id).required(),
        filter("starts_after", FilterKind::Date),
        filter("ends_before", FilterKind::Date),
    ],
    beside: &["id"],
    info: false,
    ..PAGED
};

pub(super) const USER_SCHEDULES: Resource = Resource {
    stream: "user_schedules",
    singular: "user_schedule",
    path: "userSchedules",
    description: "Schedules: when users work in the coming week",
    record: record::<UserSchedule>,
    key: &["user_id"],
    totals: true,
    // Both ends are required and at most seven days apart: there is nothing like a complete read.
    window: Some(Window { from: "from", until: Some("until"), back: 0, ahead: 6, full_every: 1 }),
    parents: &[parent("users", "user_ids", "user_id")],
    filters: &[
        filter("user_ids", Ids).required(),
        filter("from", FilterKind::Date).required(),
        filter("until", FilterKind::Date).required(),
    ],
    info: false,
    ..PAGED
};

/// A person who works with Teamleader.
#[derive(JsonSchema)]
pub(super) struct User {
    id: Uuid,
    account: Option<Relation>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    telephones: Option<Vec<Telephone>>,
    language: Option<String>,
    /// The person's job.
    function: Option<String>,
    /// `active` or `deactivated`.
    status: Option<String>,
    teams: Option<Vec<Relation>>,
    /// Part of the single record. Such as `Europe/Brussels`.
    time_zone: Option<String>,
    /// Part of the single record. What customers pay for an hour.
    external_rate: Option<Money>,
}

/// Users who work together.
#[derive(JsonSchema)]
pub(super) struct Team {
    id: Uuid,
    name: Option<String>,
    team_lead: Option<Relation>,
    members: Option<Vec<Relation>>,
}

/// Time in which a user does not work.
#[derive(JsonSchema)]
pub(super) struct DayOff {
    id: Uuid,
    user: Option<Relation>,
    /// A type of days off.
    leave_type: Option<Relation>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    /// `approved`, `not_approved` or `pending`.
    status: Option<String>,
}

/// When a user works.
#[derive(JsonSchema)]
pub(super) struct UserSchedule {
    user: Option<Relation>,
    /// Days without work are left out.
    schedule: Option<Vec<ScheduledDay>>,
}

/// One day of work.
#[derive(JsonSchema)]
struct ScheduledDay {
    date: Option<Date>,
    periods: Option<Vec<Period>>,
}

/// A part of the day.
#[derive(JsonSchema)]
struct Period {
    /// `working_hours` or `lunch_break`.
    r#type: Option<String>,
    start: Option<TimeOfDay>,
    end: Option<TimeOfDay>,
}

/// A time of the day.
#[derive(JsonSchema)]
struct TimeOfDay {
    time: Option<String>,
}

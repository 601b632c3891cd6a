//! The table: every resource that is read, in the order in which a sync starts them.

use super::{
    Resource, calendar, crm, deals, general, invoicing, notes, projects, quotations, tasks, templates, users,
};

/// First what other records point at (small lists, soon done), then the address book, then what is made with it, and
/// last what needs a request for each of many records. A database that is filled for the first time can be joined
/// early, and a missing scope shows within seconds. A list that is read for each record of another comes after it.
pub(crate) const RESOURCES: &[Resource] = &[
    general::DEPARTMENTS,
    users::USERS,
    users::TEAMS,
    general::CUSTOM_FIELD_DEFINITIONS,
    general::WORK_TYPES,
    general::CLOSING_DAYS,
    users::DAY_OFF_TYPES,
    templates::DOCUMENT_TEMPLATES,
    templates::MAIL_TEMPLATES,
    crm::BUSINESS_TYPES,
    crm::LEVEL_TWO_AREAS,
    crm::TAGS,
    deals::DEAL_PIPELINES,
    deals::DEAL_PHASES,
    deals::DEAL_SOURCES,
    deals::LOST_REASONS,
    calendar::ACTIVITY_TYPES,
    calendar::CALL_OUTCOMES,
    crm::COMPANIES,
    crm::CONTACTS,
    deals::DEALS,
    quotations::QUOTATIONS,
    quotations::ORDERS,
    invoicing::INVOICES,
    calendar::EVENTS,
    calendar::MEETINGS,
    calendar::CALLS,
    projects::LEGACY_PROJECTS,
    projects::PROJECTS,
    tasks::LEGACY_TASKS,
    tasks::TIME_TRACKING,
    tasks::PLANNABLE_ITEMS,
    tasks::RESERVATIONS,
    users::DAYS_OFF,
    users::USER_SCHEDULES,
    notes::NOTES,
    notes::EMAIL_TRACKING,
    general::WEBHOOKS,
];

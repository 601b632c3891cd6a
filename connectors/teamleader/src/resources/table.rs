//! The table: every resource that is read, in the order in which a sync starts them.

use super::{Resource, calendar, crm, deals, general, invoicing, projects};

/// First what other records point at (small lists, soon done), then the address book, then what is made with it. A
/// database that is filled for the first time can be joined early, and a missing scope shows within seconds.
pub(crate) const RESOURCES: &[Resource] = &[
    general::DEPARTMENTS,
    general::USERS,
    general::CUSTOM_FIELD_DEFINITIONS,
    crm::COMPANIES,
    crm::CONTACTS,
    deals::DEALS,
    invoicing::INVOICES,
    calendar::EVENTS,
    projects::LEGACY_PROJECTS,
    projects::PROJECTS,
];

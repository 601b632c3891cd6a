//! The table: every resource that is read, one row each.

use connector_core::stream::Direction::{Ascending, Descending};
use connector_core::stream::{Filter, FilterKind, Walk};

use super::calendar::Event;
use super::crm::{Company, Contact, Deal};
use super::general::{CustomFieldDefinition, Department, User};
use super::invoicing::Invoice;
use super::projects::{LegacyProject, Project};
use super::{PAGED, Resource, UNPAGED, filter, record};

use FilterKind::{
    Boolean, Date, DateOrNull, DateTime, Id, IdOrIds, Ids, OneOf, Relation, SomeOf, Text, Texts, Typed,
};

const IDS: Filter = filter("ids", Ids);
const TERM: Filter = filter("term", Text);
const UPDATED_SINCE: Filter = filter("updated_since", DateTime);
const CUSTOMER: Filter = filter("customer", Relation(CUSTOMER_TYPES));

const CUSTOMER_TYPES: &[&str] = &["contact", "company"];
const ACTIVE_OR_DEACTIVATED: &[&str] = &["active", "deactivated"];

/// A sync starts its streams in this order: first what other records point at (small lists, soon done), then the
/// address book, then what is made with it. A database that is filled for the first time can be joined early, and a
/// missing scope shows within seconds.
pub(crate) const RESOURCES: &[Resource] = &[
    Resource {
        stream: "departments",
        singular: "department",
        path: "departments",
        description: "Departments: the legal entities of the account",
        record: record::<Department>,
        filters: &[IDS, filter("status", SomeOf(&["active", "archived"]))],
        sorts: &["default_department", "name", "created_at"],
        default_filter: &[("status", r#"["active","archived"]"#)],
        ..UNPAGED
    },
    Resource {
        stream: "users",
        singular: "user",
        path: "users",
        description: "Users of the account",
        record: record::<User>,
        // The only unique field of the four; people are seldom added while a list of them is read.
        walk: Walk::Pages { sort: Some("email") },
        filters: &[IDS, TERM, filter("status", SomeOf(ACTIVE_OR_DEACTIVATED))],
        sorts: &["first_name", "last_name", "email", "function"],
        // Without it the list shows active users only, and records point at users that do not exist.
        default_filter: &[("status", r#"["active","deactivated"]"#)],
        ..PAGED
    },
    Resource {
        stream: "custom_field_definitions",
        singular: "custom_field_definition",
        path: "customFieldDefinitions",
        description: "Definitions of custom fields",
        record: record::<CustomFieldDefinition>,
        // Contexts are few and tie; labels are nearly unique.
        walk: Walk::Pages { sort: Some("label") },
        filters: &[IDS, filter("context", OneOf(CUSTOM_FIELD_CONTEXTS))],
        sorts: &["label", "context"],
        ..PAGED
    },
    Resource {
        stream: "companies",
        singular: "company",
        path: "companies",
        description: "Companies of the address book",
        record: record::<Company>,
        walk: Walk::Value { field: "updated_at", direction: Ascending, bound: "updated_since" },
        changed_since: Some("updated_since"),
        filters: &[
            filter("email", Typed(&["primary"], "email")),
            IDS,
            TERM,
            UPDATED_SINCE,
            filter("tags", Texts),
            filter("vat_number", Text),
            filter("national_identification_number", Text),
            filter("status", OneOf(ACTIVE_OR_DEACTIVATED)),
            filter("marketing_mails_consent", Boolean),
        ],
        sorts: &["name", "added_at", "updated_at"],
        includes: &["custom_fields", "price_list"],
        default_includes: &["custom_fields"],
        ..PAGED
    },
    Resource {
        stream: "contacts",
        singular: "contact",
        path: "contacts",
        description: "Contacts of the address book: people",
        record: record::<Contact>,
        walk: Walk::Value { field: "updated_at", direction: Ascending, bound: "updated_since" },
        changed_since: Some("updated_since"),
        filters: &[
            filter("email", Typed(&["primary"], "email")),
            IDS,
            filter("company_id", Id),
            TERM,
            UPDATED_SINCE,
            filter("tags", Texts),
            filter("status", OneOf(ACTIVE_OR_DEACTIVATED)),
            filter("marketing_mails_consent", Boolean),
        ],
        sorts: &["added_at", "name", "updated_at"],
        includes: &["custom_fields", "price_list"],
        default_includes: &["custom_fields"],
        ..PAGED
    },
    Resource {
        stream: "deals",
        singular: "deal",
        path: "deals",
        description: "Deals: sales opportunities",
        record: record::<Deal>,
        // Not sortable by change; the creation has an upper bound only, so the walk goes back in time.
        walk: Walk::Value { field: "created_at", direction: Descending, bound: "created_before" },
        changed_since: Some("updated_since"),
        filters: &[
            IDS,
            TERM,
            CUSTOMER,
            filter("phase_id", Id),
            filter("estimated_closing_date", DateOrNull),
            filter("estimated_closing_date_from", Date),
            filter("estimated_closing_date_until", Date),
            filter("responsible_user_id", IdOrIds),
            UPDATED_SINCE,
            filter("created_before", DateTime),
            filter("status", SomeOf(&["open", "won", "lost"])),
            filter("pipeline_ids", Ids),
        ],
        sorts: &["created_at", "weighted_value"],
        includes: &["custom_fields", "second_responsible_user"],
        default_includes: &["custom_fields"],
        ..PAGED
    },
    Resource {
        stream: "invoices",
        singular: "invoice",
        path: "invoices",
        description: "Invoices, drafts included",
        record: record::<Invoice>,
        // A number is given once, when a draft is booked, and the next is higher. Dates can be set back, and a day
        // with many invoices is one big tie. Drafts have neither.
        walk: Walk::Pages { sort: Some("invoice_number") },
        changed_since: Some("updated_since"),
        filters: &[
            IDS,
            TERM,
            filter("invoice_number", Text),
            filter("department_id", Id),
            filter("deal_id", Id),
            filter("project_id", Id),
            filter("subscription_id", Id),
            filter("status", SomeOf(&["draft", "outstanding", "matched"])),
            UPDATED_SINCE,
            filter("purchase_order_number", Text),
            filter("payment_reference", Text),
            filter("invoice_date_after", Date),
            filter("invoice_date_before", Date),
            CUSTOMER,
        ],
        sorts: &["invoice_number", "invoice_date"],
        includes: &["late_fees", "totals.due_incasso_inclusive", "totals.fixed_late_fee", "totals.interest"],
        ..PAGED
    },
    Resource {
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
            filter("attendee", Relation(&["contact"])),
            filter("link", Relation(&["contact", "company", "deal"])),
            filter("task_id", Id),
            filter("done", Boolean),
        ],
        sorts: &["starts_at"],
        ..PAGED
    },
    Resource {
        stream: "legacy_projects",
        singular: "legacy_project",
        path: "projects",
        description: "Projects of the old projects module",
        record: record::<LegacyProject>,
        walk: Walk::Pages { sort: Some("created_at") },
        changed_since: Some("updated_since"),
        filters: &[
            CUSTOMER,
            filter("status", OneOf(&["active", "on_hold", "done", "cancelled"])),
            filter("participant_id", Id),
            TERM,
            UPDATED_SINCE,
        ],
        sorts: &["due_on", "title", "created_at"],
        ..PAGED
    },
    Resource {
        stream: "projects",
        singular: "project",
        path: "projects-v2/projects",
        description: "Projects of the new projects module",
        record: record::<Project>,
        totals: true,
        // Counts up from 1 and never changes.
        walk: Walk::Pages { sort: Some("project_key") },
        filters: &[
            IDS,
            filter("status", OneOf(&["open", "planned", "running", "overdue", "over_budget", "closed"])),
            filter("quotation_ids", Ids),
            filter("deal_ids", Ids),
            TERM,
            filter("customers", FilterKind::Relations(CUSTOMER_TYPES)),
        ],
        sorts: PROJECT_SORTS,
        includes: &["legacy_project", "custom_fields"],
        default_includes: &["custom_fields"],
        ..PAGED
    },
];

/// Records show further contexts; the filter takes these. `deal` finds the fields whose context reads `sale`.
const CUSTOM_FIELD_CONTEXTS: &[&str] =
    &["contact", "company", "deal", "project", "milestone", "product", "invoice", "subscription", "ticket"];

const PROJECT_SORTS: &[&str] = &[
    "amount_billed",
    "amount_paid",
    "amount_unbilled",
    "cost",
    "customer",
    "end_date",
    "external_budget_spent",
    "external_budget",
    "internal_budget",
    "margin",
    "price",
    "project_key",
    "start_date",
    "status",
    "time_budget",
    "time_estimated",
    "time_tracked",
    "title",
];

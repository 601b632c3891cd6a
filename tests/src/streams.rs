//! The connector's streams, and the resources of the sandbox that they read.

/// Streams of every kind that there is, for tests that want some of each and no more than it takes.
pub const STREAMS: [&str; 10] = [
    "departments",
    "users",
    "custom_field_definitions",
    "companies",
    "contacts",
    "deals",
    "invoices",
    "events",
    "legacy_projects",
    "projects",
];

/// Those of them of which the app tells what changed.
pub const INCREMENTAL: [&str; 5] = ["companies", "contacts", "deals", "invoices", "legacy_projects"];

/// The one of them that is read around today, and completely once a week. The sandbox has nothing around today.
pub const WINDOWED: &str = "events";

/// What the default set leaves out where an account uses the new projects module, as the sandbox's does.
pub const OLD_MODULE: [&str; 2] = ["legacy_projects", "milestones"];

/// All streams with their resources, but `webhooks`, which is no data.
pub const RESOURCES: [(&str, &str); 62] = [
    ("departments", "departments"),
    ("users", "users"),
    ("teams", "teams"),
    ("custom_field_definitions", "customFieldDefinitions"),
    ("work_types", "workTypes"),
    ("closing_days", "closingDays"),
    ("day_off_types", "dayOffTypes"),
    ("document_templates", "documentTemplates"),
    ("mail_templates", "mailTemplates"),
    ("business_types", "businessTypes"),
    ("level_two_areas", "levelTwoAreas"),
    ("tags", "tags"),
    ("deal_pipelines", "dealPipelines"),
    ("deal_phases", "dealPhases"),
    ("deal_sources", "dealSources"),
    ("lost_reasons", "lostReasons"),
    ("activity_types", "activityTypes"),
    ("call_outcomes", "callOutcomes"),
    ("tax_rates", "taxRates"),
    ("withholding_tax_rates", "withholdingTaxRates"),
    ("payment_terms", "paymentTerms"),
    ("payment_methods", "paymentMethods"),
    ("commercial_discounts", "commercialDiscounts"),
    ("product_categories", "productCategories"),
    ("units_of_measure", "unitsOfMeasure"),
    ("price_lists", "priceLists"),
    ("ticket_statuses", "ticketStatus"),
    ("products", "products"),
    ("companies", "companies"),
    ("contacts", "contacts"),
    ("deals", "deals"),
    ("quotations", "quotations"),
    ("orders", "orders"),
    ("subscriptions", "subscriptions"),
    ("invoices", "invoices"),
    ("credit_notes", "creditNotes"),
    ("expenses", "expenses"),
    ("events", "events"),
    ("meetings", "meetings"),
    ("calls", "calls"),
    ("legacy_projects", "projects"),
    ("milestones", "milestones"),
    ("projects", "projects-v2/projects"),
    ("project_groups", "projects-v2/projectGroups"),
    ("tasks", "projects-v2/tasks"),
    ("materials", "projects-v2/materials"),
    ("legacy_tasks", "tasks"),
    ("time_tracking", "timeTracking"),
    ("plannable_items", "plannableItems"),
    ("reservations", "reservations"),
    ("tickets", "tickets"),
    ("days_off", "users.daysOff"),
    ("user_schedules", "userSchedules"),
    ("notes", "notes"),
    ("email_tracking", "emailTracking"),
    ("files", "files"),
    ("ticket_messages", "tickets.messages"),
    ("project_lines", "projects-v2/projectLines"),
    ("bookkeeping_submissions", "bookkeepingSubmissions"),
    ("incoming_invoice_payments", "incomingInvoices.payments"),
    ("incoming_credit_note_payments", "incomingCreditNotes.payments"),
    ("receipt_payments", "receipts.payments"),
];

/// The sandbox's resource that a stream reads.
///
/// # Panics
/// When there is no such stream.
pub fn resource(stream: &str) -> &'static str {
    RESOURCES.iter().find(|(name, _)| *name == stream).unwrap_or_else(|| panic!("no stream {stream}")).1
}

/// The path of a stream's list, of those that are called `list`.
///
/// # Panics
/// When there is no such stream.
pub fn list_path(stream: &str) -> String {
    format!("/{}.list", resource(stream))
}

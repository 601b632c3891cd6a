//! What each stream reads of the sandbox: which of its rows, under which key, and what of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use teamleader_sandbox::Control;

/// How a stream hangs together with a resource of the sandbox.
#[derive(Clone, Copy, Debug)]
pub struct StreamSource {
    /// Name of the stream.
    pub stream: &'static str,
    /// The sandbox's name of what it reads.
    pub resource: &'static str,
    /// Columns that come with the request, and where the sandbox keeps their values.
    pub given: &'static [(&'static str, &'static str)],
    /// Optional parts of records that the connector does not ask for: pointer to the object, field.
    pub left_out: &'static [(&'static str, &'static str)],
}

const fn source(stream: &'static str, resource: &'static str) -> StreamSource {
    StreamSource { stream, resource, given: &[], left_out: &[] }
}

impl StreamSource {
    const fn given(mut self, given: &'static [(&'static str, &'static str)]) -> Self {
        self.given = given;
        self
    }

    const fn left_out(mut self, left_out: &'static [(&'static str, &'static str)]) -> Self {
        self.left_out = left_out;
        self
    }
}

/// All streams whose rows the sandbox keeps. `user_schedules` are made up when they are asked for, and `webhooks` are
/// what somebody registered.
pub const SOURCES: [StreamSource; 61] = [
    source("departments", "departments"),
    source("users", "users"),
    source("teams", "teams"),
    source("custom_field_definitions", "customFieldDefinitions"),
    source("work_types", "workTypes"),
    source("closing_days", "closingDays"),
    source("day_off_types", "dayOffTypes"),
    source("document_templates", "documentTemplates").given(&[("department_id", "/department/id")]),
    source("mail_templates", "mailTemplates"),
    source("business_types", "businessTypes"),
    source("level_two_areas", "levelTwoAreas"),
    source("tags", "tags"),
    source("deal_pipelines", "dealPipelines"),
    source("deal_phases", "dealPhases").given(&[("deal_pipeline_id", "/_parent/id")]),
    source("deal_sources", "dealSources"),
    source("lost_reasons", "lostReasons"),
    source("activity_types", "activityTypes"),
    source("call_outcomes", "callOutcomes"),
    source("tax_rates", "taxRates"),
    source("withholding_tax_rates", "withholdingTaxRates"),
    source("payment_terms", "paymentTerms"),
    source("payment_methods", "paymentMethods"),
    source("commercial_discounts", "commercialDiscounts"),
    source("product_categories", "productCategories"),
    source("units_of_measure", "unitsOfMeasure"),
    source("price_lists", "priceLists"),
    source("ticket_statuses", "ticketStatus"),
    source("products", "products"),
    source("companies", "companies").left_out(&[("", "price_list")]),
    source("contacts", "contacts").left_out(&[("", "price_list")]),
    source("deals", "deals"),
    source("quotations", "quotations"),
    source("orders", "orders"),
    source("subscriptions", "subscriptions"),
    source("invoices", "invoices").left_out(&[
        ("/total", "due_incasso_inclusive"),
        ("/total", "fixed_late_fee"),
        ("/total", "interest"),
    ]),
    source("credit_notes", "creditNotes"),
    source("expenses", "expenses"),
    source("events", "events"),
    source("meetings", "meetings"),
    source("calls", "calls"),
    source("legacy_projects", "projects"),
    source("milestones", "milestones"),
    source("projects", "projects-v2/projects").left_out(&[("", "legacy_project")]),
    source("project_groups", "projects-v2/projectGroups"),
    source("tasks", "projects-v2/tasks"),
    source("materials", "projects-v2/materials"),
    source("legacy_tasks", "tasks"),
    source("time_tracking", "timeTracking"),
    source("plannable_items", "plannableItems"),
    source("reservations", "reservations"),
    source("tickets", "tickets"),
    source("days_off", "users.daysOff").given(&[("user_id", "/user/id")]),
    source("notes", "notes").given(SUBJECT),
    source("email_tracking", "emailTracking").given(SUBJECT),
    source("files", "files").given(SUBJECT),
    source("ticket_messages", "tickets.messages").given(&[("ticket_id", "/_parent/id")]),
    source("project_lines", "projects-v2/projectLines").given(&[("project_id", "/_parent/id")]),
    source("bookkeeping_submissions", "bookkeepingSubmissions").given(SUBJECT),
    source("incoming_invoice_payments", "incomingInvoices.payments")
        .given(&[("incoming_invoice_id", "/_parent/id")]),
    source("incoming_credit_note_payments", "incomingCreditNotes.payments")
        .given(&[("incoming_credit_note_id", "/_parent/id")]),
    source("receipt_payments", "receipts.payments").given(&[("receipt_id", "/_parent/id")]),
];

const SUBJECT: &[(&str, &str)] = &[("subject_type", "/subject/type"), ("subject_id", "/subject/id")];

/// Where a stream's rows come from.
///
/// # Panics
/// When there is no such stream.
pub fn source_of(stream: &str) -> &'static StreamSource {
    let found = SOURCES.iter().find(|source| source.stream == stream);
    found.unwrap_or_else(|| panic!("no stream {stream}"))
}

impl StreamSource {
    /// What the sandbox has, as the list shows it to the connector, by the values of these columns.
    ///
    /// # Panics
    /// When the sandbox has no such rows, or two of them with one key.
    pub fn records(&self, control: &Control, columns: &[String]) -> BTreeMap<Vec<String>, Value> {
        let mut records = BTreeMap::new();
        for record in control.records(self.resource).expect("a resource") {
            let key: Vec<String> = columns.iter().map(|column| self.value(&record, column)).collect();
            let shown = self.shown(record);
            assert!(records.insert(key.clone(), shown).is_none(), "the sandbox has {key:?} twice");
        }
        records
    }

    /// A row without what is hidden or not asked for.
    pub fn shown(&self, mut record: Value) -> Value {
        for (pointer, field) in self.left_out {
            if let Some(object) = record.pointer_mut(pointer).and_then(Value::as_object_mut) {
                object.remove(*field);
            }
        }
        if let Value::Object(fields) = &mut record {
            fields.retain(|name, _| !name.starts_with('_'));
        }
        record
    }

    /// The text that a column has: of the field of its name, of a relation's `type` or `id`, or of what was asked for.
    fn value(&self, record: &Value, column: &str) -> String {
        let given = self.given.iter().find(|(name, _)| *name == column);
        let found = match given {
            Some((_, pointer)) => record.pointer(pointer),
            None => record.get(column).or_else(|| {
                let (relation, part) = column.rsplit_once('_')?;
                record.get(relation)?.get(part)
            }),
        };
        found.and_then(Value::as_str).unwrap_or_else(|| panic!("{record} has no {column}")).to_owned()
    }
}

/// The fields of an object, as the sandbox's control takes them.
///
/// # Panics
/// When it is none.
pub fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

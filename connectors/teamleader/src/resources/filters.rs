//! Filters that rows of several groups take, and the parents that fill them.

use connector_core::stream::FilterKind::{DateTime, Ids, Relation, Text};
use connector_core::stream::{Filter, Parent};

use super::filter;

pub(super) const IDS: Filter = filter("ids", Ids);
pub(super) const TERM: Filter = filter("term", Text);
pub(super) const UPDATED_SINCE: Filter = filter("updated_since", DateTime);
pub(super) const CUSTOMER: Filter = filter("customer", Relation(CUSTOMER_TYPES));

pub(super) const CUSTOMER_TYPES: &[&str] = &["contact", "company"];
pub(super) const ACTIVE_OR_DEACTIVATED: &[&str] = &["active", "deactivated"];
pub(super) const ACTIVE_OR_ARCHIVED: &[&str] = &["active", "archived"];

/// The records of a stream as subjects: Teamleader lists what hangs on one record, and says so in each row.
pub(super) const fn subject(stream: &'static str, entity: &'static str) -> Parent {
    Parent { stream, id: "id", only: None, filter: "subject", entity: Some(entity), column: "subject" }
}

/// The records of a stream where the list takes their id alone.
pub(super) const fn parent(stream: &'static str, filter: &'static str, column: &'static str) -> Parent {
    Parent { stream, id: "id", only: None, filter, entity: None, column }
}

//! Filters that rows of several groups take.

use connector_core::stream::Filter;
use connector_core::stream::FilterKind::{DateTime, Ids, Relation, Text};

use super::filter;

pub(super) const IDS: Filter = filter("ids", Ids);
pub(super) const TERM: Filter = filter("term", Text);
pub(super) const UPDATED_SINCE: Filter = filter("updated_since", DateTime);
pub(super) const CUSTOMER: Filter = filter("customer", Relation(CUSTOMER_TYPES));

pub(super) const CUSTOMER_TYPES: &[&str] = &["contact", "company"];
pub(super) const ACTIVE_OR_DEACTIVATED: &[&str] = &["active", "deactivated"];

//! Validation errors: collected, one per field, in the wording of the service.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::reply::Reply;

/// What is wrong with one field.
#[derive(Debug)]
pub(crate) struct Problem {
    field: String,
    rule: String,
}

impl Problem {
    pub(crate) fn new(field: &str, rule: impl Into<String>) -> Self {
        Self { field: field.to_owned(), rule: rule.into() }
    }

    pub(crate) fn not_among(field: &str, allowed: &[&str]) -> Self {
        let mut rule = String::from("must be in `{ ");
        for (position, value) in allowed.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            // Writing into a `String` cannot fail.
            let _ = write!(rule, "{separator}\"{value}\"");
        }
        rule.push_str(" }`");
        Self::new(field, rule)
    }
}

pub(crate) fn reply(problems: &[Problem]) -> Reply {
    let errors: Vec<Value> = problems
        .iter()
        .map(|Problem { field, rule }| {
            json!({"code": 0, "title": format!("{field} {rule}"), "status": 400, "meta": {"field": field}})
        })
        .collect();
    Reply::json(400, &json!({ "errors": errors }))
}

//! An answer before it becomes HTTP, so that faults can still bend it.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::switches::ErrorBody;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const HTML: &str = "text/html; charset=UTF-8";

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, JSON, body.to_string())
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        );
        Self::new(status, HTML, page)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// The errors array with one error that has a title and the status.
    pub(crate) fn error(status: u16, title: &str) -> Self {
        Self::json(status, &json!({"errors": [{"title": title, "status": status}]}))
    }

    pub(crate) fn refusal(status: u16, title: &str, form: ErrorBody) -> Self {
        match form {
            ErrorBody::Json => Self::error(status, title),
            ErrorBody::Html => Self::html(status, title),
            ErrorBody::Empty => Self::empty(status),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

//! `files.download` and the documents: a location that works without a token, until it expires.

use serde_json::{Map, Value, json};

use super::super::condition::{among, string, uuid};
use super::super::problem::Problem;
use super::lookup::row;
use super::{Answer, both, parameter};
use crate::data::rfc3339;
use crate::downloads::Content;
use crate::reply::Reply;
use crate::state::State;

const PDF: &[&str] = &["pdf"];
const CREDIT_NOTE_FORMATS: &[&str] = &["pdf", "ubl/e-fff"];
const INVOICE_FORMATS: &[&str] = &["pdf", "ubl/e-fff", "ubl/peppol_bis_3", "ubl/xrechnung"];

pub(super) fn file(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let id = uuid("id", parameter(parameters, "id")).map_err(|problem| vec![problem])?;
    let Some(file) = row(state, "file", id) else {
        return Ok(Reply::error(404, "Not found"));
    };
    let text = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let size = file.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let content =
        Content { name: text("name"), mime_type: text("mime_type"), size: size.unwrap_or_default() };
    Ok(offered(state, content, "expires_at"))
}

pub(super) fn invoice(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    document(state, parameters, "invoice", INVOICE_FORMATS)
}

pub(super) fn credit_note(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    document(state, parameters, "creditNote", CREDIT_NOTE_FORMATS)
}

pub(super) fn quotation(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    document(state, parameters, "quotation", PDF)
}

fn document(state: &mut State, parameters: &Map<String, Value>, entity: &str, formats: &[&str]) -> Answer {
    let (id, format) =
        both(uuid("id", parameter(parameters, "id")), format(parameter(parameters, "format"), formats))?;
    if row(state, entity, id).is_none() {
        return Ok(Reply::error(404, "Not found"));
    }
    let (mime_type, extension) =
        if format == "pdf" { ("application/pdf", "pdf") } else { ("application/xml", "xml") };
    let content =
        Content { name: format!("{entity}-{id}.{extension}"), mime_type: mime_type.into(), size: 4096 };
    // Files and documents spell it differently.
    Ok(offered(state, content, "expires"))
}

fn format(value: &Value, formats: &[&str]) -> Result<String, Problem> {
    Ok(among("format", vec![string("format", value)?], formats)?.remove(0))
}

fn offered(state: &mut State, content: Content, expiry: &str) -> Reply {
    let lifetime = state.switches.download_seconds;
    let expires = state.clock.seconds() + lifetime;
    let location = state.downloads.offer(content, expires * 1000);
    Reply::json(200, &json!({"data": {"location": location, expiry: rfc3339(expires)}}))
}

//! `info` is truthful: what it lists is there, answers, and has the schemas that it says.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{Problem, Verdict, ensure, need_stand_in};
use crate::context::Context;
use crate::contract;
use crate::declared::Declared;
use crate::run::{End, Invocation};
use crate::schema;

pub(crate) fn all(context: &Context) -> Vec<String> {
    context.declared.capabilities.iter().filter(|name| *name != "info").cloned().collect()
}

pub(crate) fn lists(context: &Context) -> Vec<String> {
    context.declared.lists()
}

/// Lists whose request is known from the start.
pub(crate) fn first_lists(context: &Context) -> Vec<String> {
    context.declared.lists().into_iter().filter(|list| !context.asks_for_records(list)).collect()
}

/// Lists whose request names records of others.
pub(crate) fn lists_below(context: &Context) -> Vec<String> {
    context.declared.lists().into_iter().filter(|list| context.asks_for_records(list)).collect()
}

/// Capabilities that say that they change something.
pub(crate) fn writing(context: &Context) -> Vec<String> {
    let of_the_app = |name: &&String| Declared::is_of_the_app(name) && context.declared.writes(name);
    context.declared.capabilities.iter().filter(of_the_app).cloned().collect()
}

/// The others, but those that have checks of their own.
pub(crate) fn reading(context: &Context) -> Vec<String> {
    let of_the_app = |name: &&String| Declared::is_of_the_app(name) && !context.declared.writes(name);
    context.declared.capabilities.iter().filter(of_the_app).cloned().collect()
}

pub(crate) fn shape(context: &Context) -> Verdict {
    let info = &context.declared.whole;
    ensure(info.is_object(), || "`info` has no response".to_owned())?;
    let wrong = |key: &str, what: &str| Problem::failed(format!("info.{key} {what}"));
    for key in ["app_id", "version", "user_friendly_name", "description"] {
        if info[key].as_str().is_none_or(str::is_empty) {
            return Err(wrong(key, "is empty, or no text"));
        }
    }
    for key in ["categories", "capabilities", "resource_types", "entitlement_types", "streams"] {
        if !info[key].is_array() {
            return Err(wrong(key, "is no list"));
        }
    }
    if !matches!(info["oauth_scopes"], Value::Array(_) | Value::Object(_)) {
        return Err(wrong("oauth_scopes", "is neither a list nor an object by capability"));
    }
    for key in ["logo_url", "credentials_schema"] {
        if info.get(key).is_none() {
            return Err(wrong(key, "is missing"));
        }
    }
    let capabilities = &context.declared.capabilities;
    ensure(capabilities.is_sorted(), || "info.capabilities is not sorted".to_owned())?;
    let names: BTreeSet<&str> = capabilities.iter().map(String::as_str).collect();
    ensure(names.len() == capabilities.len(), || "info.capabilities names one twice".to_owned())?;
    let Value::Object(schemas) = &info["capability_schema"] else {
        return Err(wrong("capability_schema", "is no object"));
    };
    let described: BTreeSet<&str> = schemas.keys().map(String::as_str).collect();
    ensure(described == names, || {
        let difference: Vec<&&str> = described.symmetric_difference(&names).collect();
        format!("info.capability_schema and info.capabilities differ by {difference:?}")
    })?;
    for (name, entry) in schemas {
        for key in ["argument", "output"] {
            ensure(entry[key].is_object(), || format!("capability_schema.{name}.{key} is no schema"))?;
        }
        for key in ["display_name", "description"] {
            ensure(entry[key].is_string(), || format!("capability_schema.{name}.{key} is no text"))?;
        }
    }
    Ok(format!("{} capabilities", names.len()))
}

/// Every schema is one.
pub(crate) fn schemas(context: &Context) -> Verdict {
    let declared = &context.declared;
    let mut count = 0;
    let mut hold = |what: String, schema: &Value| {
        count += 1;
        schema::validator(schema).map(drop).map_err(|reason| Problem::failed(format!("{what}: {reason}")))
    };
    for name in &declared.capabilities {
        hold(format!("argument of {name}"), declared.argument(name))?;
        hold(format!("output of {name}"), declared.output(name))?;
    }
    for (what, schema) in
        [("authentication_schema", &declared.authentication), ("request_settings_schema", &declared.settings)]
    {
        ensure(schema.is_object(), || format!("{what} is no schema"))?;
        hold(what.to_owned(), schema)?;
    }
    Ok(format!("{count} schemas"))
}

pub(crate) fn streams(context: &Context) -> Verdict {
    if context.declared.streams.is_empty() {
        return Err(Problem::skipped("`info` lists no streams"));
    }
    for stream in &context.declared.streams {
        let name = &stream.name;
        ensure(!stream.key.is_empty(), || format!("the stream {name} has no primary_key"))?;
        ensure(stream.schema.is_object(), || format!("the stream {name} has no schema"))?;
        let validator = schema::validator(&stream.schema)
            .map_err(|reason| Problem::failed(format!("the stream {name}: {reason}")))?;
        for record in stream.list.iter().flat_map(|list| context.listed(list)) {
            if let Err(reason) = schema::first_mismatch(&validator, &record) {
                return Err(Problem::failed(format!(
                    "a record of {name} does not have the schema of the stream: {reason}"
                )));
            }
        }
        for (role, capability) in [("list", &stream.list), ("get", &stream.get)] {
            if let Some(capability) = capability {
                ensure(context.declared.has(capability), || {
                    format!("the stream {name} has {capability} for its {role}, which is no capability")
                })?;
            }
        }
        // What hangs on a parent may have the parent's id in its key, and not in the record.
        let list = stream.list.iter().filter(|list| context.request_is_empty(list));
        for record in list.flat_map(|list| context.listed(list)) {
            ensure(stream.key.iter().all(|key| key_of(&record, key)), || {
                format!("a record of {name} lacks a part of its primary key {:?}", stream.key)
            })?;
        }
    }
    Ok(format!("{} streams", context.declared.streams.len()))
}

/// What people read before they call a capability.
pub(crate) async fn help(context: Arc<Context>, capability: String) -> Verdict {
    let run = context.subject.run(Invocation::of(&capability).with(&["--help"]).for_people()).await;
    ensure(run.end == End::Exit(0), || format!("--help ends with {:?}", run.end))?;
    let text = String::from_utf8_lossy(&run.stdout);
    ensure(text.contains(&capability), || "--help has no example of the call".to_owned())?;
    Ok("has help".to_owned())
}

/// Whether a record has the column of a key: a field, or one below it, as `customer_id` of `customer: {id}`.
fn key_of(record: &Value, key: &str) -> bool {
    if record.get(key).is_some_and(|value| !value.is_null()) {
        return true;
    }
    let nested = key.rsplit_once('_').and_then(|(field, below)| record.get(field)?.get(below));
    nested.is_some_and(|value| !value.is_null())
}

/// A capability answers a request that its schema allows, and the answer has the schema that it says.
pub(crate) async fn answers(context: Arc<Context>, capability: String) -> Verdict {
    need_stand_in(&context)?;
    let request = context.request(&capability);
    if let Err(reason) = schema::mismatch(context.declared.argument(&capability), &request) {
        return Err(Problem::wants("requests", format!("no request could be made up ({reason})")));
    }
    if request.to_string().contains("{list_") {
        return Err(Problem::skipped("the records that its request names were not listed"));
    }
    let run = context.call(&capability, &context.envelope(&request)).await;
    if let Some(response) = run.response() {
        return match schema::mismatch(context.declared.output(&capability), &response) {
            Ok(()) => Ok("answers as it says".to_owned()),
            Err(reason) => {
                Err(Problem::failed(format!("the response does not have the schema `output`: {reason}")))
            }
        };
    }
    let code = run.error_code().unwrap_or_default();
    if code == "unsupported_operation" || code.is_empty() {
        return Err(Problem::failed(format!("it is listed, and does not answer: {}", run.outcome())));
    }
    if contract::is_refusal(&code) && run.error_message().contains("/request") {
        return Err(Problem::failed(format!(
            "a request that the schema `argument` allows is refused: {}",
            run.outcome()
        )));
    }
    if context.request_is_real(&capability) {
        return Err(Problem::failed(format!("a good request fails: {}", run.outcome())));
    }
    if matches!(code.as_str(), "internal_error" | "invalid_response") {
        return Err(Problem::failed(format!(
            "a made-up request ends with a fault of the connector: {}",
            run.outcome()
        )));
    }
    if context.request_is_empty(&capability) {
        return Err(Problem::skipped(format!("it asks for nothing, and ends with {}", run.outcome())));
    }
    Err(Problem::wants("requests", format!("a made-up request ends with {}", run.outcome())))
}

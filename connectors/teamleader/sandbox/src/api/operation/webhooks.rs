//! `webhooks.list`, `webhooks.register`, `webhooks.unregister`: a URL and a type are the identity.

use serde_json::{Map, Value, json};
use url::Url;

use super::super::condition::{among, string, strings};
use super::super::problem::Problem;
use super::{Answer, both, parameter};
use crate::reply::Reply;
use crate::state::State;
use crate::webhooks::TYPES;

pub(super) fn list(state: &mut State, _: &Map<String, Value>) -> Answer {
    Ok(Reply::json(200, &json!({"data": state.webhooks.registrations()})))
}

pub(super) fn register(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let (url, types) = both(url(parameters), types(parameters))?;
    state.webhooks.register(url, types);
    Ok(Reply::empty(204))
}

pub(super) fn unregister(state: &mut State, parameters: &Map<String, Value>) -> Answer {
    let (url, types) = both(url(parameters), types(parameters))?;
    state.webhooks.unregister(&url, &types);
    Ok(Reply::empty(204))
}

fn url(parameters: &Map<String, Value>) -> Result<String, Problem> {
    let url = string("url", parameter(parameters, "url"))?;
    match Url::parse(&url) {
        Ok(parsed) if parsed.has_host() => Ok(url),
        _ => Err(Problem::new("url", "must be an URL")),
    }
}

fn types(parameters: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    match parameter(parameters, "types") {
        Value::Null => Err(Problem::new("types", "must be present")),
        Value::Array(types) if types.is_empty() => Err(Problem::new("types", "must not be empty")),
        types => among("types", strings("types", types)?, &TYPES),
    }
}

//! Envelopes: their shapes, what they ignore, and in which order they are looked through.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Problem, Verdict, ensure, refused_with};
use crate::context::{Context, POISON};
use crate::contract;
use crate::declared::Declared;
use crate::run::Invocation;
use crate::schema;

/// What an envelope has beyond the contract is of no interest, and an absent part may be null.
pub(crate) async fn unknown_keys(context: Arc<Context>) -> Verdict {
    let capability = super::a_list(&context)?;
    let mut envelope = context.envelope(&context.request(&capability));
    envelope["from_the_future"] = json!({"a": [1, null]});
    envelope["credentials"] = Value::Null;
    envelope["page"] = Value::Null;
    envelope["include_raw_data"] = Value::Null;
    let run = context.call(&capability, &envelope).await;
    ensure(run.response().is_some(), || {
        format!("{capability} with an unknown key and null parts: {}", run.outcome())
    })?;
    Ok(format!("{capability} ignores an unknown key and null parts"))
}

/// Envelope, capability, request, auth, settings: the first fault is told, whatever else is wrong.
pub(crate) async fn order(context: Arc<Context>) -> Verdict {
    let bad = json!({"request": {"unknown_to_all": POISON}, "auth": {"unknown_to_all": {}}, "settings": {"unknown_to_all": POISON}});
    let run = context.call("there_is_no_such_capability", &bad).await;
    refused_with(
        &run,
        &["unsupported_operation"],
        "an unknown capability, and everything else is wrong too",
    )?;
    let mut seen = vec!["capability"];
    let strict = context.declared.capabilities.iter().find(|name| {
        Declared::is_of_the_app(name)
            && schema::mismatch(context.declared.argument(name), &bad["request"]).is_err()
    });
    let Some(strict) = strict else {
        return Err(Problem::skipped("no capability refuses any request"));
    };
    let run = context.call(strict, &bad).await;
    let is_refused = run.error_code().is_some_and(|code| contract::is_refusal(&code));
    ensure(is_refused && run.error_message().contains("/request"), || {
        format!(
            "{strict} with a wrong request, wrong auth and wrong settings must tell the request: {}",
            run.outcome()
        )
    })?;
    seen.push("request");
    if context.declared.takes_auth()
        && schema::mismatch(&context.declared.settings, &bad["settings"]).is_err()
    {
        let envelope =
            json!({"request": context.request(strict), "auth": bad["auth"], "settings": bad["settings"]});
        let run = context.call(strict, &envelope).await;
        ensure(run.error().is_some() && run.error_message().contains("/auth"), || {
            format!("{strict} with wrong auth and wrong settings must tell the auth: {}", run.outcome())
        })?;
        seen.push("auth");
    }
    Ok(format!("{} before what follows", seen.join(", ")))
}

/// A run with arguments alone.
pub(crate) fn typed(arguments: &[&str]) -> Invocation {
    Invocation::nothing().with(arguments)
}

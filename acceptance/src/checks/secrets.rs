//! Secrets: nowhere in what is printed, logged or written, whatever goes wrong.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Problem, Verdict, a_list, ensure};
use crate::context::Context;
use crate::fault::{Fault, Plan};
use crate::run::Invocation;
use crate::schema;

/// A credential that nobody takes, and that nobody may repeat either.
const SENTINEL: &str = "sentinel-secret-c0ffee8e21";

pub(crate) fn files(context: &Context) -> Verdict {
    let left = context.subject.folder.left().map_err(|error| Problem::failed(error.to_string()))?;
    let found = context.subject.watch.secrets_in_files(&left);
    ensure(found.is_empty(), || found.join("; "))?;
    Ok(format!("in {} files", left.len()))
}

/// What sounds like a secret is marked as one, so that forms and logs know.
pub(crate) fn marked(context: &Context) -> Verdict {
    let declared = &context.declared;
    let mut count = 0;
    for (what, schema) in
        [("request_settings_schema", &declared.settings), ("authentication_schema", &declared.authentication)]
    {
        for (path, is_marked) in schema::secret_properties(schema, schema) {
            ensure(is_marked, || format!("{what}{path} sounds like a secret and has no `x-secret`"))?;
            count += 1;
        }
    }
    if count == 0 {
        return Err(Problem::skipped("neither settings nor credentials have secrets"));
    }
    Ok(format!("{count} secrets"))
}

/// Errors are provoked with secrets in every place that has one. What is printed then is looked at with all other runs.
pub(crate) async fn provoked(context: Arc<Context>) -> Verdict {
    let list = a_list(&context)?;
    context.subject.watch.secret("the sentinel", SENTINEL);
    let request = context.request(&list);
    let mut tried = 0;
    for (path, _) in schema::secret_properties(&context.declared.settings, &context.declared.settings) {
        let mut envelope = context.envelope(&request);
        set(&mut envelope["settings"], &path, SENTINEL.into());
        context.call(&list, &envelope).await;
        set(&mut envelope["settings"], &path, json!([SENTINEL]));
        context.call(&list, &envelope).await;
        tried += 2;
    }
    if let Some(auth) = &context.auth {
        let secrets =
            schema::secret_properties(&context.declared.authentication, &context.declared.authentication);
        for (path, right) in secrets.iter().filter_map(|(path, _)| Some((path, auth.pointer(path)?))) {
            let mut envelope = context.envelope(&request);
            set(&mut envelope["auth"], path, wrong(right));
            let run = context.call(&list, &envelope).await;
            let mut codes =
                vec!["unauthorized", "authentication_expired", "creds_revoked", "permission_denied"];
            if right.is_object() {
                // A key that is none is refused before anything is sent.
                codes.push("invalid_value");
            }
            super::refused_with(&run, &codes, "credentials that the stand-in does not know")?;
            let text = envelope.to_string();
            let broken = &text[..text.find(SENTINEL).map_or(text.len(), |at| at + SENTINEL.len())];
            context.subject.run(Invocation::of(&list).with(&["--json", "-"]).input(broken)).await;
            set(&mut envelope["auth"], path, json!({"wrong": SENTINEL}));
            context.call(&list, &envelope).await;
            tried += 3;
        }
    }
    let route = context.route(Plan::Always(Fault::Echo)).await?;
    let envelope = context.envelope_with(&request, &route.settings);
    let run = context.subject.run_aside(Invocation::of(&list).json(&envelope)).await;
    ensure(run.error().is_some(), || "an error of the app is none of the connector".to_owned())?;
    Ok(format!("{tried} errors with a sentinel in a secret place, and an app that repeats what it gets"))
}

/// A secret as nobody has it: every text of it is another.
fn wrong(right: &Value) -> Value {
    match right {
        Value::Object(parts) => parts.iter().map(|(name, part)| (name.clone(), wrong(part))).collect(),
        _ => SENTINEL.into(),
    }
}

/// Sets the value at a pointer whose parents may have to be made.
fn set(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for part in pointer.trim_start_matches('/').split('/') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[part];
    }
    *place = value;
}

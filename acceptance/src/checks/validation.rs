//! Refusals: they name the field that is wrong, and repeat nothing of what was sent.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Problem, Verdict, ensure};
use crate::context::{Context, POISON};
use crate::contract;
use crate::declared::Declared;
use crate::run::{Invocation, Run};
use crate::schema;

/// Mistakes that are tried with each capability.
const MOST_MISTAKES: usize = 6;

/// Neither auth nor settings are there: the request comes first.
pub(crate) async fn names_field(context: Arc<Context>, capability: String) -> Verdict {
    let argument = context.declared.argument(&capability);
    let good = schema::sample(argument, argument);
    let mistakes = schema::mistakes(argument, &good, POISON, MOST_MISTAKES);
    if mistakes.is_empty() {
        return Err(Problem::skipped("its schema allows everything"));
    }
    for mistake in &mistakes {
        let envelope = json!({"request": mistake.value});
        let run = context.subject.run(Invocation::of(&capability).json(&envelope)).await;
        names(&run, &format!("/request{}", mistake.pointer))?;
    }
    Ok(format!("{} mistakes", mistakes.len()))
}

fn names(run: &Run, pointer: &str) -> Result<(), Problem> {
    let code = run.error_code().unwrap_or_default();
    ensure(contract::is_refusal(&code) && code != "unsupported_operation", || {
        format!("a wrong {pointer} is not refused as such: {}", run.outcome())
    })?;
    ensure(run.error_message().contains(pointer), || {
        format!("the message about {pointer} does not name it: {}", run.outcome())
    })
}

/// The parts of the envelope itself.
pub(crate) async fn envelope(context: Arc<Context>) -> Verdict {
    let first = context.declared.capabilities.iter().find(|name| *name != "info");
    let Some(capability) = first else {
        return Err(Problem::skipped("there is no capability beside `info`"));
    };
    let cases = [
        ("/request", json!({"request": POISON})),
        ("/auth", json!({"auth": POISON})),
        ("/settings", json!({"settings": [POISON]})),
        ("/page", json!({"page": POISON})),
        ("/page/size", json!({"page": {"size": POISON}})),
        ("/page/size", json!({"page": {"size": 0}})),
        ("/page/token", json!({"page": {"token": [POISON]}})),
        ("/credentials", json!({"credentials": POISON})),
        ("/include_raw_data", json!({"include_raw_data": POISON})),
    ];
    for (pointer, envelope) in &cases {
        let run = context.subject.run(Invocation::of(capability).json(envelope)).await;
        names(&run, pointer)?;
    }
    Ok(format!("{} mistakes", cases.len()))
}

/// A capability that needs credentials, with a request that is good.
fn with_auth(context: &Context) -> Result<(String, Value), Problem> {
    let declared = &context.declared;
    let needs = |name: &&String| {
        Declared::is_of_the_app(name)
            && schema::mismatch(declared.argument(name), &context.request(name)).is_ok()
    };
    let known = super::a_list(context).ok();
    match known.as_ref().or_else(|| declared.capabilities.iter().find(needs)) {
        Some(name) => Ok((name.clone(), context.request(name))),
        None => Err(Problem::skipped("no capability takes credentials")),
    }
}

pub(crate) async fn auth(context: Arc<Context>) -> Verdict {
    if !context.declared.takes_auth() || context.auth.is_none() {
        return Err(Problem::skipped("it takes no credentials"));
    }
    let (capability, request) = with_auth(&context)?;
    let mut cases = vec![
        ("/auth".to_owned(), json!({"auth": {}})),
        ("/auth".to_owned(), json!({"auth": {"no_such_kind": {"token": POISON}}})),
    ];
    let kinds = context.auth.as_ref().and_then(Value::as_object).into_iter().flatten();
    for (kind, credential) in kinds {
        cases.push((format!("/auth/{kind}"), json!({"auth": {kind: [POISON]}})));
        for (field, _) in credential.as_object().into_iter().flatten() {
            let wrong = json!({"auth": {kind: {field: {"wrong": POISON}}}});
            cases.push((format!("/auth/{kind}"), wrong));
        }
    }
    for (pointer, part) in &cases {
        let envelope = json!({"request": request, "settings": context.settings, "auth": part["auth"]});
        let run = context.call(&capability, &envelope).await;
        names(&run, pointer)?;
    }
    let absent = json!({"request": request, "settings": context.settings});
    let run = context.call(&capability, &absent).await;
    let told = matches!(
        run.error_code().as_deref(),
        Some("integration_missing_parameter" | "unauthorized" | "bad_request")
    );
    ensure(told, || format!("without credentials: {}", run.outcome()))?;
    Ok(format!("{} mistakes, and none at all", cases.len()))
}

pub(crate) async fn settings(context: Arc<Context>) -> Verdict {
    if context.declared.takes_auth() && context.auth.is_none() {
        return Err(Problem::wants("auth", "credentials are looked at before settings, and there are none"));
    }
    let (capability, request) = with_auth(&context)?;
    let schema = &context.declared.settings;
    let good = Value::Object(context.settings.clone());
    let mistakes = schema::mistakes(schema, &good, POISON, 40);
    if mistakes.is_empty() {
        return Err(Problem::skipped("the schema of the settings allows everything"));
    }
    for mistake in &mistakes {
        let mut envelope = context.envelope(&request);
        envelope["settings"] = mistake.value.clone();
        let run = context.call(&capability, &envelope).await;
        names(&run, &format!("/settings{}", mistake.pointer))?;
    }
    Ok(format!("{} mistakes", mistakes.len()))
}

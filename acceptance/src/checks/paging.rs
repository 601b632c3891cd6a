//! Pages: every record once, to the end, whatever their size; tokens that nobody can make up.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Problem, Verdict, ensure, need_stand_in};
use crate::context::{Context, Listed};
use crate::contract;
use crate::run::{Invocation, Run};
use crate::schema;

/// Who has more pages than this of a few records is not going to end.
const MOST_PAGES: usize = 500;

/// The list is read page after page, in pages of about a third.
pub(crate) async fn complete(context: Arc<Context>, list: String) -> Verdict {
    need_stand_in(&context)?;
    let request = context.request(&list);
    let first = context.call(&list, &context.envelope(&request)).await;
    if first.response().is_none() {
        let reason = format!("it cannot be listed: {}", first.outcome());
        // Where nothing has to be asked for, nothing can have been asked for wrongly.
        let may_be_the_request = !context.request_is_empty(&list) && !context.request_is_real(&list);
        return Err(if may_be_the_request {
            Problem::wants("requests", reason)
        } else {
            Problem::failed(reason)
        });
    }
    let records = listed(&first)?;
    let whole = first.next_token().is_none().then_some(records.len());
    let size = (records.len() / 3).max(1);
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    let mut pages = 0;
    // An app may have pages of one size alone: then the connector says which.
    let mut most = size;
    loop {
        let mut envelope = context.envelope(&request);
        envelope["page"] = json!({"token": token, "size": size});
        let run = context.call(&list, &envelope).await;
        let page = listed(&run)?;
        pages += 1;
        most = run.page_size().unwrap_or(most).max(most);
        let pages_at_all = token.is_some() || run.next_token().is_some();
        ensure(!pages_at_all || page.len() <= most, || {
            format!("page {pages} has {} records, and {most} is its size", page.len())
        })?;
        found.extend(page);
        token = match run.next_token() {
            None => break,
            Some(next) if Some(&next) == token.as_ref() => {
                return Err(Problem::failed(format!(
                    "the token of page {pages} is the one of the page before"
                )));
            }
            next => next,
        };
        ensure(pages < MOST_PAGES, || format!("no end after {pages} pages of {size}"))?;
    }
    let repeated = repeated(&context, &list, &found);
    context.keep(&list, Listed { records: found.clone(), page_size: size });
    if let Some(key) = repeated {
        return Err(Problem::failed(format!("{key} stands in the list more than once, in pages of {size}")));
    }
    ensure(whole.is_none_or(|whole| whole == found.len()), || {
        format!("{} records in pages of {size}, and {} at once", found.len(), whole.unwrap_or_default())
    })?;
    Ok(format!("{} records in {pages} pages", found.len()))
}

/// The first key that comes again.
fn repeated(context: &Context, list: &str, records: &[Value]) -> Option<String> {
    let key =
        context.declared.stream_of(list).map_or_else(|| vec!["id".to_owned()], |stream| stream.key.clone());
    let mut seen = BTreeSet::new();
    records.iter().find_map(|record| {
        let parts: Option<Vec<String>> = key.iter().map(|part| Some(record.get(part)?.to_string())).collect();
        let named = parts.unwrap_or_else(|| vec![record.to_string()]).join(", ");
        if seen.insert(named.clone()) { None } else { Some(contract::shortened(&named)) }
    })
}

fn listed(run: &Run) -> Result<Vec<Value>, Problem> {
    match run.response() {
        Some(Value::Array(records)) => Ok(records),
        Some(_) => Err(Problem::failed("the response of a list is no array")),
        None => Err(Problem::failed(format!("it cannot be listed: {}", run.outcome()))),
    }
}

fn of_this_list(context: &Context, list: &str) -> Result<Vec<Value>, Problem> {
    need_stand_in(context)?;
    let records = context.listed(list);
    if records.is_empty() { Err(Problem::skipped("the list has no records")) } else { Ok(records) }
}

fn small_pages(context: &Context, list: &str) -> Value {
    let mut envelope = context.envelope(&context.request(list));
    envelope["page"] = json!({"size": context.page_size(list)});
    envelope
}

pub(crate) async fn all_pages(context: Arc<Context>, list: String) -> Verdict {
    let records = of_this_list(&context, &list)?;
    let envelope = small_pages(&context, &list);
    let run = context.subject.run(Invocation::of(&list).json(&envelope).with(&["--all-pages"])).await;
    let together = listed(&run)?;
    same(&together, &records, "--all-pages")?;
    ensure(run.next_token().is_none(), || "--all-pages leaves a page over".to_owned())?;
    Ok(format!("{} records", records.len()))
}

pub(crate) async fn ndjson(context: Arc<Context>, list: String) -> Verdict {
    let records = of_this_list(&context, &list)?;
    let envelope = small_pages(&context, &list);
    let invocation =
        Invocation::of(&list).json(&envelope).with(&["--all-pages", "--output", "ndjson"]).records_first();
    let run = context.subject.run(invocation).await;
    ensure(run.error().is_none(), || format!("--output ndjson: {}", run.outcome()))?;
    same(&run.records(), &records, "--output ndjson")?;
    let repeats = run.response().is_some_and(|response| response.is_array());
    ensure(!repeats, || "the envelope after the records has records too".to_owned())?;
    Ok(format!("{} records", records.len()))
}

fn same(found: &[Value], wanted: &[Value], how: &str) -> Result<(), Problem> {
    ensure(found.len() == wanted.len(), || {
        format!("{how} gives {} records, and page after page there are {}", found.len(), wanted.len())
    })?;
    let different = found.iter().zip(wanted).position(|(found, wanted)| found != wanted);
    ensure(different.is_none(), || {
        format!("{how} differs from page after page at record {}", different.unwrap_or_default() + 1)
    })
}

/// Tokens that were changed, or given for something else, are refused.
pub(crate) async fn tampered(context: Arc<Context>, list: String) -> Verdict {
    of_this_list(&context, &list)?;
    let envelope = small_pages(&context, &list);
    let first = context.call(&list, &envelope).await;
    let Some(token) = first.next_token() else {
        return Err(Problem::skipped("there is one page only"));
    };
    let mut forged = vec![
        ("cut off", token.chars().take(token.chars().count() / 2).collect()),
        ("made up", "x".to_owned()),
    ];
    forged.extend([1, 2, 3].map(|quarter| ("changed", changed(&token, quarter))));
    for (how, forged) in forged {
        let mut envelope = envelope.clone();
        envelope["page"]["token"] = forged.into();
        refuse(&context, &list, &envelope, how).await?;
    }
    let mut elsewhere = 0;
    let other = context.declared.lists().into_iter().find(|other| {
        *other != list && schema::mismatch(context.declared.argument(other), &json!({})).is_ok()
    });
    if let Some(other) = other {
        let mut envelope = context.envelope(&json!({}));
        envelope["page"] = json!({"token": token});
        refuse(&context, &other, &envelope, &format!("given to {other}")).await?;
        elsewhere += 1;
    }
    if let Some(request) = another_request(&context, &list) {
        let mut with_token = context.envelope(&request);
        let run = context.call(&list, &with_token).await;
        if run.response().is_some() {
            with_token["page"] = json!({"token": token});
            refuse(&context, &list, &with_token, "given for another request").await?;
            elsewhere += 1;
        }
    }
    Ok(format!("5 forgeries, {elsewhere} tokens of something else"))
}

async fn refuse(context: &Context, list: &str, envelope: &Value, how: &str) -> Result<(), Problem> {
    let run = context.call(list, envelope).await;
    super::refused_with(&run, &["invalid_page_token"], &format!("a token that was {how}"))
}

/// One character is another one. Not the last: its bits may not all count.
fn changed(token: &str, quarter: usize) -> String {
    let position = token.chars().count() * quarter / 4;
    let other = |old: char| if old == 'A' { 'B' } else { 'A' };
    token.chars().enumerate().map(|(at, old)| if at == position { other(old) } else { old }).collect()
}

/// A request that asks for something else than the usual one: an optional field of the schema is set.
fn another_request(context: &Context, list: &str) -> Option<Value> {
    let root = context.declared.argument(list);
    let usual = context.request(list);
    optional_fields(root, root, &usual).into_iter().find(|other| schema::mismatch(root, other).is_ok())
}

fn optional_fields(root: &Value, schema: &Value, usual: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (name, property) in schema::resolved(root, schema)["properties"].as_object().into_iter().flatten() {
        if usual.get(name).is_some() {
            continue;
        }
        let property = schema::resolved(root, property);
        let value = if property["properties"].is_object() {
            match optional_fields(root, property, &json!({})).into_iter().next() {
                Some(value) => value,
                None => continue,
            }
        } else if property["type"] == "array" {
            json!([schema::sample(root, &property["items"])])
        } else {
            schema::sample(root, property)
        };
        if property.get("default") == Some(&value) {
            continue;
        }
        let mut other = usual.clone();
        other[name] = value;
        found.push(other);
    }
    found
}

//! Every call to Teamleader.

mod answer;
mod operation;
mod rate_limit;

use connector_core::http::{HttpRequest, HttpResponse};
use connector_core::stream::{Direction, FilterKind, PageRequest, Paging, RecordPage};
use connector_core::{Call, ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::resources::Resource;
use crate::settings::Settings;

pub(crate) use operation::{all, object, optional_object, order};
pub(crate) use rate_limit::rate_limit;

/// What `users.me` says: the person who agreed, and the account.
#[derive(Debug, Deserialize)]
pub(crate) struct Me {
    pub(crate) id: String,
    pub(crate) account: Account,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
}

/// One page of a resource.
pub(crate) async fn list(
    call: Call<Settings>,
    resource: &'static Resource,
    request: PageRequest,
) -> Result<RecordPage> {
    if asks_for_nothing(resource, &request.filter) {
        return Ok(RecordPage::default());
    }
    let body = list_body(resource, request)?;
    post(&call, &format!("{}.{}", resource.path, resource.action), &body, |response| {
        let list = answer::list(&response)?;
        let (records, total, date) = (list.records, list.total, response.date());
        Ok(RecordPage { records, total, date, ..RecordPage::default() })
    })
    .await
}

/// One record of a resource, with what its list leaves out.
pub(crate) async fn info(
    call: Call<Settings>,
    resource: &'static Resource,
    id: String,
) -> Result<Box<RawValue>> {
    let path = format!("{}.info", resource.path);
    post(&call, &path, &info_body(resource, &id), |response| answer::object(&response)).await
}

/// The person and the account behind the credentials.
pub(crate) async fn me(call: &Call<Settings>) -> Result<Me> {
    let record = post(call, "users.me", &json!({}), |response| answer::object(&response)).await?;
    serde_json::from_str(record.get()).map_err(|error| {
        ConnectorError::new(ErrorCode::InvalidResponse, "Teamleader does not say whose credentials these are")
            .source(error)
    })
}

/// POST for reading too: GET is deprecated since January 2023, and an absent body is not accepted everywhere.
async fn post<T>(
    call: &Call<Settings>,
    path: &str,
    body: &Value,
    read: impl Fn(HttpResponse) -> Result<T>,
) -> Result<T> {
    let settings = call.settings();
    let request = HttpRequest::post_json(settings.api(path), body)
        .header("x-api-version", &settings.api_version.to_string());
    call.send(&request, read).await
}

/// Whether a filter asks for none of all ids. Teamleader takes an empty list for no filter at all at some endpoints,
/// and would answer with everything.
fn asks_for_nothing(resource: &Resource, filter: &Map<String, Value>) -> bool {
    resource.filters.iter().any(|declared| {
        matches!(declared.kind, FilterKind::Ids | FilterKind::IdOrIds)
            && filter.get(declared.name).and_then(Value::as_array).is_some_and(Vec::is_empty)
    })
}

fn info_body(resource: &Resource, id: &str) -> Value {
    match resource.info_includes {
        [] => json!({"id": id}),
        includes => json!({"id": id, "includes": includes.join(",")}),
    }
}

fn list_body(resource: &Resource, request: PageRequest) -> Result<Value> {
    let mut body = Map::new();
    let mut filter = filter_as_sent(resource, request.filter)?;
    for name in resource.beside {
        body.extend(filter.remove_entry(*name));
    }
    if !filter.is_empty() {
        body.insert("filter".to_owned(), Value::Object(filter));
    }
    if resource.paging != Paging::None {
        body.insert("page".to_owned(), json!({"size": request.size, "number": request.number}));
    }
    if !request.sort.is_empty() {
        let sort: Vec<_> = request.sort.iter().map(|(field, order)| sort_as_sent(field, *order)).collect();
        body.insert("sort".to_owned(), sort.into());
    }
    let mut includes = request.includes;
    if resource.totals {
        includes.push("pagination".to_owned());
    }
    if !includes.is_empty() {
        body.insert("includes".to_owned(), includes.join(",").into());
    }
    Ok(Value::Object(body))
}

fn sort_as_sent(field: &str, order: Direction) -> Value {
    json!({"field": field, "order": order})
}

fn filter_as_sent(resource: &Resource, mut filter: Map<String, Value>) -> Result<Map<String, Value>> {
    for declared in resource.filters {
        let Some(value) = filter.get_mut(declared.name) else {
            continue;
        };
        match (declared.kind, &*value) {
            (FilterKind::DateTime, Value::String(text)) => {
                *value = Value::String(instant_as_sent(declared.name, text)?);
            }
            // One parent, where the list takes several.
            (FilterKind::Ids, Value::String(id)) => *value = json!([id]),
            _ => {}
        }
    }
    Ok(filter)
}

/// An instant in the one form that every endpoint takes: whole seconds, and `+00:00` rather than `Z`.
fn instant_as_sent(filter: &str, text: &str) -> Result<String> {
    let instant: Timestamp = text.parse().map_err(|_| {
        let message = format!("/request/filter/{filter} must be a date-time with an offset");
        ConnectorError::new(ErrorCode::InvalidValue, message).hint("write it as 2024-05-31T09:00:00+00:00")
    })?;
    // Records are stamped with whole seconds, so that "before 9:00:00.5" has to be "before 9:00:01".
    let rounded_up = filter.ends_with("_before") && instant.subsec_nanosecond() > 0;
    let seconds = instant.as_second() + i64::from(rounded_up);
    let whole = Timestamp::from_second(seconds).unwrap_or(instant);
    Ok(whole.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::RESOURCES;

    fn body(stream: &str, change: impl FnOnce(&mut PageRequest)) -> Value {
        let resource = RESOURCES.iter().find(|resource| resource.stream == stream).unwrap();
        let mut request = PageRequest { number: 2, size: 50, ..PageRequest::default() };
        change(&mut request);
        list_body(resource, request).unwrap()
    }

    #[test]
    fn only_what_is_set_is_sent() {
        assert_eq!(body("events", |_| {}), json!({"page": {"size": 50, "number": 2}}));
        assert_eq!(body("departments", |_| {}), json!({}), "it has no pages");
        assert_eq!(body("projects", |_| {})["includes"], "pagination");
    }

    #[test]
    fn some_filters_are_sent_beside_the_others() {
        let body = body("days_off", |request| {
            request.filter.insert("id".into(), "u-1".into());
            request.filter.insert("starts_after".into(), "2024-05-31".into());
        });
        assert_eq!(
            body,
            json!({
                "id": "u-1",
                "filter": {"starts_after": "2024-05-31"},
                "page": {"size": 50, "number": 2},
                "includes": "pagination"
            })
        );
    }

    #[test]
    fn lists_with_nothing_but_such_filters_send_no_others() {
        let body = body("level_two_areas", |request| {
            request.filter.insert("country".into(), "BE".into());
        });
        assert_eq!(body, json!({"country": "BE"}));
    }

    #[test]
    fn one_id_is_sent_as_a_list_where_several_are_taken() {
        let body = body("user_schedules", |request| {
            request.filter.insert("user_ids".into(), "u-1".into());
        });
        assert_eq!(body["filter"], json!({"user_ids": ["u-1"]}));
    }

    #[test]
    fn a_subject_is_sent_as_it_is() {
        let subject = json!({"type": "deal", "id": "d-1"});
        let body = body("notes", |request| {
            request.filter.insert("subject".into(), subject.clone());
        });
        assert_eq!(body["filter"], json!({"subject": subject}));
    }

    #[test]
    fn a_single_record_is_asked_for_with_all_its_parts() {
        let info = |stream: &str| {
            let resource = RESOURCES.iter().find(|resource| resource.stream == stream).unwrap();
            info_body(resource, "r-1")
        };
        assert_eq!(info("deals"), json!({"id": "r-1"}));
        assert_eq!(info("companies"), json!({"id": "r-1", "includes": "related_companies,related_contacts"}));
    }

    #[test]
    fn sort_filter_and_includes_have_teamleaders_form() {
        let body = body("companies", |request| {
            request.filter.insert("updated_since".into(), "2024-05-31T11:00:00.25+02:00".into());
            request.filter.insert("status".into(), "active".into());
            request.sort = vec![("updated_at".into(), Direction::Descending)];
            request.includes = vec!["custom_fields".into(), "price_list".into()];
        });
        assert_eq!(
            body,
            json!({
                "filter": {"updated_since": "2024-05-31T09:00:00+00:00", "status": "active"},
                "page": {"size": 50, "number": 2},
                "sort": [{"field": "updated_at", "order": "desc"}],
                "includes": "custom_fields,price_list"
            })
        );
    }

    #[test]
    fn an_instant_never_shuts_out_what_the_caller_asked_for() {
        let sent = |name, text| instant_as_sent(name, text).unwrap();
        assert_eq!(sent("updated_since", "2024-05-31T09:00:00.999Z"), "2024-05-31T09:00:00+00:00");
        assert_eq!(sent("created_before", "2024-05-31T09:00:00.001Z"), "2024-05-31T09:00:01+00:00");
        assert_eq!(sent("created_before", "2024-05-31T09:00:00Z"), "2024-05-31T09:00:00+00:00");
        assert_eq!(sent("updated_since", "1969-12-31T23:59:59Z"), "1969-12-31T23:59:59+00:00");
        let error = instant_as_sent("updated_since", "yesterday").unwrap_err();
        assert!(
            error.message().contains("/request/filter/updated_since")
                && !error.message().contains("yesterday")
        );
    }
}

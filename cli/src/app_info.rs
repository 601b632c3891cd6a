//! `app_info`: the OpenAPI document as an answer, with what agents read about the connector beside it.

use connector_core::Result;
use connector_core::auth::AuthKind;
use connector_core::capability::Capability;
use connector_core::envelope::Answer;
use connector_core::integration::Integration;
use serde_json::{Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
use crate::info::credentials_schema;
use crate::output::Ended;
use crate::spec;

pub(crate) fn run(integration: &Integration, envelope: &EnvelopeSource) -> Result<Ended> {
    read_envelope(envelope)?;
    Ok(Ended::Answer(answer(integration)?))
}

/// The answer of `app_info`.
pub(crate) fn answer(integration: &Integration) -> Result<Answer> {
    let mut document = spec::document(&[integration]);
    if let (Some(info), Value::Object(more)) = (document["info"].as_object_mut(), about(integration)) {
        info.extend(more);
    }
    if integration.credentials().next().is_some() {
        document["components"]["schemas"]["Credentials"] = credentials(integration);
    }
    Answer::new(&json!({"app_id": integration.app_id(), "app_schema": document}))
}

fn about(integration: &Integration) -> Value {
    let description = integration.description();
    let capabilities: Vec<&str> = integration.capabilities().map(Capability::name).collect();
    json!({
        "x-app-id": description.app_id,
        "x-app-logo-url": description.logo_url.unwrap_or_default(),
        "x-app-vendor-domain": description.app_vendor_domain.unwrap_or_default(),
        "x-entitlement-types": integration.entitlement_types(),
        "x-resource-types": integration.resource_types(),
        "x-categories": {"type": "enum", "enum": description.categories},
        "x-capabilities": capabilities,
        "x-multi-credential": integration.credentials().next().is_some(),
        "x-allowed-credentials": allowed_credentials(integration),
    })
}

/// The `credentials` part of a request: each under its id and its kind.
fn credentials(integration: &Integration) -> Value {
    let of_kind = |mut schema: Value| {
        let (id, kind) = (schema["id"].take(), schema["x-credential-type"].clone());
        schema.as_object_mut().map(|schema| schema.remove("id"));
        let kind = kind.as_str().unwrap_or_default().to_owned();
        json!({
            "type": "object",
            "properties": {"id": {"type": "string", "enum": [id]}, (kind.as_str()): schema},
            "required": ["id", kind],
        })
    };
    let each: Vec<Value> = credentials_schema(integration).into_iter().map(of_kind).collect();
    json!({"type": "array", "items": {"anyOf": each}})
}

/// What a call may bring: a kind of credential each, or all credentials together that every call must bring, and each
/// of the others.
fn allowed_credentials(integration: &Integration) -> Vec<Vec<&'static str>> {
    let kinds = integration.auth_kinds().iter().copied().map(AuthKind::name);
    let mut allowed: Vec<Vec<&str>> = kinds.map(|kind| vec![kind]).collect();
    let ids = |wanted| {
        integration.credentials().filter(move |(.., is_optional)| *is_optional == wanted).map(|(id, ..)| id)
    };
    let required: Vec<&str> = ids(false).collect();
    allowed.extend(Some(required).filter(|required| !required.is_empty()));
    allowed.extend(ids(true).map(|id| vec![id]));
    allowed
}

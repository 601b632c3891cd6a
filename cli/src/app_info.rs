//! `app_info`: the OpenAPI document as an answer, with what agents read about the connector beside it.

use connector_core::Result;
use connector_core::auth::AuthKind;
use connector_core::capability::Capability;
use connector_core::envelope::Answer;
use connector_core::integration::Integration;
use serde_json::{Value, json};

use crate::arguments::EnvelopeSource;
use crate::call::read_envelope;
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
    Answer::new(&json!({"app_id": integration.app_id(), "app_schema": document}))
}

fn about(integration: &Integration) -> Value {
    let description = integration.description();
    let capabilities: Vec<&str> = integration.capabilities().map(Capability::name).collect();
    let kinds: Vec<[&AuthKind; 1]> = integration.auth_kinds().iter().map(|kind| [kind]).collect();
    json!({
        "x-app-id": description.app_id,
        "x-app-logo-url": description.logo_url.unwrap_or_default(),
        "x-app-vendor-domain": description.app_vendor_domain.unwrap_or_default(),
        "x-entitlement-types": integration.entitlement_types(),
        "x-resource-types": integration.resource_types(),
        "x-categories": {"type": "enum", "enum": description.categories},
        "x-capabilities": capabilities,
        "x-multi-credential": false,
        "x-allowed-credentials": kinds,
    })
}

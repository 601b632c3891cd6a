//! `spec`: the OpenAPI document of connectors.

use connector_core::integration::Integration;
use serde_json::Value;

use crate::output::Ended;
use crate::serve::openapi_document;

/// Where the server listens when nobody says otherwise.
const USUAL_ADDRESS: &str = "http://127.0.0.1:8080";

pub(crate) fn run(integrations: &[&Integration]) -> Ended {
    Ended::Text(document(integrations).to_string())
}

/// The document of a server that listens where servers usually do.
pub(crate) fn document(integrations: &[&Integration]) -> Value {
    openapi_document(integrations, USUAL_ADDRESS)
}

//! A response that cannot be written.

use connector_core::capability::Capability;
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(Deserialize, JsonSchema)]
struct Ask {}

#[derive(JsonSchema)]
struct Made {}

async fn make(_: Call<Settings>, _: Ask) -> Result<Made> {
    Ok(Made {})
}

fn main() {
    Capability::new("make", make);
}

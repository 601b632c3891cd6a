//! A request without a schema.

use connector_core::capability::Capability;
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(Serialize, JsonSchema)]
struct Made {}

#[derive(Deserialize)]
struct Ask {}

async fn make(_: Call<Settings>, _: Ask) -> Result<Made> {
    Ok(Made {})
}

fn main() {
    Capability::new("make", make);
}

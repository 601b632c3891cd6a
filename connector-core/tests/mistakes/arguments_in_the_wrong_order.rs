//! A handler that takes the request first.

use connector_core::capability::Capability;
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(Deserialize, JsonSchema)]
struct Ask {}

#[derive(Serialize, JsonSchema)]
struct Made {}

async fn make(_: Ask, _: Call<Settings>) -> Result<Made> {
    Ok(Made {})
}

fn main() {
    Capability::new("make", make);
}

//! A handler that is no `async fn`.

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

fn make(_: Call<Settings>, _: Ask) -> Result<Made> {
    Ok(Made {})
}

fn main() {
    Capability::new("make", make);
}

//! A capability over other settings than the integration's.

use connector_core::capability::Capability;
use connector_core::integration::Integration;
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(Deserialize, JsonSchema)]
struct Ask {}

#[derive(Serialize, JsonSchema)]
struct Made {}

#[derive(Deserialize, JsonSchema)]
struct OtherSettings {}

async fn make(_: Call<OtherSettings>, _: Ask) -> Result<Made> {
    Ok(Made {})
}

fn main() {
    Integration::builder::<Settings>("example", "1").capability(Capability::new("make", make)).build();
}

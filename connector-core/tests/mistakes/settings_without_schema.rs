//! Settings without a schema.

use connector_core::integration::Integration;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(Deserialize)]
struct MySettings {}

fn main() {
    Integration::builder::<MySettings>("example", "1").build();
}

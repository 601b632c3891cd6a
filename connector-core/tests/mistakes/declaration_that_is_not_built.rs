//! A declaration without `.build()`.

use connector_core::integration::Integration;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {}

fn integration() -> Integration {
    Integration::builder::<Settings>("example", "1").name("Example")
}

fn main() {}

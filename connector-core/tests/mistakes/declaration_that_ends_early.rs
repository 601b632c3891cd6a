//! A declaration that nobody builds.
#![deny(unused_must_use)]

use connector_core::integration::Integration;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {}

fn main() {
    Integration::builder::<Settings>("example", "1").name("Example");
}

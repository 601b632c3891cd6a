//! A connector with as many capabilities as `CAPABILITIES` says, for measuring what each costs at the start.
//!
//! ```sh
//! CAPABILITIES=50 cargo run -p many-capabilities -- make_thing_49 --json '{"request":{"name":"a"}}'
//! ```

use std::process::ExitCode;

use connector_cli::CommandLine;
use connector_core::capability::Capability;
use connector_core::integration::Integration;
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Settings {}

/// As large as requests of real apps are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewThing {
    /// What people call it.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// When it begins.
    starts_at: Option<jiff::Timestamp>,
    /// Who made it.
    #[serde(default)]
    makers: Vec<Maker>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Maker {
    /// The app's own id.
    id: u64,
    /// The address to write to.
    email: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Thing {
    /// What people call it.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// When it begins.
    starts_at: Option<jiff::Timestamp>,
    /// Who made it.
    makers: Vec<Maker>,
}

async fn make_thing(_call: Call<Settings>, new: NewThing) -> Result<Thing> {
    let NewThing { name, description, starts_at, makers } = new;
    Ok(Thing { name, description, starts_at, makers })
}

fn integration() -> Integration {
    let count: usize = std::env::var("CAPABILITIES").ok().and_then(|count| count.parse().ok()).unwrap_or(5);
    (0..count)
        // Names are literals in every other connector; these live as long as the process, too.
        .map(|number| Capability::new(format!("make_thing_{number}").leak(), make_thing).writes())
        .fold(Integration::builder::<Settings>("many", "0.1.0").name("Many"), |builder, capability| {
            builder.capability(capability)
        })
        .build()
        .expect("the declaration is sound")
}

fn main() -> ExitCode {
    CommandLine::new("many-connector", integration).run()
}

//! A handler that holds what may not change threads.

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

async fn make(call: Call<Settings>, _: Ask) -> Result<Made> {
    let shared = std::rc::Rc::new(1);
    call.get("things").done().await?;
    drop(shared);
    Ok(Made {})
}

fn main() {
    Capability::new("make", make);
}

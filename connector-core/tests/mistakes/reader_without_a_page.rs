//! A reader that takes no page request.

use connector_core::stream::{RecordPage, Stream};
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(JsonSchema)]
struct Thing {}

async fn read(_: Call<Settings>) -> Result<RecordPage> {
    Ok(RecordPage::default())
}

fn main() {
    Stream::new::<Thing, _, _>("things", "thing", read);
}

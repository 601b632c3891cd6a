//! Records without a schema.

use connector_core::stream::{PageRequest, RecordPage, Stream};
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {}

struct Thing {}

async fn read(_: Call<Settings>, _: PageRequest) -> Result<RecordPage> {
    Ok(RecordPage::default())
}

fn main() {
    Stream::new::<Thing, _, _>("things", "thing", read);
}

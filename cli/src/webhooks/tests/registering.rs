//! What the app is asked to tell.

use connector_core::Result;
use connector_core::call::Call;
use connector_core::integration::Integration;
use connector_core::stream::{PageRequest, RecordPage, Stream};
use connector_core::webhook::{WebhookSubject, WebhookType, Webhooks};

use super::super::listen::wanted_types;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Settings {}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Record {
    id: String,
}

async fn read(_: Call<Settings>, _: PageRequest) -> Result<RecordPage> {
    Ok(RecordPage::default())
}

#[test]
fn the_app_is_asked_for_what_concerns_streams_and_for_the_end_of_the_account() {
    let record = |name, entity| WebhookType { name, subject: WebhookSubject::Record(entity) };
    let types: &'static [WebhookType] = vec![
        record("thing.added", "thing"),
        record("ship.added", "ship"),
        WebhookType { name: "account.ended", subject: WebhookSubject::EndOfAccount },
        record("thing.deleted", "thing"),
    ]
    .leak();
    let webhooks = Webhooks { parse: |_| Ok(Vec::new()), types };
    let things = Stream::new::<Record, _, _>("things", "thing", read);
    let integration = Integration::builder::<Settings>("example", "1")
        .streams([things.declare(|stream| stream.entity = Some("thing"))])
        .webhooks(webhooks)
        .build()
        .unwrap();
    assert_eq!(wanted_types(&integration, &webhooks), ["thing.added", "account.ended", "thing.deleted"]);
}

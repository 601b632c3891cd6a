//! What the app is asked to tell.

use connector_core::Result;
use connector_core::call::Call;
use connector_core::integration::Integration;
use connector_core::stream::{Filter, FilterKind, PageRequest, RecordPage, Stream};
use connector_core::webhook::{WebhookSubject, Webhooks};

use super::super::listen::wanted_types;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Settings {}

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Record {
    id: String,
}

const FILTERS: &[Filter] = &[Filter::new("ids", FilterKind::Ids)];

async fn read(_: Call<Settings>, _: PageRequest) -> Result<RecordPage> {
    Ok(RecordPage::default())
}

#[test]
fn the_app_is_asked_for_what_concerns_streams_and_for_the_end_of_the_account() {
    fn subject(name: &'static str) -> WebhookSubject {
        match name.split_once('.').unwrap().0 {
            "account" => WebhookSubject::EndOfAccount,
            entity => WebhookSubject::Record(entity),
        }
    }
    let types = &["thing.added", "ship.added", "account.ended", "thing.deleted", "note.added"];
    let webhooks = Webhooks { parse: |_| Ok(Vec::new()), types, subject };
    let stream = |name, singular, ids| {
        Stream::new::<Record, _, _>(name, singular, read).declare(|stream| {
            stream.entity = Some(singular);
            stream.filters = FILTERS;
            stream.ids = ids;
        })
    };
    let integration = Integration::builder::<Settings>("example", "1")
        .streams([stream("things", "thing", Some("ids")), stream("notes", "note", None)])
        .webhooks(webhooks)
        .build()
        .unwrap();
    assert_eq!(wanted_types(&integration, &webhooks), ["thing.added", "account.ended", "thing.deleted"]);
}

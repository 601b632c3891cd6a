//! Two connections that write to the same tables: each is told of the other.

use connector_core::sync::{Status, StreamState};
use connector_store::SinkOptions;
use serde_json::json;

use crate::world::{Shape, World, begin, begin_in, companies, company, state};

pub(crate) async fn a_connection_is_told_of_another_that_writes_to_its_table(world: World) {
    world.load(&[company(1, 1)]).await;
    let run = world.begin().await;
    assert_eq!(run.open(&companies()).await.opened.shared_with, None);
    run.finish(Status::Succeeded).await.unwrap();

    let other = begin(&world.store, "other", false).await.unwrap();
    let mut stream = other.open(&companies()).await;
    assert_eq!(stream.opened.shared_with.as_deref(), Some("default"));
    assert_eq!(stream.opened.state, StreamState::default());
    let notes = Shape {
        name: "notes".to_owned(),
        key: vec!["id".to_owned()],
        schema: json!({"properties": {"id": {"type": "string"}}}),
        children: Vec::new(),
    };
    assert_eq!(other.open(&notes).await.opened.shared_with, None, "another stream");
    stream.write(&[company(2, 1)], &state(2)).await.unwrap();
    drop(stream);

    for run in [world.begin().await, world.begin_dry().await] {
        let stream = run.open(&companies()).await;
        assert_eq!(stream.opened.shared_with.as_deref(), Some("other"));
        assert_eq!(stream.opened.state, state(1));
    }
}

pub(crate) async fn tables_of_other_schemas_are_not_shared(world: World) {
    world.load(&[company(1, 1)]).await;
    if world.is_postgres() {
        let options = SinkOptions::new("elsewhere");
        let run = begin_in(&world.store, options, "other", false).await.unwrap();
        let mut stream = run.open(&companies()).await;
        assert_eq!(stream.opened.shared_with, None);
        stream.write(&[company(2, 1)], &state(2)).await.unwrap();
        assert_eq!(world.begin().await.open(&companies()).await.opened.shared_with, None);
    }
}

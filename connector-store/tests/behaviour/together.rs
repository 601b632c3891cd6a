//! What belongs to a batch lands together, or not at all.

use connector_core::ErrorCode;
use connector_core::sync::{Batch, Reject};
use serde_json::json;

use crate::children::{company_with, lines, with_lines};
use crate::world::{Stream, World, id, numbers, state};

fn reject(payload: &str) -> Reject {
    let (code, reason) = ("not_an_object".to_owned(), "the record is not a JSON object".to_owned());
    Reject { payload: payload.to_owned(), code, reason, path: None }
}

/// Two companies with lines, and a reject, whose number it hands back.
async fn prepare(world: &World, stream: &mut Stream) -> i64 {
    let mut batch = stream.batch(&[company_with(1, 1, &json!(["a"])), company_with(2, 1, &json!(["b"]))]);
    batch.push_reject(reject("[1]"));
    stream.opened.writer.write(batch, &state(1)).await.unwrap();
    let id = world.value(&format!("id FROM {}", world.own("rejects"))).await;
    id.unwrap().parse().unwrap()
}

/// A batch that does everything at once.
fn everything(stream: &mut Stream, resolved: i64) -> Batch {
    let mut batch = stream.batch(&[company_with(1, 2, &json!(["c"])), company_with(3, 1, &json!(["d"]))]);
    batch.push_deleted(id(2));
    batch.push_resolved(resolved);
    batch.push_reject(reject("[2]"));
    batch
}

/// Everything that a batch may change, as text.
async fn seen(world: &World) -> String {
    let companies = world.table("companies");
    let rows = world
        .rows(&format!(
            "SELECT name, CAST(_deleted_at AS TEXT), CAST(_synced_at AS TEXT) FROM {companies} ORDER BY id"
        ))
        .await;
    let rejects = world.rows(&format!("SELECT payload FROM {} ORDER BY id", world.own("rejects"))).await;
    let states = world
        .rows(&format!("SELECT CAST(state AS TEXT), CAST(batch AS TEXT) FROM {}", world.own("cursors")))
        .await;
    let items = [lines(world, 1).await, lines(world, 2).await, lines(world, 3).await];
    format!("{rows:?}\n{rejects:?}\n{states:?}\n{items:?}")
}

pub(crate) async fn a_batch_whose_end_is_refused_leaves_nothing(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&with_lines()).await;
    let resolved = prepare(&world, &mut stream).await;
    let before = seen(&world).await;
    if world.is_postgres() {
        // Refused at the commit.
        for statement in [
            "CREATE FUNCTION example.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''refused''; END'",
            "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON connector.cursors DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION example.refuse()",
        ] {
            world.execute(statement).await;
        }
    } else {
        let refuse = "CREATE TRIGGER refuse AFTER UPDATE ON connector_cursors BEGIN SELECT RAISE(ABORT, 'refused'); END";
        world.execute(refuse).await;
    }
    let batch = everything(&mut stream, resolved);
    assert!(stream.opened.writer.write(batch, &state(2)).await.is_err());
    assert_eq!(seen(&world).await, before);

    let on = if world.is_postgres() { " ON connector.cursors" } else { "" };
    world.execute(&format!("DROP TRIGGER refuse{on}")).await;
    let batch = everything(&mut stream, resolved);
    let written = stream.opened.writer.write(batch, &state(2)).await.unwrap();
    assert_eq!((numbers(written), written.deleted), ([1, 1, 0, 1], 1));
    assert_eq!(stream.live_keys(&[], 10).await, [id(1), id(3)]);
}

pub(crate) async fn a_batch_after_the_lease_was_lost_leaves_nothing(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&with_lines()).await;
    let resolved = prepare(&world, &mut stream).await;
    let before = seen(&world).await;
    world.execute(&format!("UPDATE {} SET fence = fence + 1", world.own("leases"))).await;
    let batch = everything(&mut stream, resolved);
    let error = stream.opened.writer.write(batch, &state(2)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    let error = stream.write_and_delete(&[], &[&id(1)], &state(1)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(seen(&world).await, before);
    // Looking does no harm.
    assert_eq!(stream.live_keys(&[], 10).await, [id(1), id(2)]);
}

pub(crate) async fn a_reject_that_was_dealt_with_is_gone_unless_it_fails_again(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&with_lines()).await;
    let resolved = prepare(&world, &mut stream).await;
    let payloads = format!("SELECT payload FROM {}", world.own("rejects"));
    let mut batch = stream.batch(&[]);
    batch.push_resolved(resolved);
    batch.push_reject(reject("[1]"));
    stream.opened.writer.write(batch, &state(1)).await.unwrap();
    assert_eq!(world.rows(&payloads).await, [[Some("[1]".to_owned())]]);

    let id: i64 = world.value(&format!("id FROM {}", world.own("rejects"))).await.unwrap().parse().unwrap();
    // Those of other streams are not ours to remove.
    let mut others = run.open(&crate::keys::stock()).await;
    for (stream, left) in [(&mut others, 1), (&mut stream, 0)] {
        let mut batch = stream.batch(&[]);
        batch.push_resolved(id);
        stream.opened.writer.write(batch, &state(1)).await.unwrap();
        assert_eq!(world.rows(&payloads).await.len(), left);
    }
}

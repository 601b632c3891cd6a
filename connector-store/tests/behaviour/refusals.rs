//! Rows that a database refuses, and records that never became rows.

use connector_core::sync::{Reject, Status};
use serde_json::{Value, json};

use crate::world::{World, companies, company, id, numbers, state};

pub(crate) async fn a_bad_row_goes_to_the_rejects_alone(world: World) {
    world.load(&[company(900, 1)]).await;
    let table = world.table("companies");
    // Something that only the database knows of.
    let name = if world.is_postgres() { "example.one_name" } else { "one_name" };
    let index = name.rsplit('.').next().unwrap();
    world.execute(&format!("CREATE UNIQUE INDEX {index} ON {table} (name)")).await;
    let mut records: Vec<Value> = (0..200).map(|n| company(n, 1)).collect();
    records[20]["name"] = json!("Company 900 v1");
    records[77]["name"] = json!("Company 900 v1");
    records[150]["name"] = json!("nul \u{0} inside");
    if world.is_postgres() {
        records[151]["name"] = json!("x".repeat(100) + &random_text(20_000));
    }
    let bad = if world.is_postgres() { 3 } else { 2 };
    for round in 0..2 {
        let run = world.begin().await;
        let mut stream = run.open(&companies()).await;
        let written = stream.write(&records, &state(7 + round)).await.unwrap();
        let unchanged = if round == 0 { 0 } else { 200 - bad };
        assert_eq!(numbers(written), [200 - bad - unchanged, 0, unchanged, bad]);
        // PostgreSQL holds no NUL: that row is there without it, and what was replaced is told.
        assert_eq!(written.adjusted, u64::from(round == 0 && world.is_postgres()));
        drop(stream);
        run.finish(Status::Partial).await.unwrap();
        assert_eq!(world.count(&table).await, 201 - bad);
        assert_eq!(world.count(&world.own("rejects")).await, bad);
        let run = world.begin().await;
        assert_eq!(run.open(&companies()).await.opened.state, state(7 + round));
    }
    let name = &world.rows(&format!("SELECT name FROM {table} WHERE id = '{}'", id(150))).await[0];
    let stored = if world.is_postgres() { "nul \u{fffd} inside" } else { "nul \u{0} inside" };
    assert_eq!(name[0].as_deref(), Some(stored));
    let query =
        format!("SELECT key, payload, code, reason FROM {} WHERE key = '{}'", world.own("rejects"), id(77));
    let row = &world.rows(&query).await[0];
    assert_eq!(serde_json::from_str::<Value>(row[1].as_ref().unwrap()).unwrap(), records[77]);
    assert_eq!(row[2].as_deref(), Some("database"));
    assert!(row[3].as_ref().unwrap().to_lowercase().contains("unique"), "{row:?}");
}

/// Text that does not compress.
fn random_text(length: usize) -> String {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        char::from(b'!' + u8::try_from(seed % 90).unwrap())
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) async fn rejects_of_the_engine_are_kept_once(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    for round in 0..2 {
        let mut batch = stream.batch(&[company(1, 1)]);
        for payload in ["[1]", "\"\\u0000\"", "[1]"] {
            batch.push_reject(Reject {
                payload: payload.to_owned(),
                code: "not_an_object".to_owned(),
                reason: "the record is not a JSON object".to_owned(),
                path: Some("/0".to_owned()),
            });
        }
        let written = stream.opened.writer.write(batch, &state(round)).await.unwrap();
        assert_eq!(written.rejected, 3);
    }
    assert_eq!(world.count(&world.own("rejects")).await, 2);
    // A batch of rejects alone is one too.
    let mut batch = stream.batch(&[]);
    batch.push_reject(Reject { payload: "7".into(), code: "x".into(), reason: "a\0b".into(), path: None });
    stream.opened.writer.write(batch, &state(1)).await.unwrap();
    assert_eq!(world.count(&world.own("rejects")).await, 3);
}

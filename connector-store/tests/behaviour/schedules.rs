//! Schedules: kept as they were made, and each time taken by one process.

use connector_store::{LastTime, Schedule, ScheduleKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::world::World;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(connection: &str, name: &str) -> Schedule {
    let serde_json::Value::Object(request) = json!({"streams": ["companies"], "mode": "full"}) else {
        panic!("a request is an object")
    };
    Schedule {
        key: ScheduleKey { app_id: "example".into(), connection: connection.into(), name: name.into() },
        expression: "every 15m".into(),
        time_zone: "Europe/Brussels".into(),
        jitter_seconds: 90,
        request,
        enabled: true,
        next_at: Some(at("2026-03-01T06:00:00Z")),
    }
}

pub(crate) async fn schedules_are_kept_replaced_and_removed(world: World) {
    let (first, second) = (schedule("acme", "hourly"), schedule("acme/second", "nightly"));
    assert!(world.store.schedules("example").await.unwrap().is_empty());
    assert!(!world.store.remove_schedule(&first.key).await.unwrap());
    assert!(world.files().is_empty(), "asking makes no store");
    for schedule in [&second, &first] {
        world.store.put_schedule(schedule).await.unwrap();
    }
    let stored = world.another_store().schedules("example").await.unwrap();
    assert_eq!(stored.iter().map(|stored| &stored.schedule).collect::<Vec<_>>(), [&first, &second]);
    assert!(stored.iter().all(|stored| stored.last.is_none()));
    assert!(world.store.schedules("other").await.unwrap().is_empty());

    let changed = Schedule { enabled: false, next_at: None, expression: "0 6 * * *".into(), ..first.clone() };
    world.store.put_schedule(&changed).await.unwrap();
    assert!(world.store.remove_schedule(&second.key).await.unwrap());
    let stored = world.store.schedules("example").await.unwrap();
    assert_eq!(stored.iter().map(|stored| &stored.schedule).collect::<Vec<_>>(), [&changed]);
}

pub(crate) async fn each_time_of_a_schedule_is_taken_once(world: World) {
    let schedule = schedule("acme", "hourly");
    let due = schedule.next_at.unwrap();
    let next = due + SignedDuration::from_mins(15);
    world.store.put_schedule(&schedule).await.unwrap();
    let stores = [&world.store, &world.another_store(), &world.another_store()];
    let claims = stores.map(|store| store.claim_schedule(&schedule.key, due, due));
    let mut won = 0;
    for claim in futures_util::future::join_all(claims).await {
        won += u32::from(claim.unwrap());
    }
    assert_eq!(won, 1);
    world.store.settle_schedule(&schedule.key, due, Some(next)).await.unwrap();
    let kept = world.store.schedules("example").await.unwrap().remove(0);
    assert_eq!((kept.schedule.next_at, kept.claimed_until), (Some(next), None));
    assert!(!world.store.claim_schedule(&schedule.key, due, next).await.unwrap(), "that time is over");

    let disabled = Schedule { enabled: false, next_at: Some(next), ..schedule };
    world.store.put_schedule(&disabled).await.unwrap();
    assert!(!world.store.claim_schedule(&disabled.key, next, next).await.unwrap());
}

pub(crate) async fn a_time_of_somebody_who_died_with_it_is_taken_by_the_next(world: World) {
    let schedule = schedule("acme", "hourly");
    let due = schedule.next_at.unwrap();
    world.store.put_schedule(&schedule).await.unwrap();
    assert!(world.store.claim_schedule(&schedule.key, due, due).await.unwrap());
    let stored = world.store.schedules("example").await.unwrap().remove(0);
    assert_eq!(stored.schedule.next_at, Some(due), "it is not over yet");
    let until = stored.claimed_until.unwrap();
    let other = world.another_store();
    assert!(!other.claim_schedule(&schedule.key, due, until - SignedDuration::from_secs(1)).await.unwrap());
    assert!(other.claim_schedule(&schedule.key, due, until).await.unwrap());
    // Who comes back after all does not undo what the other did.
    let next = due + SignedDuration::from_mins(15);
    other.settle_schedule(&schedule.key, due, Some(next)).await.unwrap();
    world.store.settle_schedule(&schedule.key, due, Some(due)).await.unwrap();
    assert_eq!(world.store.schedules("example").await.unwrap()[0].schedule.next_at, Some(next));
    // One that is given back is free at once.
    assert!(other.claim_schedule(&schedule.key, next, next).await.unwrap());
    other.settle_schedule(&schedule.key, next, Some(next)).await.unwrap();
    assert!(world.store.claim_schedule(&schedule.key, next, next).await.unwrap());
}

pub(crate) async fn what_became_of_the_last_time_outlives_changes(world: World) {
    let schedule = schedule("acme", "hourly");
    world.store.put_schedule(&schedule).await.unwrap();
    for outcome in [Ok(Uuid::from_u128(7)), Err("another run is at work".to_owned())] {
        let last = LastTime { at: at("2026-03-01T06:00:01Z"), outcome };
        world.store.note_schedule(&schedule.key, &last).await.unwrap();
        world.store.put_schedule(&schedule).await.unwrap();
        assert_eq!(world.store.schedules("example").await.unwrap()[0].last, Some(last));
    }
}

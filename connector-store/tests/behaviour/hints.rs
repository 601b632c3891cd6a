//! Hints: each waits once, and none is lost.

use connector_core::ErrorCode;

use crate::world::{World, shared};

pub(crate) async fn a_hint_waits_once_and_is_gone_when_it_is_done(world: World) {
    let hints = world.store.hints("example", "default");
    assert_eq!(hints.waiting().await.unwrap(), 0);
    assert!(hints.take(5).await.unwrap().is_empty());
    assert!(world.files().is_empty(), "asking makes no store");
    for (stream, id, is_new) in
        [("companies", "b", true), ("companies", "a", true), ("companies", "b", false), ("deals", "b", true)]
    {
        assert_eq!(hints.add(stream, id).await.unwrap(), is_new, "{stream} {id}");
    }
    let there = world.another_store().hints("example", "default");
    assert_eq!(there.waiting().await.unwrap(), 3);
    let first = there.take(2).await.unwrap();
    let names: Vec<_> = first.iter().map(|hint| (hint.stream.as_str(), hint.record_id.as_str())).collect();
    assert_eq!(names, [("companies", "b"), ("companies", "a")]);
    let second = hints.take(2).await.unwrap();
    assert_eq!(second.iter().map(|hint| hint.stream.as_str()).collect::<Vec<_>>(), ["deals"]);
    there.done(&first.iter().map(|hint| hint.id).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(hints.waiting().await.unwrap(), 1, "what is being followed is not done");

    // Others are apart.
    for other in [world.store.hints("example", "other"), world.store.hints("another", "default")] {
        assert_eq!(other.waiting().await.unwrap(), 0);
        other.done(&[second[0].id]).await.unwrap();
    }
    assert_eq!(hints.waiting().await.unwrap(), 1);
}

pub(crate) async fn what_was_taken_by_a_process_that_died_is_handed_out_again(world: World) {
    let hints = world.store.hints("example", "default");
    hints.add("companies", "a").await.unwrap();
    let taken = hints.take(5).await.unwrap();
    assert!(hints.take(5).await.unwrap().is_empty());
    let long_ago = "taken_at = '2024-01-01T00:00:00Z'";
    world.execute(&format!("UPDATE {} SET {long_ago}", world.own("hints"))).await;
    assert_eq!(world.another_store().hints("example", "default").take(5).await.unwrap(), taken);
}

pub(crate) async fn a_hint_that_comes_while_it_is_followed_is_followed_again(world: World) {
    let hints = world.store.hints("example", "default");
    hints.add("companies", "a").await.unwrap();
    hints.add("companies", "b").await.unwrap();
    let ids = |hints: &[connector_store::Hint]| hints.iter().map(|hint| hint.id).collect::<Vec<_>>();
    let first = hints.take(5).await.unwrap();
    assert!(hints.add("companies", "b").await.unwrap());
    assert!(!hints.add("companies", "b").await.unwrap());
    hints.done(&ids(&first)).await.unwrap();
    let second = hints.take(5).await.unwrap();
    assert_eq!(second.iter().map(|hint| hint.record_id.as_str()).collect::<Vec<_>>(), ["b"]);
    hints.done(&ids(&second)).await.unwrap();
    assert_eq!(hints.waiting().await.unwrap(), 0);
    // A number is never given twice: a late end of the first finds nothing.
    hints.add("companies", "b").await.unwrap();
    hints.done(&[ids(&first), ids(&second)].concat()).await.unwrap();
    assert_eq!(hints.waiting().await.unwrap(), 1);
}

pub(crate) async fn a_hundred_thousand_hints_are_enough(world: World) {
    let hints = world.store.hints("example", "default");
    hints.add("companies", "first").await.unwrap();
    let numbers = if world.is_postgres() {
        "generate_series(2, 100000) AS numbers(n)"
    } else {
        "(WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
          SELECT n FROM numbers)"
    };
    world
        .execute(&format!(
            "INSERT INTO {} (app_id, connection, stream, record_id, added_at)
             SELECT 'example', 'default', 'companies', CAST(n AS TEXT), '2024-01-01T00:00:00Z' FROM {numbers}",
            world.own("hints")
        ))
        .await;
    let error = hints.add("companies", "one more").await.unwrap_err();
    assert_eq!((error.code(), error.app_code()), (ErrorCode::ServiceError, Some("store.hints_full")));
    assert!(!hints.add("companies", "77").await.unwrap(), "it waits already");
    assert!(world.store.hints("example", "other").add("companies", "1").await.unwrap());
    let taken = hints.take(1).await.unwrap();
    assert!(hints.add("companies", &taken[0].record_id).await.unwrap(), "it takes no room");
    hints.done(&[taken[0].id]).await.unwrap();
    assert_eq!(hints.waiting().await.unwrap(), 100_000);
    let most = hints.take(2).await.unwrap();
    hints.done(&[most[0].id]).await.unwrap();
    assert!(hints.add("companies", "one more").await.unwrap());
}

pub(crate) async fn names_that_can_be_none_are_refused(world: World) {
    let hints = world.store.hints("example", "default");
    let long = "x".repeat(501);
    for (stream, id) in [("", "a"), ("companies", ""), ("companies", "a\0b"), ("companies", &long)] {
        assert_eq!(hints.add(stream, id).await.unwrap_err().code(), ErrorCode::InvalidValue);
    }
    assert_eq!(hints.waiting().await.unwrap(), 0);
}

pub(crate) async fn two_that_take_get_different_hints(world: World) {
    let world = shared(world);
    let hints = world.store.hints("example", "default");
    for number in 0..40 {
        hints.add("companies", &number.to_string()).await.unwrap();
    }
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(
                async move { world.another_store().hints("example", "default").take(10).await.unwrap() },
            )
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.extend(task.await.unwrap().into_iter().map(|hint| hint.id));
    }
    ids.sort_unstable();
    ids.dedup();
    let rest = hints.take(40).await.unwrap();
    assert_eq!(ids.len() + rest.len(), 40);
    assert!(rest.iter().all(|hint| !ids.contains(&hint.id)));
}

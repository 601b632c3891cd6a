//! Request budgets: what several processes may send together.

use std::sync::Arc;
use std::time::Duration;

use connector_core::http::{Admission, BudgetScope, RequestBudget, Urgency};

use crate::world::{World, shared};

fn scope(account: &str) -> BudgetScope {
    BudgetScope { app_id: "example".to_owned(), client: "client".to_owned(), account: account.to_owned() }
}

async fn ask(budget: &Arc<dyn RequestBudget>, limit: u32, urgency: Urgency) -> Option<Duration> {
    match budget.admit(limit, urgency).await.unwrap() {
        Admission::Granted => None,
        Admission::Wait(wait) => Some(wait),
    }
}

/// As if this many seconds had passed.
async fn pass(world: &World, seconds: i64) {
    let by = seconds * 1_000_000;
    let moved = if world.is_postgres() {
        format!("ARRAY(SELECT at - {by} FROM unnest(sent) AS at)")
    } else {
        format!("(SELECT json_group_array(at.value - {by}) FROM json_each(sent) AS at)")
    };
    let table = world.own("budgets");
    world
        .execute(&format!(
            "UPDATE {table} SET sent = {moved}, closed_until = closed_until - {by}, awaited_until = awaited_until - {by}"
        ))
        .await;
}

pub(crate) async fn four_processes_together_send_no_more_than_the_limit(world: World) {
    let world = shared(world);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let budget = world.another_store().request_budget(scope("a"));
                let mut granted = 0;
                for _ in 0..30 {
                    match ask(&budget, 50, Urgency::Backfill).await {
                        None => granted += 1,
                        Some(wait) => assert!(wait < Duration::from_secs(61), "{wait:?}"),
                    }
                }
                granted
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += task.await.unwrap();
    }
    assert_eq!(granted, 49, "one is left to those who wait");
    let budget = world.store.request_budget(scope("a"));
    assert_eq!(ask(&budget, 50, Urgency::Interactive).await, None);
    assert!(ask(&budget, 50, Urgency::Interactive).await.is_some());
    assert_eq!(world.count(&world.own("budgets")).await, 1);
    // Another account has a limit of its own.
    assert_eq!(ask(&world.store.request_budget(scope("b")), 1, Urgency::Backfill).await, None);
}

pub(crate) async fn a_minute_later_the_slots_are_free_and_the_interactive_go_first(world: World) {
    let (here, there) =
        (world.store.request_budget(scope("a")), world.another_store().request_budget(scope("a")));
    for _ in 0..3 {
        assert_eq!(ask(&here, 3, Urgency::Backfill).await, None);
    }
    assert!(ask(&there, 3, Urgency::Backfill).await.is_some());
    assert!(ask(&there, 3, Urgency::Interactive).await.is_some());
    pass(&world, 61).await;
    assert!(ask(&here, 3, Urgency::Backfill).await.is_some(), "somebody waits in another process");
    assert_eq!(ask(&there, 3, Urgency::Interactive).await, None);
    assert_eq!(ask(&here, 3, Urgency::Backfill).await, None);
    // What does not count any more is not kept.
    let length = if world.is_postgres() { "cardinality(sent)" } else { "json_array_length(sent)" };
    let kept = world.value(&format!("{length} FROM {}", world.own("budgets"))).await;
    assert_eq!(kept.as_deref(), Some("2"));
}

pub(crate) async fn a_refusal_closes_the_budget_for_everybody(world: World) {
    let (here, there) =
        (world.store.request_budget(scope("a")), world.another_store().request_budget(scope("a")));
    here.close(Duration::from_mins(10)).await.unwrap();
    here.close(Duration::from_secs(1)).await.unwrap();
    for urgency in [Urgency::Backfill, Urgency::Interactive] {
        let wait = ask(&there, 100, urgency).await.unwrap();
        assert!(wait > Duration::from_mins(9), "{wait:?}");
    }
    pass(&world, 603).await;
    assert_eq!(ask(&there, 100, Urgency::Backfill).await, None);
}

pub(crate) async fn a_caller_that_gives_up_leaves_the_budget_to_others(world: World) {
    let budget = world.store.request_budget(scope("a"));
    assert_eq!(ask(&budget, 1_000, Urgency::Backfill).await, None);
    // Wherever it is when it is dropped.
    for step in 0..12 {
        let asking = budget.admit(1_000, Urgency::Backfill);
        let _ = tokio::time::timeout(Duration::from_micros(150 * step), asking).await;
        let other = world.another_store().request_budget(scope("a"));
        assert_eq!(ask(&other, 1_000, Urgency::Backfill).await, None);
    }
    assert_eq!(ask(&budget, 1_000, Urgency::Backfill).await, None);
}

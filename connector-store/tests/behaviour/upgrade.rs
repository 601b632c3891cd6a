//! A store that an earlier version made: brought up to date, with everything that was in it.

use connector_core::http::{Admission, BudgetScope, Urgency};
use connector_core::sync::Status;

use crate::world::{World, company, shared, state};

/// Makes the store what version 1 made of it.
async fn take_back(world: &World) {
    let added = [
        "budgets",
        "hints",
        "refresh_attempts",
        "authorizations",
        "secrets",
        "access_keys",
        "audit",
        "audit_head",
        "schedules",
        "removed",
    ];
    let mut statements: Vec<String> =
        added.iter().map(|table| format!("DROP TABLE {}", world.own(table))).collect();
    let columns = [
        ("connections", "reason"),
        ("connections", "failures"),
        ("connections", "failing_since"),
        ("connections", "failing_days"),
        ("connections", "retry_after"),
        ("connections", "refreshed_at"),
        ("connections", "failed_at"),
        ("connections", "rejected_client"),
        ("cursors", "account"),
        ("runs", "cancel_asked_at"),
    ];
    for (table, column) in columns {
        statements.push(format!("ALTER TABLE {} DROP COLUMN {column}", world.own(table)));
    }
    statements.push(format!("DROP INDEX {}", world.own("runs_of_connection")));
    if world.is_postgres() {
        statements.push("DROP FUNCTION connector.as_timestamp, connector.as_date".to_owned());
    }
    let migrations = world.own("_migrations").replace("__", "_");
    statements.push(format!("DELETE FROM {migrations} WHERE version > 1"));
    for statement in statements {
        world.execute(&statement).await;
    }
}

pub(crate) async fn a_store_of_the_version_before_is_brought_up_to_date(world: World) {
    world.load(&[company(1, 1), company(2, 1)]).await;
    take_back(&world).await;
    // By whoever comes first, reading or writing.
    assert_eq!(world.another_store().streams("example").await.unwrap()[0].rows, Some(2));
    let scope = || BudgetScope { app_id: "example".into(), client: "c".into(), account: "a".into() };
    let budget = world.another_store().request_budget(scope());
    assert_eq!(budget.admit(5, Urgency::Backfill).await.unwrap(), Admission::Granted);

    take_back(&world).await;
    let world = shared(world);
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move {
                let store = world.another_store();
                let run = crate::world::begin(&store, &format!("connection {number}"), false).await.unwrap();
                run.finish(Status::Succeeded).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let run = world.begin().await;
    assert_eq!(run.open(&crate::world::companies()).await.opened.state, state(1));
}

//! Measures what it costs to ask the request budget: `cargo run --release --example admission [URL]`.
//!
//! Without a URL it measures a private PostgreSQL server and an SQLite file, one after the other. The window is as full
//! as that of a real backfill: 200 requests a minute.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_core::http::{BudgetScope, RequestBudget, Urgency};
use connector_store::{Store, StoreOptions};

const LIMIT: u32 = 200;

/// Minutes that are filled, each of another account.
const ROUNDS: u32 = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Some(url) = std::env::args().nth(1) {
        measure(&url).await;
        return;
    }
    let database = test_postgres::create_database();
    measure(database.url()).await;
    let folder = tempfile::tempdir().unwrap();
    measure(&format!("sqlite://{}", folder.path().join("store.db").display())).await;
}

async fn measure(url: &str) {
    let store = Store::open(url, StoreOptions::default()).unwrap();
    println!("{}", store.shown());
    // The first one ever makes the tables.
    let _ = ask(&budget(&store, "nobody"), 1).await;
    let (mut first, mut granted, mut refused) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for round in 0..ROUNDS {
        let budget = budget(&store, &round.to_string());
        first += ask(&budget, 1).await;
        granted += ask(&budget, LIMIT - 1).await;
        refused += ask(&budget, LIMIT).await;
    }
    println!("  first of a process, connecting: {:?}", first / ROUNDS);
    println!("  granted: {:?}", granted / (ROUNDS * (LIMIT - 1)));
    println!("  told to wait: {:?}", refused / (ROUNDS * LIMIT));
    let started = Instant::now();
    let askers = (0..4).map(|_| {
        let budget = budget(&store, "together");
        tokio::spawn(async move { ask(&budget, LIMIT / 4).await })
    });
    for asker in askers.collect::<Vec<_>>() {
        asker.await.unwrap();
    }
    println!("  granted to four at a time: {:?}", started.elapsed() / LIMIT);
}

fn budget(store: &Store, account: &str) -> Arc<dyn RequestBudget> {
    let (app_id, client) = ("example".to_owned(), "client".to_owned());
    store.request_budget(BudgetScope { app_id, client, account: account.to_owned() })
}

async fn ask(budget: &Arc<dyn RequestBudget>, times: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        budget.admit(LIMIT, Urgency::Interactive).await.unwrap();
    }
    started.elapsed()
}

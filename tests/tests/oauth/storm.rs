//! Everybody wants a token at the instant at which it ends, and the app takes its time.

use std::{collections::HashSet, sync::Barrier, thread, time::Instant};

use serde_json::json;
use system_tests::{
    account::text,
    served::{Reply, Served, create_key_of},
    store::Kind,
};

use super::{TOKEN, World, print_figure};

on_both_stores! {
    eight_processes_asked_by_sixteen_each_at_the_end_of_a_token_refresh_it_once,
}

const PROCESSES: usize = 8;
const CALLERS: usize = 16;

fn eight_processes_asked_by_sixteen_each_at_the_end_of_a_token_refresh_it_once(kind: Kind) {
    let world = World::new(kind);
    let key = create_key_of(&world.connector, &["token:read"]);
    let servers: Vec<Served> = (0..PROCESSES).map(|_| Served::of(&world.connector)).collect();
    world.log_in(3);
    world.server.control(&json!({"access_token_seconds": 3600, "delay": 5000}));
    world.wait_for_the_end();

    let begun = Instant::now();
    let together = Barrier::new(PROCESSES * CALLERS);
    let ask = |server: &Served| {
        together.wait();
        server.get(TOKEN, &key)
    };
    let answers: Vec<Reply> = thread::scope(|scope| {
        let callers: Vec<_> = servers
            .iter()
            .flat_map(|server| (0..CALLERS).map(move |_| server))
            .map(|server| scope.spawn(|| ask(server)))
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("an answer")).collect()
    });
    let took = begun.elapsed();

    let bad: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    let tokens: HashSet<&str> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| text(&answer.body["access_token"]))
        .collect();
    let (refreshed, refused) = (world.server.count("refreshed"), world.server.count("refused"));
    print_figure(&format!(
        "storm, {kind:?}: {refreshed} refresh, {refused} refused, {} of {} answers good, {} token, all within {took:.1?}",
        answers.len() - bad.len(),
        answers.len(),
        tokens.len(),
    ));
    assert!(bad.is_empty(), "{bad:?}");
    assert_eq!((answers.len(), tokens.len()), (PROCESSES * CALLERS, 1));
    assert_eq!((refreshed, refused), (1, 0));
    let works = world.connector.run(["validate_credentials"]);
    assert_eq!(works.exit_code(), 0, "the one token is one that works: {works:?}");
}

//! Processes that are killed while they refresh: what can be saved is saved, and what is told of the rest is true.
//!
//! `KILLS=50 cargo test -p system-tests --test system -- oauth::kills --nocapture` kills as often at each moment, half
//! of the times with an access token that has ended and half with one that has not, and prints what came of it.

use std::{
    env,
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use system_tests::{
    account::text,
    binary::{RunningConnector, Signal},
    oauth_server::OAuthServer,
    served::{Reply, Served, create_key_of},
    store::Kind,
    waiting::wait_until,
};

use super::{TOKEN, World, print_figure};

on_both_stores! {
    killed_before_its_request_arrived,
    killed_while_the_answer_is_held_back,
    killed_after_the_answer_was_sent,
    a_grant_whose_answer_was_lost_is_used_to_its_end_and_tried_once_more,
}

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    BeforeTheRequestArrived,
    WhileTheAnswerIsHeld,
    AfterTheAnswerWasSent,
}

fn killed_before_its_request_arrived(kind: Kind) {
    kill_often(kind, Moment::BeforeTheRequestArrived);
}

fn killed_while_the_answer_is_held_back(kind: Kind) {
    kill_often(kind, Moment::WhileTheAnswerIsHeld);
}

fn killed_after_the_answer_was_sent(kind: Kind) {
    kill_often(kind, Moment::AfterTheAnswerWasSent);
}

/// What came of the kills.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// The next caller got new tokens, or had them already.
    saved: usize,
    /// The next caller got the token that was still valid, with a warning.
    bridged: usize,
    /// The app had taken the refresh token, nobody has its successor, and that was told.
    lost_and_told: usize,
    slowest_next_caller: Duration,
}

fn kill_often(kind: Kind, moment: Moment) {
    let kills = env::var("KILLS").ok().map_or(2, |count| count.parse().expect("a number"));
    let world = World::new(kind);
    let key = create_key_of(&world.connector, &["token:read"]);
    let mut tally = Tally::default();
    for round in 0..kills {
        if round % 2 == 0 {
            kill_with_an_ended_token(&world, moment, &mut tally);
        } else {
            kill_with_a_valid_token(&world, moment, &key, &mut tally);
        }
        tally.kills += 1;
    }
    print_figure(&format!("{moment:?}, {kind:?}: {tally:?}"));
    assert_eq!(tally.kills, tally.saved + tally.bridged + tally.lost_and_told);
}

/// How often the app gave new tokens, and how often it refused.
fn counts(world: &World) -> (u64, u64) {
    (world.server.count("refreshed"), world.server.count("refused"))
}

/// Version of the connection in the store.
fn generation(world: &World) -> i64 {
    let table = world.store.own_table("connections");
    let generation = world.store.value(&format!("max(generation) FROM {table}"));
    generation.and_then(|generation| generation.parse().ok()).expect("a connection")
}

/// Lets what refreshes come to the moment, and kills it then.
fn kill_at(world: &World, moment: Moment, kill: impl FnOnce()) {
    match moment {
        Moment::BeforeTheRequestArrived => {
            wait_until("the request is at the gate", || world.server.count("waiting") == 1);
            kill();
            world.server.control(&json!({"gate": false}));
        }
        Moment::WhileTheAnswerIsHeld => {
            wait_until("the answer is held", || world.server.count("held") == 1);
            kill();
            world.server.control(&json!({"hold": false}));
        }
        Moment::AfterTheAnswerWasSent => {
            wait_until("the answer is held", || world.server.count("held") == 1);
            world.server.control(&json!({"hold": false}));
            kill();
        }
    }
}

fn bar_the_way(world: &World, moment: Moment) {
    let before = moment == Moment::BeforeTheRequestArrived;
    world.server.control(&json!({"access_token_seconds": 3600, "gate": before, "hold": !before}));
}

fn kill_process(process: RunningConnector) {
    process.signal(Signal::Kill);
    process.wait();
}

fn kill_with_an_ended_token(world: &World, moment: Moment, tally: &mut Tally) {
    world.log_in(2);
    world.wait_for_the_end();
    let (refreshed, refused) = counts(world);
    let before = generation(world);
    bar_the_way(world, moment);
    let process = world.connector.start(["validate_credentials"]);
    kill_at(world, moment, || kill_process(process));

    let was_kept = generation(world) > before;
    let killed = Instant::now();
    let next = world.connector.run(["validate_credentials"]);
    tally.slowest_next_caller = tally.slowest_next_caller.max(killed.elapsed());
    let told = world.status();
    let after = counts(world);
    let after = (after.0 - refreshed, after.1 - refused);
    if moment == Moment::BeforeTheRequestArrived || was_kept {
        assert_eq!(next.exit_code(), 0, "{next:?}");
        assert_eq!(after, (1, 0), "one refresh, of whichever process");
        assert_eq!(told["state"], "active", "{told}");
        tally.saved += 1;
        return;
    }
    assert_eq!((next.exit_code(), &next.error()["error_code"]), (78, &json!("creds_revoked")), "{next:?}");
    assert_eq!(after, (1, 1), "the one retry");
    is_lost_and_told(&told);
    assert_eq!(world.connector.run(["validate_credentials"]).exit_code(), 78);
    assert_eq!(world.server.count("refused") - refused, 1, "what is dead is not tried again");
    tally.lost_and_told += 1;
}

fn is_lost_and_told(told: &Value) {
    assert_eq!(
        (&told["state"], &told["reason"]),
        (&json!("reauthorization_required"), &json!("rotation_outcome_unknown")),
        "{told}"
    );
}

/// Kills a server that somebody asked for a new token. The connection to it is returned open.
fn kill_server(world: &World, moment: Moment, key: &str) -> TcpStream {
    bar_the_way(world, moment);
    let server = Served::of(&world.connector);
    let asked = server.send("GET", &format!("{TOKEN}?force_refresh=true"), key, &Value::Null);
    kill_at(world, moment, || server.kill());
    asked
}

fn kill_with_a_valid_token(world: &World, moment: Moment, key: &str, tally: &mut Tally) {
    world.log_in(3600);
    let before = generation(world);
    let (refreshed, refused) = counts(world);
    drop(kill_server(world, moment, key));

    let was_kept = generation(world) > before;
    let next = Served::of(&world.connector);
    let asked_at = Instant::now();
    let answer = next.get(&format!("{TOKEN}?force_refresh=true"), key);
    tally.slowest_next_caller = tally.slowest_next_caller.max(asked_at.elapsed());
    assert_eq!(answer.status, 200, "{answer:?}");
    let after = counts(world);
    let after = (after.0 - refreshed, after.1 - refused);
    if was_kept {
        // It was renewed a moment ago, and is not renewed again.
        assert_eq!((&answer.body["refreshed"], after), (&json!(false), (1, 0)), "{answer:?}");
        assert_eq!(world.status()["state"], "active");
        tally.saved += 1;
    } else {
        let taken = u64::from(moment != Moment::BeforeTheRequestArrived);
        assert_eq!(after, (taken, 0), "nothing is asked for as long as the token is valid");
        is_bridged(&answer);
        is_bridged(&next.get(TOKEN, key));
        assert_eq!(world.status()["state"], "refresh_indeterminate");
        tally.bridged += 1;
    }
    let works = world.connector.run(["validate_credentials"]);
    assert_eq!(works.exit_code(), 0, "what was handed out works: {works:?}");
}

fn is_bridged(answer: &Reply) {
    let body = &answer.body;
    assert_eq!(
        (answer.status, &body["refreshed"], &body["warning"]["error_code"]),
        (200, &json!(false), &json!("refresh_indeterminate")),
        "{answer:?}"
    );
}

fn a_grant_whose_answer_was_lost_is_used_to_its_end_and_tried_once_more(kind: Kind) {
    let world = World::new(kind);
    let key = create_key_of(&world.connector, &["token:read"]);
    for moment in [Moment::BeforeTheRequestArrived, Moment::WhileTheAnswerIsHeld] {
        // Time enough for two servers to start on a busy machine.
        world.log_in(20);
        let (refreshed, refused) = counts(&world);
        drop(kill_server(&world, moment, &key));
        let next = Served::of(&world.connector);
        let handed = next.get(&format!("{TOKEN}?force_refresh=true"), &key);
        is_bridged(&handed);
        world.wait_for_the_end();
        let answer = next.get(TOKEN, &key);
        if moment == Moment::BeforeTheRequestArrived {
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_ne!(text(&answer.body["access_token"]), text(&handed.body["access_token"]));
            assert_eq!(counts(&world), (refreshed + 1, refused));
            assert_eq!(world.status()["state"], "active");
        } else {
            assert_eq!(answer.code(), (424, "teamleader.reauthorization_required"), "{answer:?}");
            assert_eq!(counts(&world), (refreshed + 1, refused + 1), "one retry");
            is_lost_and_told(&world.status());
            assert_eq!(next.get(TOKEN, &key).status, 424);
            assert_eq!(counts(&world), (refreshed + 1, refused + 1), "and no other");
        }
    }
    let login = OAuthServer::login(&world.connector, []);
    assert_eq!(login.exit_code(), 0, "{login:?}");
    assert_eq!(world.status()["state"], "active");
    assert_eq!(world.connector.run(["validate_credentials"]).exit_code(), 0);
}

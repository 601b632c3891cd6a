//! The request budget: how much of it a long backfill uses, alone and beside others, and what the app refuses.

use std::path::Path;
use std::time::{Duration, Instant};

use system_tests::postgres::Server;

use crate::callers::{self, Callers};
use crate::connected::Connected;
use crate::figures::{figure, milliseconds, note, section};
use crate::measured::best_and_median;
use crate::program::Program;
use crate::request_log::RequestLog;
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, load};

/// Requests that the app allows in any minute.
const LIMIT: u32 = 200;

/// Each invoice takes a request: more than any of these backfills gets to.
const RECORDS: u64 = 3000;

/// Who sends, and what counts for them.
#[derive(Clone, Copy)]
struct Scene {
    callers: Callers,
    store: &'static str,
}

/// What came of it.
struct Played {
    log: RequestLog,
    /// How long those who asked for something waited.
    waits: Vec<Duration>,
}

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    let seconds = scale.backfill.as_secs();
    section(&format!("A backfill of {seconds} s where the app allows {LIMIT} requests in any minute"));
    note("all at the same time, each with an app and a store of its own");
    let server = load::start_server()?;
    let folder = tempfile::tempdir()?;
    let scenes = [Callers::One, Callers::Four, Callers::OneAndSomebody]
        .into_iter()
        .flat_map(|callers| ["PostgreSQL", "SQLite"].map(|store| Scene { callers, store }));
    let played: Vec<(Scene, Outcome<Played>)> = std::thread::scope(|scope| {
        let (server, folder) = (&server, folder.path());
        let threads: Vec<_> = scenes
            .map(|scene| (scene, scope.spawn(move || in_own_store(program, scene, server, folder, scale))))
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("a thread of the bench panicked".into()))
        };
        threads.into_iter().map(|(scene, thread)| (scene, join(thread))).collect()
    });
    played.into_iter().try_for_each(|(scene, played)| show(scene, played?))
}

fn show(scene: Scene, Played { log, waits }: Played) -> Outcome {
    let who = match scene.callers {
        Callers::One => "one process",
        Callers::Four => "four processes",
        Callers::OneAndSomebody => "one and somebody who asks",
    };
    let who = format!("{who}, {}", scene.store);
    let (average, least, most) = log.minutes()?;
    let used = format!("{:.1} %", average / f64::from(LIMIT) * 100.0);
    figure(&format!("{who}: of the limit, all minutes"), used, "≥ 97 %");
    figure(&format!("{who}: requests in a minute"), format!("{least} to {most}"), &format!("≤ {LIMIT}"));
    let refusals = log.refusals();
    let refused = format!("{} of {}", refusals.len(), log.accepted() + refusals.len());
    figure(&format!("{who}: refused"), refused, "0");
    if !refusals.is_empty() {
        note(&format!("refused in these seconds: {refusals:?}"));
    }
    if let Some(slowest) = waits.iter().max().copied() {
        let times = format!("{} ({})", milliseconds(best_and_median(waits).1), milliseconds(slowest));
        figure(&format!("{who}: a call, median (slowest)"), times, "at once");
    }
    Ok(())
}

fn in_own_store(
    program: &Program,
    scene: Scene,
    server: &Server,
    folder: &Path,
    scale: Scale,
) -> Outcome<Played> {
    if scene.store == "PostgreSQL" {
        let database = server.create_database();
        return play(program, scene.callers, database.url(), scale.backfill);
    }
    let file = folder.join(format!("{:?}.db", scene.callers));
    play(program, scene.callers, &format!("sqlite://{}", file.display()), scale.backfill)
}

fn play(program: &Program, callers: Callers, store: &str, length: Duration) -> Outcome<Played> {
    let sandbox = Sandbox::limited(program, RECORDS, None, LIMIT)?;
    let connected = Connected::new(program, sandbox, store)?;
    let until = Instant::now() + length;
    let mut backfill = callers::backfill(&connected)?;
    let waits = callers::beside(&connected, callers, until)?;
    let log = RequestLog::of(&connected.sandbox)?;
    match backfill.0.try_wait()? {
        Some(status) => Err(format!("the backfill ended before its time with {status}").into()),
        None => Ok(Played { log, waits }),
    }
}

//! Tokens over HTTP: how many a server hands out in a second, each of them recorded before it leaves.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::connected::Connected;
use crate::figures::{figure, milliseconds, note, rate, section};
use crate::keep_alive::ask;
use crate::program::{Program, Running};
use crate::sandbox::Sandbox;
use crate::{Outcome, Scale, load};

/// Callers at the same time, each with a connection that it keeps.
const CALLERS: [usize; 2] = [16, 32];

/// Requests before it counts.
const WARM_UP: u64 = 2_000;

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    section(&format!("{} tokens over HTTP, in the audit log each before it leaves", scale.tokens));
    let server = load::start_server()?;
    let database = server.create_database();
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite://{}", folder.path().join("store.db").display());
    for (name, store) in [("PostgreSQL", database.url()), ("SQLite", file.as_str())] {
        let connected = Connected::new(program, Sandbox::start(program, 1, Some("companies"))?, store)?;
        let key = key(&connected)?;
        let (_serving, address) = serve(&connected)?;
        let request = format!(
            "GET /default/teamleader/binb-token HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n"
        );
        ask(&address, &request, CALLERS[0], WARM_UP)?;
        let mut asked = WARM_UP;
        for callers in CALLERS {
            let answers = ask(&address, &request, callers, scale.tokens)?;
            asked += scale.tokens;
            let what = format!("{name}, {callers} callers");
            let good = scale.tokens - answers.errors;
            figure(&format!("{what}: answers"), rate(good, answers.wall), "≥ 10000/s");
            figure(&format!("{what}: median"), milliseconds(answers.within(500)), "");
            figure(&format!("{what}: 99 of 100 within"), milliseconds(answers.within(990)), "≤ 5 ms");
            figure(&format!("{what}: errors"), answers.errors, "0");
        }
        let recorded = recorded(&connected)?;
        if recorded < asked {
            return Err(format!("{asked} tokens were asked for, and {recorded} are in the audit log").into());
        }
        note(&format!("the audit log has {recorded} entries and is whole"));
    }
    Ok(())
}

fn key(connected: &Connected) -> Outcome<String> {
    let mut create = connected.command()?;
    create.args(["keys", "create", "--label", "bench", "--scope", "token:read"]);
    let answer: Value = serde_json::from_slice(&create.output()?.stdout)?;
    Ok(answer["response"]["key"].as_str().ok_or_else(|| format!("no key was made: {answer}"))?.to_owned())
}

/// A server that limits nobody, and its address.
fn serve(connected: &Connected) -> Outcome<(Running, String)> {
    let mut command = connected.command()?;
    command.args(["serve", "--listen", "127.0.0.1:0", "--requests-per-second", "0"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut serving = Running(child);
    let mut line = String::new();
    let said = serving.0.stdout.as_mut().ok_or("the server has no standard output")?;
    BufReader::new(said).read_line(&mut line)?;
    let ready: Value = serde_json::from_str(&line)?;
    let address = ready["listening"].as_str().ok_or("the server tells no address")?.to_owned();
    Ok((serving, address))
}

/// Entries of the audit log, if it is whole.
fn recorded(connected: &Connected) -> Outcome<u64> {
    let mut verify = connected.command()?;
    verify.args(["audit", "verify"]);
    let answer: Value = serde_json::from_slice(&verify.output()?.stdout)?;
    let entries = answer["response"]["entries"].as_u64();
    Ok(entries.ok_or_else(|| format!("the audit log is not whole: {answer}"))?)
}

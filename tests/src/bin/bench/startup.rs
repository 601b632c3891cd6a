//! How long a process takes to start, and to reach the network.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::figures::{figure, megabytes, milliseconds, note, section};
use crate::measured::{self, best_and_median};
use crate::program::{Folder, Program};
use crate::{Outcome, Scale};

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    let folder = program.folder()?;
    section(&format!("Start-up: best of {} runs (median)", scale.starts));

    let mut nothing = Command::new("true");
    nothing.stdin(Stdio::null());
    figure("`true`, for comparison", times(scale, || whole(&mut nothing, 0))?, "");

    let mut info = folder.command();
    info.arg("info");
    let output = info.output()?;
    let envelope: Value = serde_json::from_slice(&output.stdout)?;
    if envelope["response"]["app_id"] != "teamleader" {
        return Err(format!("`info` answers {envelope}").into());
    }
    figure("`info`, whole process", times(scale, || whole(&mut info, 0))?, "≤ 10 ms");
    let memory = measured::run(&info)?.peak_memory;
    figure("`info`, peak memory", megabytes(memory), "≤ 20 MB");

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut call = list_companies(&folder, &listener)?;
    let first_byte = times(scale, || until_first_byte(&mut call, &listener))?;
    figure("`list_companies` up to its first byte on the wire", first_byte, "≤ 5 ms");
    drop(listener);
    let refused = times(scale, || whole(&mut call, 75))?;
    figure("`list_companies`, port refuses, whole process", refused, "≤ 5 ms");
    let memory = memory_of_refused(&call)?;
    figure("`list_companies`, port refuses, peak memory", megabytes(memory), "");
    note("a process that another build keeps waiting for a core looks slow here: the best run counts");
    Ok(())
}

fn list_companies(folder: &Folder, listener: &TcpListener) -> Outcome<Command> {
    let url = format!("http://{}", listener.local_addr()?);
    let envelope = json!({
        "auth": {"oauth": {"access_token": "token"}},
        "settings": {"api_url": url, "auth_url": url},
    });
    let mut call = folder.command();
    call.args(["list_companies", "--json", &envelope.to_string()]);
    Ok(call)
}

fn times(scale: Scale, mut run: impl FnMut() -> Outcome<Duration>) -> Outcome<String> {
    let times = (0..scale.starts).map(|_| run()).collect::<Outcome<Vec<_>>>()?;
    let (best, median) = best_and_median(times);
    Ok(format!("{} ({})", milliseconds(best), milliseconds(median)))
}

/// From the start of a process to its end.
fn whole(command: &mut Command, expected: i32) -> Outcome<Duration> {
    let start = Instant::now();
    let output = command.output()?;
    let time = start.elapsed();
    if output.status.code() == Some(expected) {
        Ok(time)
    } else {
        let program = command.get_program().display();
        let said = String::from_utf8_lossy(&output.stdout);
        Err(format!("{program} ended with {}: {said}", output.status).into())
    }
}

/// From the start of a process to the first byte that it sends.
fn until_first_byte(command: &mut Command, listener: &TcpListener) -> Outcome<Duration> {
    let start = Instant::now();
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (mut connection, _) = listener.accept()?;
    connection.read_exact(&mut [0])?;
    let time = start.elapsed();
    process.kill()?;
    process.wait()?;
    Ok(time)
}

/// The measuring parent takes exit codes other than 0 for mistakes, and this one is meant.
fn memory_of_refused(call: &Command) -> Outcome<u64> {
    let mut call_for_agents = Command::new(call.get_program());
    call_for_agents.args(call.get_args());
    for (name, value) in call.get_envs() {
        if let Some(value) = value {
            call_for_agents.env(name, value);
        }
    }
    call_for_agents.env("CONNECTOR_EXIT_ZERO", "1");
    Ok(measured::run(&call_for_agents)?.peak_memory)
}

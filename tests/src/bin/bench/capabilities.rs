//! Whether a connector with many capabilities starts as fast as one with few.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::figures::{figure, milliseconds, note, section};
use crate::measured::best_and_median;
use crate::program::{Folder, Program};
use crate::{Outcome, Scale};

const FEW: usize = 5;
const MANY: usize = 50;

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    let folder = program.beside("many-capabilities")?.folder()?;
    section(&format!("{MANY} capabilities beside {FEW}: best of {} runs (median)", scale.starts));
    let added = capabilities(&folder, MANY)? - capabilities(&folder, FEW)?;
    if added != MANY - FEW {
        return Err(format!("`info` lists {added} more capabilities, not {}", MANY - FEW).into());
    }
    compare("`info`", &folder, scale, &["info"])?;
    let call = ["make_thing_4", "--json", r#"{"request":{"name":"a"}}"#];
    compare("a call of one capability", &folder, scale, &call)?;
    if folder.command().get_program().to_string_lossy().contains("/debug/") {
        note("a build without optimization: the released one is faster");
    }
    Ok(())
}

/// How many capabilities `info` lists, the framework's own included.
fn capabilities(folder: &Folder, count: usize) -> Outcome<usize> {
    let output = with_capabilities(folder, count).arg("info").output()?;
    let envelope: Value = serde_json::from_slice(&output.stdout)?;
    let listed = envelope["response"]["capabilities"].as_array();
    Ok(listed.ok_or_else(|| format!("`info` answers {envelope}"))?.len())
}

/// Runs both by turns, so that whatever else the machine does slows both.
fn compare(what: &str, folder: &Folder, scale: Scale, arguments: &[&str]) -> Outcome {
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..scale.starts {
        few.push(time(with_capabilities(folder, FEW).args(arguments))?);
        many.push(time(with_capabilities(folder, MANY).args(arguments))?);
    }
    let (few, many) = (best_and_median(few), best_and_median(many));
    let shown = |(best, median)| format!("{} ({})", milliseconds(best), milliseconds(median));
    figure(&format!("{what}, {FEW} capabilities"), shown(few), "");
    figure(&format!("{what}, {MANY} capabilities"), shown(many), "");
    let difference = format!("{} ({})", signed(few.0, many.0), signed(few.1, many.1));
    figure(&format!("{what}, difference"), difference, "± 2 ms");
    Ok(())
}

fn with_capabilities(folder: &Folder, count: usize) -> Command {
    let mut command = folder.command();
    command.env("CAPABILITIES", count.to_string());
    command
}

/// From the start of a process to its end.
fn time(command: &mut Command) -> Outcome<Duration> {
    let start = Instant::now();
    let output = command.output()?;
    let time = start.elapsed();
    if output.status.success() {
        Ok(time)
    } else {
        Err(format!("the example ended with {}: {}", output.status, String::from_utf8_lossy(&output.stdout))
            .into())
    }
}

/// How much longer the second took.
fn signed(first: Duration, second: Duration) -> String {
    format!("{:+.1} ms", (second.as_secs_f64() - first.as_secs_f64()) * 1000.0)
}

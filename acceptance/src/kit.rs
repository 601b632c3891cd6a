//! The whole of it: prepare, run every check, tell what was found.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::checks::{self, Check, Problem, Stage, Verdict, Work};
use crate::config::Config;
use crate::context::Context;
use crate::contract;
use crate::declared::Declared;
use crate::groups::Groups;
use crate::report::{Finding, Report, Status};
use crate::run::{End, Invocation, Run};
use crate::stand_in::StandIn;
use crate::subject::{Subject, TIME_LIMIT, noting_runs};
use crate::wanted;
use crate::{CheckError, checks::authorized};

/// Holds an executable against the contract. Everything that is started ends with the future, also when that is dropped.
///
/// # Errors
/// When the connector could not be checked at all; what is wrong with it stands in the report.
pub async fn check(executable: &Path, config: &Config) -> Result<Report, CheckError> {
    if let Some(name) =
        config.only.iter().find(|name| !checks::ALL.iter().any(|check| checks::names(name, check)))
    {
        return Err(CheckError::Unknown { name: name.clone(), groups: checks::groups().join(", ") });
    }
    let started = Instant::now();
    let groups = Arc::<Groups>::default();
    let _end = groups.until_dropped();
    let subject = Subject::new(executable, groups)?;
    subject.can_start().map_err(|error| not_started(executable, &error))?;
    let info = subject.run(Invocation::of("info")).await;
    if let Err(reason) = is_connectors(&info) {
        let name = executable.display().to_string();
        let finding = Finding::new("info.shape", None, Status::Failed, reason);
        return Ok(Report::new(name, 1, started.elapsed().as_secs_f64(), vec![finding]));
    }
    let context = Arc::new(prepare(subject, &info, config).await);
    let mut findings = Vec::new();
    for stage in Stage::ALL {
        findings.extend(run_stage(&context, stage).await);
    }
    let connector = context.declared.app_id.clone();
    let mut report =
        Report::new(connector, context.subject.watch.runs(), started.elapsed().as_secs_f64(), findings);
    report.wanted = wanted::configuration(&context, &report.checks);
    Ok(report)
}

/// Why the system does not run it, with what to do about it.
fn not_started(executable: &Path, error: &io::Error) -> CheckError {
    let reason = match error.kind() {
        _ if executable.is_dir() => "it is a folder".to_owned(),
        io::ErrorKind::NotFound if executable.exists() => {
            "the interpreter that its first line names does not exist".to_owned()
        }
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it is not executable: chmod +x makes it so".to_owned(),
        _ => format!("{error}; a script needs a first line such as #!/usr/bin/env python3"),
    };
    CheckError::Executable { path: executable.to_owned(), reason }
}

/// Whether this is what connectors answer to `info`. All other checks would fail for this one reason.
fn is_connectors(info: &Run) -> Result<(), String> {
    let response = info.response();
    if response.is_some_and(|response| response["capabilities"].is_array()) {
        return Ok(());
    }
    let came = match info.end {
        End::TimeLimit => format!("nothing within {} s, so that it was stopped", TIME_LIMIT.as_secs()),
        End::TooMuch => "more than 64 MiB".to_owned(),
        _ if info.stdout.is_empty() => {
            let said = String::from_utf8_lossy(&info.stderr);
            let said = said.lines().next().map_or_else(String::new, |line| {
                format!(", and on standard error: {}", contract::shortened(line))
            });
            format!("nothing ({}){said}", info.outcome())
        }
        End::Exit(_) if info.envelope().is_none() => {
            let text = String::from_utf8_lossy(&info.stdout);
            format!("no envelope, but: {}", contract::shortened(text.lines().next().unwrap_or_default()))
        }
        _ if info.error().is_some() => info.outcome(),
        _ => "an envelope whose response has no list `capabilities`".to_owned(),
    };
    Err(format!(
        "this is no connector: `info` has to print one line \
         {{\"response\":{{\"app_id\":\"…\",\"capabilities\":[…],…}},\"raw_data\":null,\"page\":null}}, and what came is {came}"
    ))
}

async fn prepare(subject: Subject, info: &Run, config: &Config) -> Context {
    let declared = Declared::of(info.response().unwrap_or_default());
    subject.watch.app_is(&declared.app_id);
    let stand_in = StandIn::start(&subject, config).await;
    let ready = stand_in.as_ref().map(|stand_in| stand_in.ready.clone()).unwrap_or_default();
    let mut settings: Map<String, Value> = ready.settings;
    settings.extend(config.settings.clone());
    let auth = config.auth.clone().or(ready.auth).map(Value::Object);
    let mut context = Context {
        subject,
        config: config.clone(),
        declared,
        stand_in,
        settings,
        auth,
        records: Mutex::new(BTreeMap::new()),
        synced: OnceCell::new(),
    };
    context.watch_secrets();
    if context.auth.is_none() && context.stand_in.is_ok() {
        context.auth = authorized(&context).await;
        context.watch_secrets();
    }
    context
}

/// Runs the checks of a stage, at the same time where they do not get in each other's way.
async fn run_stage(context: &Arc<Context>, stage: Stage) -> Vec<Finding> {
    let mut running = JoinSet::new();
    let mut findings = Vec::new();
    for check in checks::ALL.iter().filter(|check| check.stage == stage) {
        if !is_chosen(check, &context.config.only) {
            continue;
        }
        if let Some(reason) = context.config.skip.get(check.name) {
            findings.push(left_out(check, None, reason));
            continue;
        }
        match check.work {
            Work::Look(work) => {
                let context = Arc::clone(context);
                running.spawn(timed(check, None, async move { work(&context) }));
            }
            Work::Once(work) => {
                running.spawn(timed(check, None, work(Arc::clone(context))));
            }
            Work::Each(of, work) => {
                let capabilities = of(context);
                if capabilities.is_empty() && stage != Stage::ListsBelow {
                    findings.push(left_out(check, None, "no capability that it is about"));
                }
                for capability in capabilities {
                    if let Some(reason) = context.config.skip.get(&capability) {
                        findings.push(left_out(check, Some(capability), reason));
                        continue;
                    }
                    let work = work(Arc::clone(context), capability.clone());
                    running.spawn(timed(check, Some(capability), work));
                }
            }
        }
        if stage.is_one_by_one() {
            findings.extend(finished(&mut running).await);
        }
    }
    findings.extend(finished(&mut running).await);
    findings
}

/// Lists are read in any case: other checks ask for their records.
fn is_chosen(check: &Check, only: &[String]) -> bool {
    let reads_lists = matches!(check.stage, Stage::Lists | Stage::ListsBelow);
    let is_named = |name: &String| checks::names(name, check);
    only.is_empty() || reads_lists || only.iter().any(is_named)
}

async fn finished(running: &mut JoinSet<Finding>) -> Vec<Finding> {
    let mut findings = Vec::new();
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok(finding) => findings.push(finding),
            Err(error) => {
                let reason = format!("a check ended badly: {error}");
                findings.push(Finding::new("kit", None, Status::Failed, reason));
            }
        }
    }
    findings
}

async fn timed(check: &Check, capability: Option<String>, work: impl Future<Output = Verdict>) -> Finding {
    let (verdict, noted) = noting_runs(work).await;
    let (status, detail, wants) = match verdict {
        Ok(seen) => (Status::Passed, seen, None),
        Err(Problem::Failed(reason)) => (Status::Failed, reason, None),
        Err(Problem::Skipped(reason)) => (Status::Skipped, reason, None),
        Err(Problem::Wants(part, reason)) => (Status::Skipped, reason, Some(part)),
    };
    let after = noted.last.filter(|_| status == Status::Failed);
    let (runs, seconds) = (noted.runs, noted.took.as_secs_f64());
    Finding { after, wants, runs, seconds, ..Finding::new(check.name, capability, status, detail) }
}

fn left_out(check: &Check, capability: Option<String>, reason: &str) -> Finding {
    Finding::new(check.name, capability, Status::Skipped, reason.to_owned())
}

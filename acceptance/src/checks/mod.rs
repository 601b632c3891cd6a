//! The checks, by what they are about. A check is told by its group and name, and says what it saw.

mod envelopes;
mod exit_codes;
mod faults;
mod info;
mod input;
mod oauth;
mod paging;
mod secrets;
mod signals;
mod sync;
mod validation;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::context::Context;
use crate::run::Run;
use crate::watch::Rule;

pub(crate) use oauth::authorized;

/// What a check saw, or why there is nothing to be seen.
pub(crate) type Verdict = Result<String, Problem>;

/// Why a check did not pass.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    Failed(String),
    /// It does not apply.
    Skipped(String),
    /// It could be made with this part of a configuration.
    Wants(&'static str, String),
}

impl Problem {
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped(reason.into())
    }

    pub(crate) fn wants(part: &'static str, reason: impl Into<String>) -> Self {
        Self::Wants(part, reason.into())
    }
}

/// Fails unless it holds.
pub(crate) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::Failed(reason())) }
}

/// Fails unless the run ended with one of these errors.
pub(crate) fn refused_with(run: &Run, codes: &[&str], what: &str) -> Result<(), Problem> {
    let code = run.error_code().unwrap_or_default();
    ensure(codes.contains(&code.as_str()), || {
        format!("{what}: {} is expected, and what came is {}", codes.join(" or "), run.outcome())
    })
}

/// When a check runs: later stages build on what earlier ones left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Capabilities that change something, before anything is compared.
    Writes,
    /// Lists are read, whose records later checks ask for.
    Lists,
    /// The same of lists that are asked for with records of the others.
    ListsBelow,
    /// Everything that only reads.
    Reads,
    /// What takes a whole machine's attention: one at a time.
    Alone,
    /// The stand-in is changed.
    Changes,
    /// What all runs have in common.
    End,
}

impl Stage {
    pub(crate) const ALL: [Self; 7] =
        [Self::Writes, Self::Lists, Self::ListsBelow, Self::Reads, Self::Alone, Self::Changes, Self::End];

    pub(crate) fn is_one_by_one(self) -> bool {
        matches!(self, Self::Alone | Self::Changes)
    }
}

pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) stage: Stage,
    pub(crate) work: Work,
}

type Look = fn(&Context) -> Verdict;
type Once = fn(Arc<Context>) -> BoxFuture<'static, Verdict>;
type OfCapability = fn(Arc<Context>, String) -> BoxFuture<'static, Verdict>;

pub(crate) enum Work {
    /// At what is known already.
    Look(Look),
    Once(Once),
    /// For each of these capabilities.
    Each(fn(&Context) -> Vec<String>, OfCapability),
}

const fn look(name: &'static str, stage: Stage, work: Look) -> Check {
    Check { name, stage, work: Work::Look(work) }
}

const fn once(name: &'static str, stage: Stage, work: Once) -> Check {
    Check { name, stage, work: Work::Once(work) }
}

const fn each(
    name: &'static str,
    stage: Stage,
    of: fn(&Context) -> Vec<String>,
    work: OfCapability,
) -> Check {
    Check { name, stage, work: Work::Each(of, work) }
}

/// Every check. Expensive ones stand first in their stage, so that cheap ones fill what they leave idle.
pub(crate) const ALL: &[Check] = &[
    each("info.writes", Stage::Writes, info::writing, |c, of| Box::pin(info::answers(c, of))),
    each("paging.complete", Stage::Lists, info::first_lists, |c, of| Box::pin(paging::complete(c, of))),
    each("paging.complete", Stage::ListsBelow, info::lists_below, |c, of| Box::pin(paging::complete(c, of))),
    once("sync.faults", Stage::Reads, |c| Box::pin(sync::faults(c))),
    once("faults.codes", Stage::Reads, |c| Box::pin(faults::codes(c))),
    once("faults.rows", Stage::Reads, |c| Box::pin(faults::rows(c))),
    each("info.answers", Stage::Reads, info::reading, |c, of| Box::pin(info::answers(c, of))),
    each("validation.names_field", Stage::Reads, info::all, |c, of| Box::pin(validation::names_field(c, of))),
    each("paging.all_pages", Stage::Reads, info::lists, |c, of| Box::pin(paging::all_pages(c, of))),
    each("paging.tampered", Stage::Reads, info::lists, |c, of| Box::pin(paging::tampered(c, of))),
    each("paging.ndjson", Stage::Reads, info::lists, |c, of| Box::pin(paging::ndjson(c, of))),
    once("validation.envelope", Stage::Reads, |c| Box::pin(validation::envelope(c))),
    once("validation.auth", Stage::Reads, |c| Box::pin(validation::auth(c))),
    once("validation.settings", Stage::Reads, |c| Box::pin(validation::settings(c))),
    each("info.help", Stage::Reads, info::all, |c, of| Box::pin(info::help(c, of))),
    look("info.shape", Stage::Reads, info::shape),
    look("info.schemas", Stage::Reads, info::schemas),
    look("info.streams", Stage::Reads, info::streams),
    once("envelopes.unknown_keys", Stage::Reads, |c| Box::pin(envelopes::unknown_keys(c))),
    once("envelopes.order", Stage::Reads, |c| Box::pin(envelopes::order(c))),
    once("exit_codes.usage", Stage::Reads, |c| Box::pin(exit_codes::usage(c))),
    once("exit_codes.exit_zero", Stage::Reads, |c| Box::pin(exit_codes::exit_zero(c))),
    once("input.stdin", Stage::Reads, |c| Box::pin(input::stdin(c))),
    once("input.file", Stage::Reads, |c| Box::pin(input::file(c))),
    once("input.large", Stage::Reads, |c| Box::pin(input::large(c))),
    once("input.garbage", Stage::Reads, |c| Box::pin(input::garbage(c))),
    once("input.result_file", Stage::Reads, |c| Box::pin(input::result_file(c))),
    look("secrets.marked", Stage::Reads, secrets::marked),
    once("secrets.provoked", Stage::Reads, |c| Box::pin(secrets::provoked(c))),
    once("oauth.authorization_url", Stage::Reads, |c| Box::pin(oauth::authorization_url(c))),
    once("oauth.callback", Stage::Reads, |c| Box::pin(oauth::callback(c))),
    once("oauth.state", Stage::Reads, |c| Box::pin(oauth::state(c))),
    once("oauth.denied", Stage::Reads, |c| Box::pin(oauth::denied(c))),
    once("oauth.two_codes", Stage::Reads, |c| Box::pin(oauth::two_codes(c))),
    once("oauth.refresh", Stage::Reads, |c| Box::pin(oauth::refresh(c))),
    once("oauth.revoked", Stage::Reads, |c| Box::pin(oauth::revoked(c))),
    once("oauth.nonsense", Stage::Reads, |c| Box::pin(oauth::nonsense(c))),
    once("oauth.client_credentials", Stage::Reads, |c| Box::pin(oauth::client_credentials(c))),
    once("signals.terminate", Stage::Alone, |c| Box::pin(signals::terminate(c))),
    once("signals.interrupt", Stage::Alone, |c| Box::pin(signals::interrupt(c))),
    once("sync.rows", Stage::Alone, |c| Box::pin(sync::rows(c))),
    once("sync.repeated", Stage::Alone, |c| Box::pin(sync::repeated(c))),
    once("sync.interrupted", Stage::Alone, |c| Box::pin(sync::interrupted(c))),
    once("sync.incremental", Stage::Changes, |c| Box::pin(sync::incremental(c))),
    look("envelopes.one_line", Stage::End, |c| held(c, Rule::OneLine)),
    look("envelopes.success", Stage::End, |c| held(c, Rule::Success)),
    look("envelopes.error", Stage::End, |c| held(c, Rule::Error)),
    look("exit_codes.ends", Stage::End, |c| held(c, Rule::Ends)),
    look("exit_codes.match", Stage::End, |c| held(c, Rule::ExitCode)),
    look("validation.echoes_nothing", Stage::End, |c| held(c, Rule::Echo)),
    look("secrets.printed", Stage::End, |c| held(c, Rule::Secret)),
    look("secrets.files", Stage::End, secrets::files),
    look("input.working_folder", Stage::End, input::working_folder),
];

/// Whether this is its name or that of its group.
pub(crate) fn names(name: &str, check: &Check) -> bool {
    check.name == name || check.name.split_once('.').is_some_and(|(group, _)| group == name)
}

/// The groups, each once.
pub(crate) fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = ALL.iter().filter_map(|check| Some(check.name.split_once('.')?.0)).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// A check of what all runs have in common.
fn held(context: &Context, rule: Rule) -> Verdict {
    match context.subject.watch.breaches(rule) {
        None => Ok(format!("in {} runs", context.subject.watch.runs())),
        Some(breaches) => Err(Problem::Failed(breaches)),
    }
}

/// The stand-in's part in a check; skipped where there is none, or nobody whom it knows.
pub(crate) fn need_stand_in(context: &Context) -> Result<(), Problem> {
    if let Err(reason) = &context.stand_in {
        return Err(Problem::wants("stand_in", reason));
    }
    if context.declared.takes_auth() && context.auth.is_none() {
        return Err(Problem::wants(
            "auth",
            "calls need credentials, which neither the stand-in nor OAuth gave",
        ));
    }
    Ok(())
}

/// The first list that has records and needs no request of its own.
pub(crate) fn a_list(context: &Context) -> Result<String, Problem> {
    need_stand_in(context)?;
    let lists = context.declared.lists();
    let found = lists.iter().find(|list| !context.listed(list).is_empty());
    found.cloned().ok_or_else(|| Problem::skipped("no list has records"))
}

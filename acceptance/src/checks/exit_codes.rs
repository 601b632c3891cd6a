//! Exit codes: what they say, and that there is one.

use std::sync::Arc;

use super::envelopes::typed;
use super::{Verdict, ensure};
use crate::context::Context;
use crate::run::{End, Invocation};

/// Whatever is typed wrongly ends with 64 and an envelope that says what.
pub(crate) async fn usage(context: Arc<Context>) -> Verdict {
    let first = context.declared.capabilities.iter().find(|name| *name != "info");
    let name = first.map_or("info", String::as_str);
    let cases: [(&str, &[&str]); 5] = [
        ("nothing at all", &[]),
        ("an unknown capability", &["there_is_no_such_capability", "--json", "{}"]),
        ("an unknown flag", &["info", "--there-is-no-such-flag"]),
        ("text that is no JSON", &[name, "--json", "{\"request\":"]),
        ("a flag without its value", &[name, "--json"]),
    ];
    for (what, arguments) in cases {
        let run = context.subject.run(typed(arguments)).await;
        ensure(run.end == End::Exit(64) || run.error().is_some(), || {
            format!("{what}: exit code 64 and an error are expected, and what came is {}", run.outcome())
        })?;
        ensure(run.error().is_some(), || format!("{what}: there is no error on standard output"))?;
        // That the code fits the error is the subject of another check.
        let code = run.error_code().unwrap_or_default();
        ensure(crate::contract::is_refusal(&code), || {
            format!("{what} is {code}, which is no error of usage")
        })?;
    }
    Ok(format!("{} mistakes", cases.len()))
}

pub(crate) async fn exit_zero(context: Arc<Context>) -> Verdict {
    let wrong = Invocation::of("there_is_no_such_capability").with(&["--json", "{}"]);
    let flagged = context.subject.run(wrong.clone().with(&["--exit-zero"])).await;
    let told = context.subject.run(wrong.environment("CONNECTOR_EXIT_ZERO", "1")).await;
    for (run, how) in [(flagged, "--exit-zero"), (told, "CONNECTOR_EXIT_ZERO=1")] {
        ensure(run.error().is_some(), || {
            format!("with {how} there is no error envelope: {}", run.outcome())
        })?;
        ensure(run.end == End::Exit(0), || format!("with {how} it does not exit with 0: {:?}", run.end))?;
    }
    Ok("as a flag and as a variable".to_owned())
}

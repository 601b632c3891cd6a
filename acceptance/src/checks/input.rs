//! What goes in and where it comes out: standard input, files, large and broken requests, a folder that stays empty.

use std::io::Read;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Problem, Verdict, a_list, ensure};
use crate::context::Context;
use crate::contract;
use crate::run::{Invocation, Run};

/// Larger than arguments may be.
const LARGE: usize = 8 << 20;

/// A capability that answers, with its envelope: a list where there is a stand-in, `info` where there is none.
fn question(context: &Context) -> (String, Value) {
    match a_list(context) {
        Ok(list) => {
            let envelope = context.envelope(&context.request(&list));
            (list, envelope)
        }
        Err(_) => ("info".to_owned(), json!({})),
    }
}

async fn answer(context: &Context, invocation: Invocation, how: &str) -> Result<Value, Problem> {
    let run = context.subject.run(invocation).await;
    run.response().ok_or_else(|| Problem::failed(format!("{how}: {}", run.outcome())))
}

async fn plain(context: &Context) -> Result<(String, Value, Value), Problem> {
    let (capability, envelope) = question(context);
    let wanted = answer(context, Invocation::of(&capability).json(&envelope), "--json").await?;
    Ok((capability, envelope, wanted))
}

pub(crate) async fn stdin(context: Arc<Context>) -> Verdict {
    let (capability, envelope, wanted) = plain(&context).await?;
    for arguments in [["--json", "-"], ["--json-file", "-"]] {
        let how = arguments.join(" ");
        let invocation = Invocation::of(&capability).with(&arguments).input(envelope.to_string());
        let found = answer(&context, invocation, &how).await?;
        ensure(found == wanted, || format!("{how} answers something else than --json"))?;
    }
    Ok(format!("{capability} by --json - and --json-file -"))
}

pub(crate) async fn file(context: Arc<Context>) -> Verdict {
    let (capability, envelope, wanted) = plain(&context).await?;
    let file = context.subject.folder.given().join("envelope.json");
    // With a line break, as editors leave it. It goes again, since it holds what nobody may keep.
    std::fs::write(&file, format!("{envelope}\n")).map_err(|error| Problem::failed(error.to_string()))?;
    let path = file.to_string_lossy().into_owned();
    let found =
        answer(&context, Invocation::of(&capability).with(&["--json-file", &path]), "--json-file").await;
    std::fs::remove_file(&file).map_err(|error| Problem::failed(error.to_string()))?;
    ensure(found? == wanted, || "--json-file answers something else than --json".to_owned())?;
    let absent = Invocation::of(&capability).with(&["--json-file", "/there/is/no/such/file"]);
    let run = context.subject.run(absent).await;
    ensure(run.error_code().is_some_and(|code| contract::is_refusal(&code)), || {
        format!("a file that does not exist: {}", run.outcome())
    })?;
    Ok(format!("{capability} by --json-file"))
}

pub(crate) async fn large(context: Arc<Context>) -> Verdict {
    let (capability, mut envelope, wanted) = plain(&context).await?;
    envelope["from_the_future"] = Value::String("x".repeat(LARGE));
    let invocation = Invocation::of(&capability).with(&["--json", "-"]).input(envelope.to_string());
    let found = answer(&context, invocation, "8 MiB on standard input").await?;
    ensure(found == wanted, || "8 MiB on standard input are answered differently".to_owned())?;
    Ok(format!("{capability} with 8 MiB on standard input"))
}

/// What is no envelope is refused, however it is broken.
pub(crate) async fn garbage(context: Arc<Context>) -> Verdict {
    let (capability, _) = question(&context);
    let deep = format!("{{\"request\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: [(&str, Vec<u8>); 10] = [
        ("nothing", Vec::new()),
        ("a list", b"[]".to_vec()),
        ("a number", b"7".to_vec()),
        ("a text", b"\"request\"".to_vec()),
        ("half an object", b"{\"request\":{}".to_vec()),
        ("two objects", b"{}{}".to_vec()),
        ("words", b"request: {}".to_vec()),
        ("bytes that are no UTF-8", vec![b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}']),
        ("zeros", vec![0; 64]),
        ("100,000 lists in each other", deep.into_bytes()),
    ];
    for (what, input) in &cases {
        let invocation = Invocation::of(&capability).with(&["--json", "-"]).input(input.clone());
        let run = context.subject.run(invocation).await;
        is_refused(&run, what)?;
    }
    Ok(format!("{} kinds of it", cases.len()))
}

fn is_refused(run: &Run, what: &str) -> Result<(), Problem> {
    let code = run.error_code().unwrap_or_default();
    ensure(matches!(code.as_str(), "bad_request" | "invalid_value"), || {
        format!("{what} instead of an envelope: bad_request is expected, and what came is {}", run.outcome())
    })
}

pub(crate) async fn result_file(context: Arc<Context>) -> Verdict {
    let (capability, envelope, wanted) = plain(&context).await?;
    for (name, is_packed) in [("result.json", false), ("result.json.gz", true)] {
        let file = context.subject.folder.given().join(name);
        let path = file.to_string_lossy().into_owned();
        let invocation = Invocation::of(&capability).json(&envelope).with(&["--result-file-path", &path]);
        let run = context.subject.run(invocation).await;
        ensure(run.error().is_none(), || format!("--result-file-path: {}", run.outcome()))?;
        let written = std::fs::read(&file).map_err(|_| Problem::failed(format!("{name} was not written")))?;
        let text = if is_packed { unpacked(&written)? } else { written };
        let found: Value = serde_json::from_slice(&text)
            .map_err(|_| Problem::failed(format!("{name} is not one JSON document")))?;
        ensure(found["response"] == wanted, || {
            format!("{name} holds something else than is printed without it")
        })?;
    }
    Ok(format!("{capability} into a file, and into a compressed one"))
}

fn unpacked(written: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(written)
        .take(1 << 30)
        .read_to_end(&mut text)
        .map_err(|_| Problem::failed("the file that ends in .gz is not compressed"))?;
    Ok(text)
}

/// No run left anything where it was started.
pub(crate) fn working_folder(context: &Context) -> Verdict {
    let left = context.subject.folder.left().map_err(|error| Problem::failed(error.to_string()))?;
    let written: Vec<String> = left
        .iter()
        .filter(|file| file.path.starts_with("work"))
        .map(|file| file.path.display().to_string())
        .collect();
    ensure(written.is_empty(), || format!("files were left in the working folder: {}", written.join(", ")))?;
    Ok("it is empty".to_owned())
}

//! What faults do to an answer: to its text, and to the way it leaves.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};

use crate::api::Bend;
use crate::fault::{FaultKind, Framing, When};
use crate::reply::Reply;

/// How an answer leaves.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) reset: bool,
    pub(crate) wait: Duration,
    pub(crate) trickle: Option<Duration>,
    pub(crate) truncate: Option<Framing>,
    pub(crate) skew_seconds: i64,
}

/// The reply that replaces the real one, if some fault has one for this moment.
pub(crate) fn replacement(faults: &[FaultKind], moment: When) -> Option<Reply> {
    faults.iter().find_map(|fault| match fault {
        FaultKind::Status { status, body, retry_after, when } if *when == moment => {
            let reply = Reply::refusal(*status, title(*status), *body);
            Some(match retry_after {
                Some(seconds) => reply.header("retry-after", seconds.to_string()),
                None => reply,
            })
        }
        FaultKind::Reset { when: When::Before } if moment == When::Before => Some(Reply::empty(0)),
        FaultKind::Html if moment == When::After => Some(Reply::html(200, "Teamleader Focus")),
        _ => None,
    })
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad request",
        401 => "Unauthorized",
        403 => "Access denied",
        404 => "Not found",
        429 => "Too many requests",
        502 => "Bad gateway",
        503 => "Service unavailable",
        504 => "Gateway timeout",
        _ => "Internal server error",
    }
}

pub(crate) fn bend(faults: &[FaultKind]) -> Bend {
    Bend {
        repeat_first_page: faults.contains(&FaultKind::RepeatedPage),
        duplicate_row: faults.contains(&FaultKind::DuplicatedRow),
    }
}

pub(crate) fn delivery(faults: &[FaultKind]) -> Delivery {
    let mut delivery = Delivery::default();
    for fault in faults {
        match fault {
            FaultKind::Reset { .. } => delivery.reset = true,
            FaultKind::SlowHeaders { millis } => delivery.wait += Duration::from_millis(*millis),
            FaultKind::SlowBody { millis } => delivery.trickle = Some(Duration::from_millis(*millis)),
            FaultKind::Truncated { framing } => delivery.truncate = Some(*framing),
            FaultKind::ClockSkew { seconds } => delivery.skew_seconds += seconds,
            _ => {}
        }
    }
    delivery
}

/// Changes the text of an answer; compression comes last.
pub(crate) fn rewrite(faults: &[FaultKind], reply: &mut Reply) {
    for fault in faults {
        match fault {
            FaultKind::EmptyBody => reply.body = bytes::Bytes::new(),
            FaultKind::DataNull => edit(reply, |answer| drop(answer.insert("data".into(), Value::Null))),
            FaultKind::DataMissing => edit(reply, |answer| drop(answer.remove("data"))),
            FaultKind::ExtraFields => edit(reply, |answer| {
                answer.insert("x_answer".into(), Value::from("new here"));
                each_row(answer, |row| {
                    drop(row.insert("x_row".into(), serde_json::json!({"new": [1, null]})));
                });
            }),
            FaultKind::Value { field, value } => edit(reply, |answer| {
                each_row(answer, |row| drop(row.insert(field.clone(), value.clone())));
            }),
            _ => {}
        }
    }
    if faults.contains(&FaultKind::Gzip) {
        compress(reply);
    }
}

fn edit(reply: &mut Reply, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Ok(mut answer) = serde_json::from_slice::<Map<String, Value>>(&reply.body) {
        change(&mut answer);
        reply.body = Value::Object(answer).to_string().into();
    }
}

fn each_row(answer: &mut Map<String, Value>, change: impl Fn(&mut Map<String, Value>)) {
    match answer.get_mut("data") {
        Some(Value::Array(rows)) => rows.iter_mut().filter_map(Value::as_object_mut).for_each(change),
        Some(Value::Object(row)) => change(row),
        _ => {}
    }
}

fn compress(reply: &mut Reply) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into a `Vec` cannot fail.
    if encoder.write_all(&reply.body).is_ok()
        && let Ok(compressed) = encoder.finish()
    {
        reply.body = compressed.into();
        reply.headers.push(("content-encoding", "gzip".into()));
    }
}

//! The error for arguments that cannot be understood.

use std::error::Error;
use std::net::AddrParseError;
use std::num::ParseIntError;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use connector_core::{ConnectorError, ErrorCode};

/// Shortest value that would be recognized in a text that repeats it.
const SHORTEST: usize = 5;

/// The error of an envelope for arguments that are refused. Values are left out: one may be a token in a wrong place.
/// `where_all_are` tells where commands are listed.
pub(crate) fn refusal(error: &clap::Error, where_all_are: &'static str) -> ConnectorError {
    let refuse =
        |code, message: String| ConnectorError::new(code, message).hint("--help lists what can be typed");
    let arguments = names(error);
    let first = |otherwise: &str| arguments.first().cloned().unwrap_or_else(|| otherwise.to_owned());
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let refused =
                refuse(ErrorCode::UnsupportedOperation, "there is no such command or capability".to_owned());
            // clap puts the likeliest last.
            match texts(error.get(ContextKind::SuggestedSubcommand)).last() {
                Some(name) => refused.hint(format!("perhaps `{name}` is meant; {where_all_are}")),
                None => refused.hint(where_all_are),
            }
        }
        // The second is of programs that would show their help instead.
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            refuse(ErrorCode::BadRequest, "a command is missing".to_owned())
        }
        ErrorKind::UnknownArgument => refuse(
            ErrorCode::BadRequest,
            match arguments.first().filter(|name| name.starts_with('-')) {
                Some(flag) => format!("{flag} is not known here"),
                None => "a word too many".to_owned(),
            },
        ),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let name = first("an argument");
            let message = match expected(error) {
                Some(expected) => format!("{name} cannot have this value: {expected}"),
                None => format!("{name} cannot have this value"),
            };
            refuse(ErrorCode::InvalidValue, message)
        }
        ErrorKind::MissingRequiredArgument => {
            let are = if arguments.len() > 1 { "are" } else { "is" };
            let names = if arguments.is_empty() { first("an argument") } else { arguments.join(", ") };
            refuse(ErrorCode::BadRequest, format!("{names} {are} missing"))
        }
        ErrorKind::ArgumentConflict => {
            refuse(ErrorCode::BadRequest, format!("{} excludes another flag that was given", first("a flag")))
        }
        _ => refuse(ErrorCode::BadRequest, "the arguments cannot be understood".to_owned()),
    }
}

/// The flags and words that it is about, without their values and without what stands for those in a usage.
fn names(error: &clap::Error) -> Vec<String> {
    let name = |text: String| {
        let end = if text.starts_with('-') { text.find([' ', '=', '[']) } else { None };
        text[..end.unwrap_or(text.len())].trim_matches(['<', '>', '[', ']', '.']).to_owned()
    };
    texts(error.get(ContextKind::InvalidArg)).into_iter().map(name).collect()
}

fn texts(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// What the value should have been, where that can be said without repeating it.
fn expected(error: &clap::Error) -> Option<String> {
    let possible = texts(error.get(ContextKind::ValidValue));
    if !possible.is_empty() {
        return Some(format!("one of {}", possible.join(", ")));
    }
    let why = error.source()?;
    if why.is::<AddrParseError>() {
        return Some("an address and a port, as 127.0.0.1:8080".to_owned());
    }
    if why.is::<ParseIntError>() {
        return Some("a number".to_owned());
    }
    if why.is::<url::ParseError>() {
        return Some("an address, as https://example.com".to_owned());
    }
    let typed = texts(error.get(ContextKind::InvalidValue)).pop().unwrap_or_default();
    let why = why.to_string();
    // As in `0 is not in 1..=100`.
    let why = why.strip_prefix(&*typed).filter(|_| !typed.is_empty()).unwrap_or(&why).trim().to_owned();
    let is_repeated = typed.len() >= SHORTEST && why.contains(&*typed);
    (!why.is_empty() && !is_repeated).then_some(why)
}

//! The error for arguments that cannot be understood.

use clap::error::{ContextKind, ErrorKind};
use connector_core::{ConnectorError, ErrorCode};

/// The error of an envelope for arguments that are refused. Values are left out: one may be a token in a wrong place.
pub(crate) fn refusal(error: &clap::Error) -> ConnectorError {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let suggestions = context(ContextKind::SuggestedSubcommand);
    let flag =
        context(ContextKind::InvalidArg).map(|flag| flag.split(' ').next().unwrap_or_default().to_owned());
    let refuse =
        |code, message: String| ConnectorError::new(code, message).hint("--help lists what can be typed");
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let error =
                refuse(ErrorCode::UnsupportedOperation, "there is no such command or capability".to_owned());
            // clap puts the likeliest last.
            match suggestions.as_deref().and_then(|names| names.rsplit(", ").next()) {
                Some(name) => error.hint(format!("perhaps `{name}` is meant; `info` lists all")),
                None => error.hint("`info` lists the capabilities"),
            }
        }
        ErrorKind::MissingSubcommand => refuse(ErrorCode::BadRequest, "a command is missing".to_owned()),
        ErrorKind::UnknownArgument => refuse(
            ErrorCode::BadRequest,
            match flag.filter(|flag| flag.starts_with('-')) {
                Some(flag) => format!("{} is not known here", flag.split('=').next().unwrap_or_default()),
                None => "a word too many".to_owned(),
            },
        ),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => refuse(
            ErrorCode::InvalidValue,
            format!("{} cannot have this value", flag.unwrap_or_else(|| "an argument".into())),
        ),
        ErrorKind::MissingRequiredArgument => refuse(
            ErrorCode::BadRequest,
            format!("{} is missing", flag.unwrap_or_else(|| "an argument".into())),
        ),
        ErrorKind::ArgumentConflict => refuse(
            ErrorCode::BadRequest,
            format!("{} excludes another flag that was given", flag.unwrap_or_else(|| "a flag".into())),
        ),
        _ => refuse(ErrorCode::BadRequest, "the arguments cannot be understood".to_owned()),
    }
}

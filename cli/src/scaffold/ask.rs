//! What was not told is asked for on a terminal, and is the usual elsewhere.

use std::io::{self, BufRead, IsTerminal};

use clap::ValueEnum;
use connector_core::{ConnectorError, ErrorCode, Result};

use super::Credential;
use crate::output::tell;

const USUAL_STREAM: &str = "items";

/// Credentials and streams: as told, else as a person says, else the usual.
///
/// # Errors
/// `invalid_value` for credentials that are not known.
pub(super) fn what_was_not_told(
    auth: Option<Credential>,
    streams: Vec<String>,
) -> Result<(Credential, Vec<String>)> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let ask = |question: &str| if is_terminal { answer(question, &mut io::stdin().lock()) } else { None };
    let auth = match auth {
        Some(auth) => auth,
        None => credential(ask(
            "Which credentials does the app take: oauth, token, basic, service-account or none? [token]",
        ))?,
    };
    let streams = if streams.is_empty() {
        let asked = ask(&format!("What can be read, separated by commas? [{USUAL_STREAM}]"));
        list(asked.as_deref().unwrap_or(USUAL_STREAM))
    } else {
        streams
    };
    Ok((auth, streams))
}

fn answer(question: &str, input: &mut dyn BufRead) -> Option<String> {
    tell(question);
    let mut answer = String::new();
    input.read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty())
}

fn credential(asked: Option<String>) -> Result<Credential> {
    let Some(asked) = asked else { return Ok(Credential::Token) };
    Credential::from_str(&asked, true).map_err(|_| {
        ConnectorError::new(ErrorCode::InvalidValue, "there are no such credentials")
            .hint("`--auth` takes oauth, token, basic, service-account or none")
    })
}

fn list(asked: &str) -> Vec<String> {
    asked.split(',').map(|stream| stream.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_enter_is_the_usual() {
        assert_eq!(answer("?", &mut &b"\n"[..]), None);
        assert_eq!(answer("?", &mut &b""[..]), None);
        assert_eq!(answer("?", &mut &b" basic \n"[..]).as_deref(), Some("basic"));
        assert_eq!(credential(None).unwrap(), Credential::Token);
        assert_eq!(credential(Some("OAuth".into())).unwrap(), Credential::Oauth);
        assert_eq!(credential(Some("magic".into())).unwrap_err().exit_code(), 64);
        assert_eq!(list("deals, companies"), ["deals", "companies"]);
    }
}

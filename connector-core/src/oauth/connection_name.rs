//! Names of connections: one rule, so that every door can name every connection.

use crate::dispatch::DEFAULT_CONNECTION;
use crate::error::{ConnectorError, ErrorCode, Result};

/// Longest part of a name, in bytes.
const LONGEST: usize = 64;

/// Whether this can be a name, or one of the two parts of a connection's: letters, digits and, after the first, `.`, `_`
/// and `-`.
pub fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= LONGEST
        && text.bytes().all(is_plain)
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// Refuses what no new connection may be called: its name is that of a customer's app, `acme`, or that and one of the
/// app's further connections, `acme/second`.
///
/// # Errors
/// `invalid_value`, with a name that would do.
pub fn check_connection_name(name: &str) -> Result<()> {
    let parts: Vec<&str> = name.split('/').collect();
    let instead = match parts.as_slice() {
        // The broker calls the first connection of an app so.
        [app, DEFAULT_CONNECTION] if is_name(app) => (*app).to_owned(),
        [app] if is_name(app) => return Ok(()),
        [app, connection] if is_name(app) && is_name(connection) => return Ok(()),
        _ => similar(&parts),
    };
    let message =
        "a connection is called by letters, digits, `.`, `_` and `-`, or by two such names with `/` between";
    Err(ConnectorError::new(ErrorCode::InvalidValue, message).hint(format!("call it `{instead}`")))
}

/// A name that is as near as the rule allows.
fn similar(parts: &[&str]) -> String {
    let tidy = |part: &&str| {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let text: String = part.trim().chars().map(plain).take(LONGEST).collect();
        text.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
    };
    let parts: Vec<String> = parts.iter().map(tidy).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => DEFAULT_CONNECTION.to_owned(),
        [app] => app.clone(),
        [app, rest @ ..] => {
            let rest: String = rest.join("-").chars().take(LONGEST).collect();
            if rest == DEFAULT_CONNECTION { app.clone() } else { format!("{app}/{rest}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_every_door_can_say_are_taken() {
        for name in ["default", "acme", "A.b_c-1", "0", "acme/second", &"a".repeat(64)] {
            assert!(check_connection_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_with_one_that_is_taken() {
        for (name, instead) in [
            ("", "default"),
            ("/", "default"),
            ("Ab & Co", "Ab---Co"),
            (".hidden", "hidden"),
            ("café", "caf"),
            ("a/b/c", "a/b-c"),
            ("acme/default", "acme"),
            ("acme/", "acme"),
            ("acme//default", "acme"),
        ] {
            let error = check_connection_name(name).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidValue);
            assert_eq!(error.hint_text(), Some(format!("call it `{instead}`").as_str()), "{name}");
            assert!(check_connection_name(instead).is_ok(), "{instead}");
        }
        let long = check_connection_name(&"a".repeat(100)).unwrap_err();
        assert!(long.hint_text().unwrap().contains(&"a".repeat(64)));
    }
}

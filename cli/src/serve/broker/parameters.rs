//! What a query says: each name once, and nothing in it that belongs into a header.

use std::time::Duration;

use connector_core::{ConnectorError, ErrorCode};

use super::refusal::Refusal;
use crate::serve::gate::secret_name;

/// Longest remaining life that a caller may ask for.
const LONGEST_LIFE: u64 = 86_400;

/// The parameters of a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// # Errors
    /// When a name is there twice, or one that a secret goes by.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if secret_name(name).is_some() {
                let message = "a credential was sent in the query, where logs and histories keep it";
                let error = ConnectorError::new(ErrorCode::BadRequest, message)
                    .hint("send it in the header Authorization, and do not use that one any more");
                return Err(Refusal::invalid_request(error));
            }
            if self.0[..at].iter().any(|(before, _)| before == name) {
                return Err(invalid("a parameter is there twice"));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.text(name) {
            None | Some("" | "false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(invalid(format!("{name} must be true or false"))),
        }
    }

    /// A length of time in whole seconds, up to a day.
    pub(super) fn seconds(&self, name: &'static str) -> Result<Option<Duration>, Refusal> {
        self.number(name, LONGEST_LIFE).map(|seconds| seconds.map(Duration::from_secs))
    }

    pub(super) fn number(&self, name: &'static str, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if number <= most && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Some(number))
            }
            _ => Err(invalid(format!("{name} must be a number up to {most}"))),
        }
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid_request(ConnectorError::new(ErrorCode::InvalidValue, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_refused() {
        fn of(query: &str) -> Parameters {
            Parameters::of(Some(query))
        }
        assert_eq!(of("min_ttl=90").seconds("min_ttl").unwrap(), Some(Duration::from_secs(90)));
        assert_eq!(of("other=1").seconds("min_ttl").unwrap(), None);
        for wrong in ["-1", "+1", "1.5", "x", "", "86401", "99999999999999999999"] {
            assert!(of(&format!("min_ttl={wrong}")).seconds("min_ttl").is_err(), "{wrong}");
        }
        for (text, expected) in [("true", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(of(&format!("force={text}")).flag("force").unwrap(), expected);
        }
        assert!(of("force=yes").flag("force").is_err());
    }

    #[test]
    fn credentials_and_doubles_are_refused() {
        for query in ["access_token=x", "a=1&Token=x", "api_key=", "a=1&a=2", "%74oken=x"] {
            assert!(Parameters::of(Some(query)).check().is_err(), "{query}");
        }
        assert!(Parameters::of(Some("a=1&b=1")).check().is_ok());
        assert!(Parameters::of(None).check().is_ok());
    }
}

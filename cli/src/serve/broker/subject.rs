//! What a path names: a connection of a customer's app with a connector.

use connector_core::dispatch::DEFAULT_CONNECTION;
use connector_core::oauth::{ConnectionKey, is_name};
use serde::Serialize;

/// A connection, as callers of the broker name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Subject {
    /// The customer's app.
    pub(super) app_id: String,
    /// Id of the connector.
    pub(super) connector_type: String,
    /// `default` where the app has one account.
    pub(super) connection: String,
}

impl Subject {
    /// `None` when a part can be no name.
    pub(super) fn new(app_id: &str, connector_type: &str, connection: Option<&str>) -> Option<Self> {
        let connection = connection.unwrap_or(DEFAULT_CONNECTION);
        [app_id, connector_type, connection].iter().all(|name| is_name(name)).then(|| Self {
            app_id: app_id.to_owned(),
            connector_type: connector_type.to_owned(),
            connection: connection.to_owned(),
        })
    }

    /// What a path without names is about.
    pub(super) fn everything() -> Self {
        let all = || "*".to_owned();
        Self { app_id: all(), connector_type: all(), connection: all() }
    }

    /// The connector, as errors name it.
    pub(super) fn shown_type(&self) -> &str {
        if self.connector_type == "*" { "broker" } else { &self.connector_type }
    }

    /// The subject of a connection of the vault.
    pub(super) fn of(connector_type: &str, name: &str) -> Self {
        let (app_id, connection) = name.split_once('/').unwrap_or((name, DEFAULT_CONNECTION));
        Self {
            app_id: app_id.to_owned(),
            connector_type: connector_type.to_owned(),
            connection: connection.to_owned(),
        }
    }

    /// The name of the connection in the vault.
    pub(super) fn vault_name(&self) -> String {
        match self.connection.as_str() {
            DEFAULT_CONNECTION => self.app_id.clone(),
            connection => format!("{}/{connection}", self.app_id),
        }
    }

    /// The connection in the vault.
    pub(super) fn key(&self) -> ConnectionKey {
        ConnectionKey { app_id: self.connector_type.clone(), name: self.vault_name() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_none_name_nothing() {
        let longest = "a".repeat(64);
        for name in ["a", "A.b_c-1", "0", &longest] {
            assert!(Subject::new(name, name, Some(name)).is_some(), "{name}");
        }
        let too_long = "a".repeat(65);
        for name in ["", ".a", "-a", "_a", "a/b", "a b", "é", "a\n", &too_long] {
            assert!(Subject::new(name, "x", None).is_none(), "{name}");
            assert!(Subject::new("x", name, None).is_none(), "{name}");
            assert!(Subject::new("x", "x", Some(name)).is_none(), "{name}");
        }
    }

    #[test]
    fn a_subject_is_one_connection_of_the_vault() {
        for (app_id, connection, name) in [
            ("acme", None, "acme"),
            ("acme", Some("default"), "acme"),
            ("acme", Some("second"), "acme/second"),
        ] {
            let subject = Subject::new(app_id, "example", connection).unwrap();
            assert_eq!(subject.vault_name(), name);
            assert_eq!(Subject::of("example", name), subject);
        }
    }
}

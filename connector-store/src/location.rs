//! Where a store is: its URL, taken apart, and the part of it that may be shown.

use std::path::PathBuf;

use connector_core::{ConnectorError, ErrorCode, Result};
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// Parameters of a PostgreSQL URL that mean something.
const POSTGRES_PARAMETERS: [&str; 19] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "connect_timeout",
];

/// A URL, taken apart.
pub(crate) enum Location {
    Postgres {
        options: Box<PgConnectOptions>,
        /// The URL without password and parameters.
        shown: String,
    },
    Sqlite {
        path: PathBuf,
        may_create: bool,
    },
    /// SQLite that is gone with the store.
    Memory,
}

impl Location {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let url = url.trim();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres(url)
        } else if let Some(rest) = url.strip_prefix("sqlite:") {
            sqlite(rest.strip_prefix("//").unwrap_or(rest))
        } else {
            let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
            let is_name =
                !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let seen = if is_name { format!("`{scheme}:`") } else { "no scheme".to_owned() };
            Err(invalid(format!("the store's URL has {seen}, which no store is reached by")))
        }
    }
}

fn invalid(message: String) -> ConnectorError {
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
        .hint("a store is postgres://user:password@host/database or sqlite://file.db")
}

fn postgres(text: &str) -> Result<Location> {
    let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
    let rest = after_scheme.find(['/', '?', '#']).map_or("", |end| &after_scheme[end..]);
    if rest.contains('@') {
        // Most likely a password with one of these characters; parsed, a part of it would be shown as a path.
        return Err(invalid("the store's URL has an `@` after a `/`, `?` or `#`".to_owned()).hint(
            "percent-encode special characters in user and password: `/` as %2F, `?` as %3F, `#` as %23",
        ));
    }
    let mut url =
        Url::parse(text).map_err(|error| invalid(format!("the store's URL cannot be read: {error}")))?;
    let is_known = |name: &str| POSTGRES_PARAMETERS.contains(&name) || name.starts_with("options[");
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| !is_known(name)) {
        return Err(invalid(format!("the store's URL has a parameter `{name}`, which means nothing here")));
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| name == "connect_timeout") {
        url.query_pairs_mut()
            .clear()
            .extend_pairs(pairs.iter().filter(|(name, _)| name != "connect_timeout"));
    }
    let options: PgConnectOptions =
        url.as_str().parse().map_err(|error| invalid(format!("the store's URL cannot be used: {error}")))?;
    let database = options.get_database().unwrap_or(options.get_username());
    let shown = format!(
        "postgres://{}@{}:{}/{database}",
        options.get_username(),
        options.get_socket().map_or_else(|| options.get_host().into(), |socket| socket.to_string_lossy()),
        options.get_port(),
    );
    Ok(Location::Postgres { options: Box::new(options), shown })
}

fn sqlite(rest: &str) -> Result<Location> {
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" {
        return Ok(Location::Memory);
    }
    let mut may_create = true;
    for (name, value) in url::form_urlencoded::parse(parameters.as_bytes()) {
        match (&*name, &*value) {
            ("mode", "rwc") => {}
            ("mode", "rw") => may_create = false,
            ("mode", "memory") => return Ok(Location::Memory),
            _ => {
                return Err(invalid(format!(
                    "the store's URL has a parameter `{name}` that means nothing here"
                )));
            }
        }
    }
    // The form decoder knows escapes; a plus sign means itself in a path.
    let escaped = path.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let path = url::form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map_or_else(String::new, |(path, _)| path.into());
    if path.is_empty() {
        return Err(invalid("the store's URL names no file".to_owned()));
    }
    Ok(Location::Sqlite { path: path.into(), may_create })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> String {
        match Location::parse(url).unwrap() {
            Location::Sqlite { path, .. } => path.to_string_lossy().into_owned(),
            _ => panic!("{url} is a file"),
        }
    }

    #[test]
    fn a_file_is_named_relative_or_absolute() {
        assert_eq!(path("sqlite://file.db"), "file.db");
        assert_eq!(path("sqlite:./a/file.db"), "./a/file.db");
        assert_eq!(path("sqlite:///var/a+b%20c.db?mode=rwc"), "/var/a+b c.db");
        assert!(matches!(Location::parse("sqlite::memory:").unwrap(), Location::Memory));
    }

    #[test]
    fn no_way_of_writing_a_password_lets_it_be_seen() {
        for url in [
            "postgres://u:hunter2@h/db",
            "postgresql://u@h/db?password=hunter2",
            "postgres://u:hunter2/x@h/db",
            "postgres://u:12#hunter2@h/db",
            "postgres://u:hunter2@h/db?pasword=hunter2",
            "postgres://u:hunter2@h:port/db",
            "mysql://u:hunter2@h/db",
            "hunter2",
            "u:hunter2@h/db",
        ] {
            let seen = match Location::parse(url) {
                Ok(Location::Postgres { shown, .. }) => shown,
                Ok(_) => panic!("{url} is no file"),
                Err(error) => {
                    assert_eq!(error.exit_code(), 78, "{url}");
                    format!("{error} {error:?} {:?}", error.hint_text())
                }
            };
            assert!(!seen.contains("hunter2"), "{seen}");
        }
    }
}

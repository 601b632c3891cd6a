//! A fresh database for one test.

use std::{
    env,
    fmt::{self, Display},
    process::{self, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use url::Url;

use crate::{Server, installation};

/// Makes a fresh, empty database: on the server that `TEST_DATABASE_URL` names, else on [`Server::shared`].
///
/// # Panics
/// When there is no server, or it refuses.
pub fn create_database() -> TestDatabase {
    match env::var("TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => TestDatabase::create(&url),
        _ => Server::shared().create_database(),
    }
}

/// A database that is dropped with this value, whoever is still connected to it.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    /// Another database of the same server: none can be dropped from within.
    maintenance_url: String,
}

impl TestDatabase {
    pub(crate) fn create(maintenance_url: &str) -> Self {
        let name = unique_name();
        let mut url = Url::parse(maintenance_url)
            .unwrap_or_else(|error| panic!("TEST_DATABASE_URL is no URL: {error}"));
        url.set_path(&name);
        run_psql(maintenance_url, &format!("create database {name}"))
            .unwrap_or_else(|error| panic!("{error}"));
        Self { name, url: url.into(), maintenance_url: maintenance_url.to_owned() }
    }

    /// The connection URL, as sqlx and libpq take it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs SQL through `psql`; the answer is unaligned text: one line a row, `|` between columns, null is empty.
    ///
    /// # Panics
    /// When the server answers with an error.
    pub fn query(&self, sql: &str) -> String {
        run_psql(&self.url, sql).unwrap_or_else(|error| panic!("{error}\nin: {sql}"))
    }
}

impl Display for TestDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A server that was stopped or dropped first took the database along.
        let _ =
            run_psql(&self.maintenance_url, &format!("drop database if exists {} with (force)", self.name));
    }
}

/// Unique also among the runs that share one outside server.
fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test_{moment:x}_{}_{number}", process::id())
}

fn run_psql(url: &str, sql: &str) -> Result<String, String> {
    let output = installation::psql()
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
        .args(["--dbname", url, "--command", sql])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("psql cannot be run: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    } else {
        Err(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim_end()))
    }
}

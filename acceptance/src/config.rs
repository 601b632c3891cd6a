//! What the author of a connector tells the kit: where the stand-in is, what to ask for, what to leave out.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::CheckError;

/// Everything is optional: a connector with a command `sandbox` needs no configuration.
///
/// ```
/// let config: connector_acceptance::Config = serde_json::from_str(
///     r#"{
///         "stand_in": {"command": ["python3", "stand_in.py"]},
///         "auth": {"token": {"token": "a-token-of-the-stand-in"}},
///         "requests": {"get_comment": {"post": "{list_posts.0.id}", "id": "1"}},
///         "skip": {"delete_everything": "there is no way back"}
///     }"#,
/// )?;
/// assert_eq!(config.skip.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What stands in for the app; the connector's own command `sandbox` when absent.
    pub stand_in: Option<StandInConfig>,
    /// Settings of every call, on top of those that the stand-in tells.
    pub settings: Map<String, Value>,
    /// The `auth` of every call; what the stand-in tells, or a walk through OAuth, when absent.
    pub auth: Option<Map<String, Value>>,
    /// Settings that hold the app's address; those that hold the stand-in's when absent.
    pub addresses: Option<Vec<String>>,
    /// Requests by capability, for those that a made-up request tells nothing about. A text such as
    /// `{list_companies.0.id}` stands for a value of a record that the capability lists.
    pub requests: BTreeMap<String, Map<String, Value>>,
    /// Requests to the stand-in that change some records, so that there is something to be incremental about.
    pub changes: Vec<Change>,
    /// Checks or groups of them, as `paging` or `paging.complete`, that are made instead of all. Lists are read in any case.
    pub only: Vec<String>,
    /// Checks and capabilities that are left out, each with the reason.
    pub skip: BTreeMap<String, String>,
}

/// What stands in for the app.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandInConfig {
    /// Program and arguments; `{connector}` stands for the executable that is checked. Its first line is
    /// `{"status":"ready","settings":{…},"auth":{…}}`.
    pub command: Vec<String>,
}

/// A request to the stand-in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// As `POST`.
    pub method: String,
    /// With the query, if any.
    pub path: String,
    /// What is sent, as JSON.
    #[serde(default)]
    pub body: Option<Value>,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a configuration.
    pub fn read(path: &Path) -> Result<Self, CheckError> {
        let wrong = |reason: String| CheckError::Config { path: path.to_owned(), reason };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
    }
}

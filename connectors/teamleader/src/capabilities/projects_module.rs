//! Which of the two projects modules an account uses.

use connector_core::{Call, Result};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Nothing;
use super::sent::Sent;
use crate::client;
use crate::resources::{RESOURCES, Resource};
use crate::settings::Settings;

/// The module in use.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: the answer stays as it was sent")]
pub(crate) struct ProjectsModule {
    /// `projects-v2` or `legacy`.
    status: Option<String>,
    /// When Teamleader moves the account to the new module.
    will_be_automatically_switched_on: Option<Date>,
}

pub(crate) async fn get_projects_module(call: Call<Settings>, _: Nothing) -> Result<Sent<ProjectsModule>> {
    status(&call).await.map(Sent::from)
}

/// The streams of the projects module that the account does not use, to be left out of a sync that nobody chose streams
/// for. Both modules answer, whichever is in use, so nothing else would tell.
///
/// None when Teamleader does not say clearly which it is: too much is better than too little.
///
/// # Errors
/// What passes by itself, so that a sync does not read the wrong streams because of a bad moment.
pub(crate) async fn streams_of_the_unused_module(call: Call<Settings>) -> Result<Vec<&'static str>> {
    match status(&call).await {
        Ok(answer) => Ok(unused_streams(&answer)),
        Err(error) if error.code().metadata().retryable => Err(error),
        Err(_) => Ok(Vec::new()),
    }
}

async fn status(call: &Call<Settings>) -> Result<Box<RawValue>> {
    client::object(call, "accounts.projects-v2-status", &json!({})).await
}

fn unused_streams(answer: &RawValue) -> Vec<&'static str> {
    #[derive(Deserialize)]
    struct Status {
        status: String,
    }
    let status = serde_json::from_str::<Status>(answer.get()).map(|answer| answer.status);
    let is_unused = match status.as_deref() {
        Ok("projects-v2") => is_of_the_old_module,
        Ok("legacy") => is_of_the_new_module,
        _ => return Vec::new(),
    };
    RESOURCES.iter().filter(|resource| is_unused(resource)).map(|resource| resource.stream).collect()
}

/// Tasks of `tasks.list` are not among them: people have tasks without a project.
fn is_of_the_old_module(resource: &Resource) -> bool {
    matches!(resource.path, "projects" | "milestones")
}

fn is_of_the_new_module(resource: &Resource) -> bool {
    resource.path.starts_with("projects-v2/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unused(answer: &str) -> Vec<&'static str> {
        unused_streams(serde_json::from_str(answer).unwrap())
    }

    #[test]
    fn an_account_leaves_out_the_module_that_it_does_not_use() {
        let old = unused(r#"{"status":"projects-v2","will_be_automatically_switched_on":"2024-12-31"}"#);
        assert!(old.contains(&"legacy_projects") && !old.contains(&"projects"), "{old:?}");
        let new = unused(r#"{"status":"legacy"}"#);
        assert!(new.contains(&"projects") && !new.contains(&"legacy_projects"), "{new:?}");
    }

    #[test]
    fn nothing_is_left_out_while_the_module_is_not_clear() {
        for answer in [r#"{"status":"projects-v3"}"#, r#"{"status":null}"#, "{}", r#"{"status":2}"#] {
            assert!(unused(answer).is_empty(), "{answer}");
        }
    }
}

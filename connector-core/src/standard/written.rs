//! Writes: what was done, beside the response, so that a caller can tell a change from none.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::call::Call;
use crate::capability::Capability;
use crate::envelope::{Answer, ExecutionEffect, ExecutionSummary, error_json};
use crate::error::{ConnectorError, Result};
use crate::page_token;
use crate::schema;

/// The response of a write and what it did.
///
/// ```
/// use connector_core::standard::{AccountStatus, DeactivatedAccount, Written};
///
/// let response = DeactivatedAccount { status: AccountStatus::Inactive, deactivated: true };
/// let written = Written::unchanged(response).describe("It was inactive already.");
/// # let _ = written;
/// ```
#[derive(Debug)]
pub struct Written<T> {
    response: T,
    effect: ExecutionEffect,
    repeatable: bool,
    description: Option<String>,
    caught: Vec<ConnectorError>,
}

impl<T> Written<T> {
    /// Something is there that was not. Done again, there may be two of it.
    pub fn created(response: T) -> Self {
        Self {
            response,
            effect: ExecutionEffect::Created,
            repeatable: false,
            description: None,
            caught: Vec::new(),
        }
    }

    /// Something is different.
    pub fn updated(response: T) -> Self {
        Self { effect: ExecutionEffect::Updated, repeatable: true, ..Self::created(response) }
    }

    /// Something is gone.
    pub fn deleted(response: T) -> Self {
        Self { effect: ExecutionEffect::Deleted, repeatable: true, ..Self::created(response) }
    }

    /// It was as wanted already.
    pub fn unchanged(response: T) -> Self {
        Self { effect: ExecutionEffect::UNCHANGED, repeatable: true, ..Self::created(response) }
    }

    /// Whether the same request again does no more than once.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// What was done, in a sentence for people.
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Something that went wrong and did not matter.
    pub fn caught(mut self, error: ConnectorError) -> Self {
        self.caught.push(error);
        self
    }
}

/// A write under a name of the connector's own, with the `execution_summary` of the standard ones.
pub fn write<S, Request, Response, F, Fut>(name: &'static str, handler: F) -> Capability<S>
where
    S: Send + Sync + 'static,
    Request: DeserializeOwned + JsonSchema + Send + 'static,
    Response: Serialize + JsonSchema + 'static,
    F: Fn(Call<S>, Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Written<Response>>> + Send + 'static,
{
    let handler = Arc::new(handler);
    Capability::typed::<Request, Response>(
        name,
        Arc::new(move |context, request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let app_id = context.integration().app_id().to_owned();
                let fingerprint = fingerprint(&page_token::question(&app_id, name, &request));
                let request = schema::typed(Value::Object(request), "/request")?;
                let written = handler(Call::new(context), request).await?;
                let raised_in = format!("{app_id}::capabilities:{name}");
                let mut answer = Answer::new(&written.response)?;
                answer.execution_summary = Some(ExecutionSummary {
                    effect: written.effect,
                    request_fingerprint: fingerprint,
                    is_idempotent: written.repeatable,
                    description: written.description,
                    caught_errors: written
                        .caught
                        .iter()
                        .map(|error| error_json(error, &app_id, &raised_in))
                        .collect(),
                });
                Ok(answer)
            })
        }),
    )
    .writes()
}

/// The same for the same request to the same capability, however its fields are ordered.
fn fingerprint(question: &str) -> String {
    use std::fmt::Write;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(question) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

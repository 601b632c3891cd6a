//! The connector against the sandbox, over HTTP.

mod capabilities;
mod declaration;
mod errors;
mod reading;

use std::sync::Arc;

use connector_core::Result;
use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::host::{Host, NoHost};
use connector_core::integration::Integration;
use serde_json::{Value, json};
use teamleader_sandbox::{Control, Options, Sandbox};

/// The connector with a token for a sandbox of its own.
struct Connected {
    integration: Arc<Integration>,
    sandbox: Sandbox,
    control: Control,
    token: String,
}

impl Connected {
    async fn to(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.expect("a free port");
        let control = sandbox.control();
        let token = control.issue_tokens().access_token;
        Self { integration: Arc::new(teamleader::integration()), sandbox, control, token }
    }

    /// To an account with a few records of everything.
    async fn to_small_account() -> Self {
        Self::to(Options::default().records(30).requests_per_minute(None)).await
    }

    async fn call(&self, capability: &str, request: Value) -> Result<Answer> {
        self.call_page(capability, request, json!({})).await
    }

    async fn call_page(&self, capability: &str, request: Value, page: Value) -> Result<Answer> {
        let envelope = json!({
            "request": request,
            "auth": {"oauth": {"access_token": self.token}},
            "settings": {
                "api_url": self.sandbox.url(),
                "auth_url": self.sandbox.url(),
                "requests_per_minute": 0,
            },
            "page": page,
        });
        self.call_envelope(capability, &envelope).await
    }

    async fn call_envelope(&self, capability: &str, envelope: &Value) -> Result<Answer> {
        let host: Arc<dyn Host> = Arc::new(NoHost);
        let envelope = RequestEnvelope::parse(&envelope.to_string())?;
        dispatch(&self.integration, capability, envelope, &host).await
    }

    /// All records of a list, page after page.
    async fn all(&self, stream: &str, request: Value) -> Vec<Value> {
        let capability = format!("list_{stream}");
        let (mut records, mut token) = (Vec::new(), Value::Null);
        loop {
            let answer =
                self.call_page(&capability, request.clone(), json!({"token": token})).await.expect("a page");
            records.extend(response::<Vec<Value>>(&answer));
            match answer.page {
                Some(next) => token = next.token.into(),
                None => return records,
            }
        }
    }
}

fn response<T: serde::de::DeserializeOwned>(answer: &Answer) -> T {
    serde_json::from_str(answer.response.get()).expect("a response of this type")
}

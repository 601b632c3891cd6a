//! A connector whose app wants two credentials with each call: what agents see of several, and how they send them.
//!
//! ```console
//! $ cargo run --example two_credentials -- whose --json '{"credentials":[
//!     {"id":"app","oauth1":{"consumer_key":"k","consumer_secret":"s","token_id":"t","token_secret":"u"}},
//!     {"id":"reports","jwt":{"headers":{"alg":"HS256"},"claims":{"iss":"me"},"secret":"s"}}]}'
//! ```

use std::process::ExitCode;

use connector_cli::CommandLine;
use connector_core::auth::{AuthKind, NamedCredential};
use connector_core::capability::Capability;
use connector_core::integration::Integration;
use connector_core::{Auth, Call, ConnectorError, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Settings {}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// What the credentials say about their owners.
#[derive(Serialize, JsonSchema)]
struct Whose {
    consumer: String,
    issuer: Option<String>,
}

async fn whose(call: Call<Settings>, _: Nothing) -> Result<Whose> {
    let Auth::Oauth1(app) = call.credential("app")? else {
        return Err(ConnectorError::new(ErrorCode::InternalError, "the declaration says OAuth 1.0a"));
    };
    let issuer = match call.credential("reports") {
        Ok(Auth::Jwt(jwt)) => jwt.claims.get("iss").and_then(|issuer| Some(issuer.as_str()?.to_owned())),
        _ => None,
    };
    Ok(Whose { consumer: app.consumer_key.clone(), issuer })
}

fn integration() -> Integration {
    Integration::builder::<Settings>("two_credentials", env!("CARGO_PKG_VERSION"))
        .name("Two credentials")
        .description("An app that wants two credentials with each call.")
        .credential(NamedCredential::new("app", AuthKind::Oauth1).description("The app itself."))
        .credential(NamedCredential::new("reports", AuthKind::Jwt).description("Its reports.").optional())
        .capability(Capability::new("whose", whose).description("Tells whose the credentials are."))
        .build()
        .expect("the declaration is sound")
}

fn main() -> ExitCode {
    CommandLine::new("two-credentials-connector", integration).run()
}

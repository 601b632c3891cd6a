//! A connector of an app that offers whatever OAuth has: the app of the system tests' authorization server. It reads
//! nothing; it is there for the broker.

use std::process::ExitCode;

use connector_cli::CommandLine;
use connector_core::{
    Result, Secret,
    auth::AuthKind,
    integration::Integration,
    oauth::{Grant, OAuth, OAuthClient},
};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Settings {
    server: String,
    client_id: String,
    client_secret: Secret,
}

fn main() -> ExitCode {
    CommandLine::new("oauth-app", integration).run()
}

fn integration() -> Integration {
    let oauth = OAuth::new(client).scopes(&["read"]).revocation().introspection().grants(&[
        Grant::AuthorizationCode,
        Grant::RefreshToken,
        Grant::DeviceCode,
        Grant::TokenExchange,
    ]);
    Integration::builder::<Settings>("example", "1.0.0")
        .auth(&[AuthKind::Oauth])
        .oauth(oauth)
        .build()
        .expect("the declaration is sound")
}

#[expect(clippy::unnecessary_wraps, reason = "a declaration takes settings that may be wrong")]
fn client(settings: &Settings) -> Result<OAuthClient> {
    let at = |path: &str| format!("{}/{path}", settings.server);
    Ok(OAuthClient::new(at("oauth2/authorize"), at("oauth2/access_token"))
        .device_url(at("device/auth"))
        .revocation_url(at("token/revocation"))
        .introspection_url(at("token/introspection"))
        .client_id(settings.client_id.clone())
        .client_secret(Some(settings.client_secret.clone())))
}

//! The declaration: everything that the framework knows about Teamleader.

use std::time::Duration;

use connector_core::Result;
use connector_core::auth::AuthKind;
use connector_core::capability::{Capability, names};
use connector_core::http::HttpOptions;
use connector_core::integration::Integration;
use connector_core::oauth::{OAuth, OAuthClient};
use connector_core::registry::Connector;

use crate::settings::Settings;
use crate::{capabilities, client, documents, error, export, resources};

/// Scopes of the resources that are read. Custom field definitions need none.
const SCOPES: &[&str] =
    &["companies", "contacts", "deals", "departments", "events", "invoices", "projects", "users"];

inventory::submit! { Connector { app_id: "teamleader", integration } }

/// The declaration of Teamleader Focus.
///
/// # Panics
/// When the declaration contradicts itself, which a test of this crate excludes.
pub fn integration() -> Integration {
    Integration::builder::<Settings>("teamleader", env!("CARGO_PKG_VERSION"))
        .name("Teamleader Focus")
        .description("CRM, invoicing, calendar and projects for small and medium-sized companies.")
        .categories(&["crm", "invoicing", "project_management"])
        .auth(&[AuthKind::Oauth])
        .oauth(OAuth::new(oauth_client).scopes_at_registration(SCOPES))
        .http(http_options)
        .page_size(|settings| settings.page_size)
        .concurrency(|settings| settings.concurrency as usize)
        .rate_limit(client::rate_limit)
        .map_error(error::map)
        .streams(resources::streams())
        .documents(documents::TABLES)
        .export(export::contacts())
        .capability(
            Capability::new(names::VALIDATE_CREDENTIALS, capabilities::validate_credentials)
                .description("Tells whose credentials these are, and of which account."),
        )
        .build()
        .expect("the declaration is sound")
}

fn oauth_client(settings: &Settings) -> Result<OAuthClient> {
    Ok(OAuthClient {
        authorize_url: settings.authorization_server("oauth2/authorize")?.into(),
        token_url: settings.authorization_server("oauth2/access_token")?.into(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone(),
        redirect_uri: settings.redirect_uri.clone(),
    })
}

fn http_options(settings: &Settings) -> HttpOptions {
    HttpOptions {
        timeout: Duration::from_secs(settings.timeout_seconds.into()),
        requests_per_minute: Some(settings.requests_per_minute).filter(|limit| *limit > 0),
        ..HttpOptions::default()
    }
}

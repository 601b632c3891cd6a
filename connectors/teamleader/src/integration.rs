//! The declaration: everything that the framework knows about Teamleader.

use std::time::Duration;

use connector_core::Result;
use connector_core::auth::AuthKind;
use connector_core::capability::{Capability, names};
use connector_core::custom_fields::CustomFields;
use connector_core::http::HttpOptions;
use connector_core::integration::{Category, Integration};
use connector_core::oauth::{OAuth, OAuthClient};
use connector_core::registry::Connector;
use connector_core::stream::ColumnType;

use crate::settings::Settings;
use crate::{capabilities, client, documents, error, export, resources, webhooks};

/// Scopes of the resources that are read. Lists that belong to one of them (tags, notes, tasks) need no other, and
/// some need none at all.
const SCOPES: &[&str] = &[
    "companies",
    "contacts",
    "deals",
    "departments",
    "events",
    "invoices",
    "orders",
    "products",
    "projects",
    "tickets",
    "users",
];

inventory::submit! { Connector { app_id: "teamleader", integration } }

/// The declaration of Teamleader Focus.
///
/// # Panics
/// When the declaration contradicts itself, which a test of this crate excludes.
pub fn integration() -> Integration {
    Integration::builder::<Settings>("teamleader", env!("CARGO_PKG_VERSION"))
        .name("Teamleader Focus")
        .description("CRM, invoicing, calendar and projects for small and medium-sized companies.")
        .categories(&[Category::SalesAndSupport, Category::AccountingAndFinance, Category::Collaboration])
        .vendor_domain("teamleader.eu")
        .auth(&[AuthKind::Oauth])
        .oauth(OAuth::new(oauth_client).scopes_at_registration(SCOPES))
        .http(http_options)
        .page_size(|settings| settings.page_size)
        .concurrency(|settings| settings.concurrency as usize)
        .rate_limit(client::rate_limit)
        .map_error(error::map)
        .error_codes(error::CODES)
        .streams(resources::streams())
        .webhooks(webhooks::WEBHOOKS)
        .leave_out(capabilities::streams_of_the_unused_module)
        .custom_fields(CustomFields {
            definitions: "custom_field_definitions",
            field: "custom_fields",
            column: custom_field_column,
        })
        .documents(documents::TABLES)
        .export(export::contacts())
        .capability(
            Capability::new(names::VALIDATE_CREDENTIALS, capabilities::validate_credentials)
                .description("Tells whose credentials these are, and of which account."),
        )
        .capability(
            Capability::new("get_me", capabilities::get_me)
                .description("Reads the user who agreed to the access, and the account."),
        )
        .capability(
            Capability::new("get_projects_module", capabilities::get_projects_module)
                .description("Tells which of the two projects modules the account uses."),
        )
        .capability(
            Capability::new("get_exchange_rates", capabilities::get_exchange_rates)
                .description("Reads what a currency is worth in the others."),
        )
        .capability(
            Capability::new("get_total_user_availability", capabilities::get_total_user_availability)
                .description("Reads how much time users have in a period."),
        )
        .capability(
            Capability::new("get_daily_user_availability", capabilities::get_daily_user_availability)
                .description("Reads how much time users have on each day of a period."),
        )
        .capability(
            Capability::new("get_current_timer", capabilities::get_current_timer)
                .description("Reads the timer that runs for the user who agreed to the access."),
        )
        .capability(
            Capability::new("get_ticket_message", capabilities::get_ticket_message)
                .description("Reads one message of a ticket by its id."),
        )
        .capability(
            Capability::new("get_cloud_platform_url", capabilities::get_cloud_platform_url)
                .description("Tells where a customer sees an invoice, a quotation or a ticket."),
        )
        .capability(
            Capability::new("migrate_id", capabilities::migrate_id)
                .description("Translates an id of Teamleader's old API."),
        )
        .capability(
            Capability::new("download_file", capabilities::download_file)
                .description("Gives a link to a file, for a short time."),
        )
        .capability(
            Capability::new("download_invoice", capabilities::download_invoice)
                .description("Gives a link to an invoice as a document, for a short time."),
        )
        .capability(
            Capability::new("download_credit_note", capabilities::download_credit_note)
                .description("Gives a link to a credit note as a document, for a short time."),
        )
        .capability(
            Capability::new("download_quotation", capabilities::download_quotation)
                .description("Gives a link to a quotation as a document, for a short time."),
        )
        .capability(
            Capability::new("register_webhooks", capabilities::register_webhooks)
                .description("Has Teamleader send events of some types to an address.")
                .writes(),
        )
        .capability(
            Capability::new("unregister_webhooks", capabilities::unregister_webhooks)
                .description("Has Teamleader no longer send events of some types to an address.")
                .writes(),
        )
        .build()
        .expect("the declaration is sound")
}

/// The column of a custom field, by its kind. Kinds that Teamleader adds are text.
fn custom_field_column(kind: &str) -> (ColumnType, Option<&'static str>) {
    match kind {
        "integer" | "number" | "auto_increment" => (ColumnType::Number, None),
        "money" => (ColumnType::Number, Some("amount")),
        "date" => (ColumnType::Date, None),
        "boolean" => (ColumnType::Boolean, None),
        "multi_select" => (ColumnType::Json, None),
        "company" | "contact" | "product" | "user" => (ColumnType::Text, Some("id")),
        _ => (ColumnType::Text, None),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what the declaration takes may fail in other connectors")]
fn oauth_client(settings: &Settings) -> Result<OAuthClient> {
    let at = |path| settings.authorization_server(path);
    Ok(OAuthClient::new(at("oauth2/authorize"), at("oauth2/access_token"))
        .client_id(settings.client_id.clone())
        .client_secret(settings.client_secret.clone())
        .redirect_uri(settings.redirect_uri.clone()))
}

fn http_options(settings: &Settings) -> HttpOptions {
    HttpOptions {
        timeout: Duration::from_secs(settings.timeout_seconds.into()),
        requests_per_minute: Some(settings.requests_per_minute).filter(|limit| *limit > 0),
        ..HttpOptions::default()
    }
}

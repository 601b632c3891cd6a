//! A connector with every standard capability, over a directory in memory: what each looks like, and what tests of the
//! wire run against.
//!
//! ```console
//! $ cargo run --example directory -- list_accounts --json '{"auth":{"token":{"token":"any"}},"page":{"size":2}}'
//! ```

mod access;
mod accounts;
mod applications;

use std::process::ExitCode;

use connector_cli::CommandLine;
use connector_core::auth::AuthKind;
use connector_core::integration::{Category, Integration, IntegrationBuilder};
use connector_core::standard::{EntitlementType, ResourceType};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// Settings of the directory.
#[derive(Deserialize, JsonSchema)]
struct Settings {
    /// Where the app is, for the capabilities that ask it.
    #[serde(default = "nowhere")]
    #[schemars(with = "String")]
    api_url: Url,
    /// How many accounts there are.
    #[serde(default = "five")]
    accounts: u32,
}

fn nowhere() -> Url {
    Url::parse("http://127.0.0.1:9").expect("a constant")
}

fn five() -> u32 {
    5
}

fn integration() -> Integration {
    let declaration = Integration::builder::<Settings>("directory", env!("CARGO_PKG_VERSION"))
        .name("Directory")
        .description("People, and what they may do.")
        .categories(&[Category::ItAndSecurity])
        .vendor_domain("example.com")
        .auth(&[AuthKind::Token, AuthKind::Basic])
        .resource_types([ResourceType { type_id: "group".into(), type_label: "Group".into() }])
        .entitlement_types([EntitlementType {
            type_id: "role".into(),
            type_label: "Role".into(),
            resource_type_id: "group".into(),
            ..EntitlementType::default()
        }]);
    let parts: [fn(IntegrationBuilder<Settings>) -> IntegrationBuilder<Settings>; 3] =
        [accounts::declare, access::declare, applications::declare];
    let declaration = parts.iter().fold(declaration, |declaration, declare| declare(declaration));
    declaration.build().expect("the declaration is sound")
}

fn main() -> ExitCode {
    CommandLine::new("directory", integration).run()
}

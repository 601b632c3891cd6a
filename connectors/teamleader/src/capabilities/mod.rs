//! What streams do not give: a file for each subject.

mod account;
mod availability;
mod cloud_platform;
mod downloads;
mod exchange_rates;
mod id;
mod migration;
mod projects_module;
mod sent;
mod tickets;
mod timers;
mod webhook_types;
mod webhooks;

pub(crate) use account::{get_me, validate_credentials};
pub(crate) use availability::{get_daily_user_availability, get_total_user_availability};
pub(crate) use cloud_platform::get_cloud_platform_url;
pub(crate) use downloads::{download_credit_note, download_file, download_invoice, download_quotation};
pub(crate) use exchange_rates::get_exchange_rates;
pub(crate) use migration::migrate_id;
pub(crate) use projects_module::{get_projects_module, streams_of_the_unused_module};
pub(crate) use tickets::get_ticket_message;
pub(crate) use timers::get_current_timer;
pub(crate) use webhook_types::WEBHOOK_TYPES;
pub(crate) use webhooks::{register_webhooks, unregister_webhooks};

use schemars::JsonSchema;
use serde::Deserialize;

/// Nothing is asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

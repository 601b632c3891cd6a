//! Exchange rates.

#![expect(clippy::struct_field_names, reason = "the names are Teamleader's")]

use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sent::Sent;
use crate::client;
use crate::settings::Settings;

/// The currency whose rates are asked for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetExchangeRates {
    base: Currency,
}

/// The currencies that Teamleader knows, by ISO 4217.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Currency {
    Bam,
    Cad,
    Chf,
    Clp,
    Cny,
    Cop,
    Czk,
    Dkk,
    Eur,
    Gbp,
    Inr,
    Isk,
    Jpy,
    Mad,
    Mxn,
    Nok,
    Pen,
    Pln,
    Ron,
    Sek,
    Try,
    Usd,
    Zar,
}

/// What one unit of the base is worth in a currency.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: answers stay as they were sent")]
pub(crate) struct ExchangeRate {
    /// ISO 4217.
    code: Option<String>,
    symbol: Option<String>,
    name: Option<String>,
    exchange_rate: Option<f64>,
}

pub(crate) async fn get_exchange_rates(
    call: Call<Settings>,
    request: GetExchangeRates,
) -> Result<Vec<Sent<ExchangeRate>>> {
    let rates = client::all(&call, "currencies.exchangeRates", json!(request)).await?;
    Ok(rates.into_iter().map(Sent::from).collect())
}

//! `currencies.exchangeRates`: every currency, seen from the one that is asked for.

use serde_json::{Map, Value, json};

use super::super::condition::{among, string};
use super::{Answer, parameter};
use crate::reply::Reply;
use crate::state::State;

pub(super) fn exchange_rates(_: &mut State, parameters: &Map<String, Value>) -> Answer {
    let codes = CURRENCIES.map(|(code, ..)| code);
    let base = string("base", parameter(parameters, "base"))
        .and_then(|code| among("base", vec![code], &codes))
        .map_err(|problem| vec![problem])?
        .remove(0);
    let for_one_euro = |code: &str| CURRENCIES.iter().find(|it| it.0 == code).map_or(1.0, |it| it.3);
    let rows = CURRENCIES.map(|(code, symbol, name, rate)| {
        let rate = (rate / for_one_euro(&base) * 10_000.0).round() / 10_000.0;
        json!({"code": code, "symbol": symbol, "name": name, "exchange_rate": rate})
    });
    Ok(Reply::json(200, &json!({ "data": rows })))
}

/// Code, symbol, name, and what one euro is in it.
const CURRENCIES: [(&str, &str, &str, f64); 23] = [
    ("BAM", "KM", "Bosnia-Herzegovina Convertible Mark", 1.9558),
    ("CAD", "CA$", "Canadian Dollar", 1.6),
    ("CHF", "CHF", "Swiss Franc", 0.93),
    ("CLP", "CLP", "Chilean Peso", 1085.0),
    ("CNY", "CN¥", "Chinese Yuan", 8.22),
    ("COP", "COP", "Colombian Peso", 4480.0),
    ("CZK", "CZK", "Czech Koruna", 24.2),
    ("DKK", "DKK", "Danish Krone", 7.47),
    ("EUR", "€", "Euro", 1.0),
    ("GBP", "£", "British Pound", 0.87),
    ("INR", "₹", "Indian Rupee", 104.0),
    ("ISK", "ISK", "Icelandic Króna", 147.0),
    ("JPY", "¥", "Japanese Yen", 182.0),
    ("MAD", "MAD", "Moroccan Dirham", 10.7),
    ("MXN", "MX$", "Mexican Peso", 21.3),
    ("NOK", "NOK", "Norwegian Krone", 11.7),
    ("PEN", "PEN", "Peruvian Sol", 3.9),
    ("PLN", "PLN", "Polish Zloty", 4.24),
    ("RON", "RON", "Romanian Leu", 5.09),
    ("SEK", "SEK", "Swedish Krona", 10.9),
    ("TRY", "TRY", "Turkish Lira", 49.5),
    ("USD", "$", "US Dollar", 1.17),
    ("ZAR", "ZAR", "South African Rand", 20.0),
];

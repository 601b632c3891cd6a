//! Whose rows a table holds: those of one account of one app, and of no other.

use crate::error::{ConnectorError, ErrorCode};

/// The error of a run whose rows must not stand beside those of another app.
pub fn other_app(table: &str, owner: &str, app_id: &str) -> ConnectorError {
    let message =
        format!("the table {table} holds rows that {owner} wrote, and this run writes those of {app_id}");
    ConnectorError::new(ErrorCode::Conflict, message)
        .app_error_code("sync.app_mismatch")
        .hint("write to another schema (`--schema`) or store (`--to`), or under another name")
}

/// The error of a run whose rows must not stand beside those of another account.
pub fn other_account(table: &str, stored: &str, account: &str) -> ConnectorError {
    let message =
        format!("the table {table} holds rows of account {stored}, and this run reads account {account}");
    ConnectorError::new(ErrorCode::Conflict, message).app_error_code("sync.account_mismatch").hint(
        "write to another schema (`--schema`) or store (`--to`), or drop the table to have it read anew from this \
         account",
    )
}

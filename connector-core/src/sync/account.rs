//! Whose rows a table holds: those of one account, and of no other.

use crate::error::{ConnectorError, ErrorCode};

/// The error of a run whose rows must not stand beside those of another account.
pub fn other_account(table: &str, stored: &str, account: &str) -> ConnectorError {
    let message =
        format!("the table {table} holds rows of account {stored}, and this run reads account {account}");
    ConnectorError::new(ErrorCode::Conflict, message).app_error_code("sync.account_mismatch").hint(
        "write to another schema (`--schema`) or store (`--to`), or drop the table to have it read anew from this \
         account",
    )
}

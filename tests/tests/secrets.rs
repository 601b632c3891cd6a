//! No secret is anywhere that it does not have to be.

use std::{fmt::Write, fs};

use system_tests::{
    account::{Account, VAULT_KEY},
    binary::Outcome,
    store::Kind,
};

on_both_stores! {
    no_secret_is_said_or_stored_in_the_open,
}

/// How the sandbox's secrets begin: codes and refresh tokens, and access tokens of either order of their header.
const BEGINNINGS: [&str; 3] = ["def50200", "eyJhbGciOi", "eyJ0eXAiOi"];
const PASSWORD: &str = "hunter2-of-the-database";

fn no_secret_is_said_or_stored_in_the_open(kind: Kind) {
    let account = Account::with_records(20, kind).environment("CONNECTOR_LOG", "trace");
    let url = account.store().url().replacen("postgres@", &format!("postgres:{PASSWORD}@"), 1);
    let account = account.environment("CONNECTOR_STORE_URL", &url);
    let mut said = Vec::new();
    let mut keep = |name: &'static str, outcome: Outcome| said.push((name, outcome));

    let account = {
        keep("login", account.login());
        account.logged_in()
    };
    keep("sync", account.sync([]));
    account.control().expire_access_tokens();
    keep("sync with a refresh", account.sync(["companies"]));
    keep("list", account.connector().run(["list_companies"]));
    keep("status", account.connector().run(["status"]));
    keep("conflict of flags", account.connector().run(["sync", "--to", &url, "--json", "{"]));
    account.control().revoke_tokens();
    keep("sync after the end of the grant", account.sync(["companies"]));
    assert!(account.token_requests() >= 2, "it was refreshed, and refused");
    assert!(
        said.iter().any(|(_, outcome)| outcome.standard_error.contains("\"TRACE\"")
            || outcome.standard_error.contains("\"DEBUG\"")),
        "the log is on"
    );

    let secrets = || BEGINNINGS.into_iter().chain([account.sandbox().client_secret(), VAULT_KEY, PASSWORD]);
    for (name, outcome) in &said {
        for secret in secrets() {
            for (stream, text) in [("output", &outcome.standard_output), ("error", &outcome.standard_error)] {
                // A record of the app may hold anything; these do not.
                let line = text.lines().find(|line| line.contains(secret));
                assert!(line.is_none(), "{name} says a secret ({secret}) on standard {stream}: {line:?}");
            }
        }
    }
    let dump = account.store().dump();
    assert!(contains(&dump, b"companies"), "the dump is one");
    for secret in secrets() {
        assert!(!contains(&dump, secret.as_bytes()), "{secret} lies in the database");
        assert!(!contains(&dump, in_hexadecimal(secret).as_bytes()), "{secret} lies in the database");
    }
    for file in fs::read_dir(account.connector().working_folder()).expect("a folder") {
        let file = file.expect("a file").path();
        let bytes = fs::read(&file).expect("readable");
        for secret in secrets() {
            assert!(!contains(&bytes, secret.as_bytes()), "{secret} lies in {}", file.display());
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// As `bytea` shows it.
fn in_hexadecimal(text: &str) -> String {
    let mut digits = String::new();
    for byte in text.bytes() {
        write!(digits, "{byte:02x}").expect("a text takes everything");
    }
    digits
}

#[test]
fn a_secret_in_the_wrong_place_of_the_arguments_is_not_repeated() {
    let account = Account::with_records(1, Kind::Sqlite).environment("CONNECTOR_LOG", "trace");
    let secret = account.sandbox().client_secret().to_owned();
    let misplaced: [&[&str]; 6] = [
        &[&secret],
        &["sync", &secret],
        &["sync", "--to", &secret],
        &["sync", "--schema", &secret, "--json", "{"],
        &["login", "--no-browser", "--client-secret", &secret],
        &["list_companies", "--json", &secret],
    ];
    for arguments in misplaced {
        let outcome = account.connector().run(arguments);
        assert_ne!(outcome.exit_code(), 0, "{arguments:?}");
        assert!(!format!("{outcome:?}").contains(&secret), "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn a_line_of_dotenv_that_cannot_be_read_is_not_repeated() {
    let account = Account::with_records(1, Kind::Sqlite).environment("CONNECTOR_LOG", "trace");
    let folder = account.connector().working_folder();
    fs::write(folder.join(".env"), "TEAMLEADER_PAGE_SIZE=50\nTEAMLEADER CLIENT_SECRET='hunter2\n").unwrap();
    let outcome = account.connector().run(["list_companies", "--json", account.envelope()]);
    assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
}

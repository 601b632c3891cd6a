//! Somebody who looks at the page of a running server with a browser.
//!
//! ```no_run
//! use system_tests::{account::Account, people::Visit, store::Kind};
//!
//! let account = Account::with_records(30, Kind::Sqlite).logged_in();
//! let visit = Visit::signed_in(&account);
//! visit.browser.press("Sync now");
//! visit.assert_calm();
//! ```

use std::net::TcpListener;

use serde_json::Value;

use crate::{
    account::{Account, text},
    binary::RunningConnector,
    chromium::Chromium,
};

/// A server that runs, and a browser at its page.
#[derive(Debug)]
pub struct Visit {
    /// The browser.
    pub browser: Chromium,
    /// The server that its page is of.
    pub server: Server,
}

/// A server that runs until this value is dropped.
#[derive(Debug)]
pub struct Server {
    process: RunningConnector,
    /// Where it listens, without a path.
    pub url: String,
}

impl Server {
    /// Starts `serve` on a free port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(account: &Account) -> Self {
        let mut process = account.connector().start(["serve", "--listen", "127.0.0.1:0"]);
        let url = format!("http://{}", listening(&mut process));
        Self { process, url }
    }

    /// Starts `serve` under the name `localhost`: for a browser another site than `127.0.0.1`, where the app is.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_on_another_site(account: &Account) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let (address, url) = (format!("127.0.0.1:{port}"), format!("http://localhost:{port}"));
        let mut process =
            account.connector().start(["serve", "--listen", address.as_str(), "--public-url", url.as_str()]);
        listening(&mut process);
        Self { process, url }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

/// Where a server says that it listens.
fn listening(process: &mut RunningConnector) -> String {
    let line = process.wait_for_standard_output("\"ready\"");
    let ready: Value = serde_json::from_str(&line).expect("one line of JSON");
    text(&ready["listening"]).to_owned()
}

/// The text of a new key to the server of an account, with these scopes.
///
/// # Panics
/// When none is made.
pub fn new_key(account: &Account, scopes: &[&str]) -> String {
    let mut arguments = vec!["keys", "create", "--label", "test"];
    arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    let made = account.connector().run(arguments);
    assert_eq!(made.exit_code(), 0, "{made:?}");
    text(&made.response()["key"]).to_owned()
}

impl Visit {
    /// A browser before the page to sign in at.
    pub fn new(account: &Account) -> Self {
        Self::of(Server::start(account))
    }

    /// The same, of a server that was started.
    pub fn of(server: Server) -> Self {
        let browser = Chromium::start();
        browser.visit(&server.url);
        Self { browser, server }
    }

    /// A browser before the overview, with a key that may do everything.
    pub fn signed_in(account: &Account) -> Self {
        let visit = Self::new(account);
        visit.sign_in(&new_key(account, &["admin"]));
        visit
    }

    /// Signs in with a key.
    pub fn sign_in(&self, key: &str) {
        self.browser.fill("#key", key);
        self.browser.press("Sign in");
        self.browser.wait_for(".sign-out");
    }

    /// Goes to a path of the server.
    pub fn go(&self, path: &str) {
        self.browser.visit(&format!("{}{path}", self.server.url));
    }

    /// Checks that the page is in order: nothing that keeps people out, and nothing in the console, which is where a
    /// browser says what the page's policy forbade.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_calm(&self) {
        let barriers = self.browser.barriers();
        assert!(barriers.is_empty(), "{}:\n{}", self.browser.address(), barriers.join("\n"));
        self.assert_silent();
    }

    /// Checks that the console is empty.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_silent(&self) {
        let messages = self.browser.console();
        assert!(messages.is_empty(), "{}: {messages:#?}", self.browser.address());
    }
}

//! An OAuth server that this project did not write: npm's `oidc-provider`, started from `tests/node/oauth-server.mjs`.
//! It rotates refresh tokens, and when one is used twice it revokes everything that came from it.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{
    binary::{Connector, Outcome},
    browser::{follow, visit},
};

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct OAuthServer {
    process: Child,
    issuer: String,
}

impl OAuthServer {
    /// Starts a server on a free port.
    ///
    /// # Panics
    /// When Node.js or its packages are missing; `make test` installs them.
    pub fn start() -> Self {
        Self::started_with(None)
    }

    /// The same, where the client `with-key` is registered with this public key, a JSON Web Key.
    ///
    /// # Panics
    /// When Node.js or its packages are missing.
    pub fn with_client_key(key: &Value) -> Self {
        Self::started_with(Some(key.to_string()))
    }

    fn started_with(client_key: Option<String>) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/oauth-server.mjs");
        assert!(
            script.with_file_name("node_modules").is_dir(),
            "tests/node/node_modules is missing: `make test` makes it, as does `tests/find-node --install`"
        );
        let node = env::var_os("NODE_BIN").unwrap_or_else(|| "node".into());
        // Its standard input is held open: it ends with this process, however that ends.
        let mut process = Command::new(&node)
            .arg(script)
            .envs(client_key.map(|key| ("CLIENT_JWK", key)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", node.display()));
        let stdout = process.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line of text");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server says {line:?}"));
        let issuer = ready["issuer"].as_str().expect("its address").to_owned();
        Self { process, issuer }
    }

    /// Its address.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Changes how it behaves; the members are told in `oauth-server.mjs`.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn control(&self, change: &Value) {
        let host = self.host();
        let mut connection = TcpStream::connect(host).expect("the server listens");
        let body = change.to_string();
        write!(
            connection,
            "POST /control HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("the request is small");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// A count of what happened: `token_requests`, `refreshed` (successful refreshes), `logins`, `refused`, `waiting`
    /// (requests at the gate), `held` (answers that are being held back).
    ///
    /// # Panics
    /// When it does not answer.
    pub fn count(&self, name: &str) -> u64 {
        let seen = self.ask("");
        seen[name].as_u64().unwrap_or_else(|| panic!("there is no count {name}: {seen}"))
    }

    /// Every secret that went through it: tokens, codes, verifiers, states, secrets of clients.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn secrets(&self) -> Vec<String> {
        let mut answer = self.ask("/secrets");
        serde_json::from_value(answer["secrets"].take()).expect("a list of texts")
    }

    /// Somebody agrees on another device.
    ///
    /// # Panics
    /// When nobody was asked with this code.
    pub fn agree_on_another_device(&self, user_code: &str) {
        let page = visit(&format!("{}/control/agree?user_code={user_code}", self.issuer));
        assert_eq!(page.status, 200, "{page:?}");
    }

    fn ask(&self, path: &str) -> Value {
        let page = visit(&format!("{}/control{path}", self.issuer));
        let body = page.text.split_once("\r\n\r\n").expect("a head and a body").1;
        let start = body.find('{').expect("a JSON object");
        let end = body.rfind('}').expect("a JSON object");
        serde_json::from_str(&body[start..=end]).expect("a JSON object")
    }

    /// A connector that is registered here as the client `with-post`.
    pub fn connector(&self, connector: Connector) -> Connector {
        connector
            .environment("TEAMLEADER_API_URL", &self.issuer)
            .environment("TEAMLEADER_AUTH_URL", &self.issuer)
            .environment("TEAMLEADER_CLIENT_ID", "with-post")
            .environment("TEAMLEADER_CLIENT_SECRET", "post-secret-0123456789")
            .environment("TEAMLEADER_REQUESTS_PER_MINUTE", "0")
    }

    /// Logs in a connector that is registered at such a server, with somebody who agrees.
    ///
    /// # Panics
    /// When the login asks nobody.
    pub fn login<'a>(connector: &Connector, arguments: impl IntoIterator<Item = &'a str>) -> Outcome {
        let words: Vec<&str> = ["login", "--no-browser"].into_iter().chain(arguments).collect();
        let mut login = connector.start(words);
        let address = login.wait_for_standard_error("/oauth2/authorize");
        visit(&follow(address.trim()));
        login.wait()
    }

    fn host(&self) -> &str {
        self.issuer.trim_start_matches("http://")
    }
}

impl Drop for OAuthServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

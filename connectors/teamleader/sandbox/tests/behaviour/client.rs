//! A plain client with a valid token, and the sandbox it talks to.

use std::sync::Once;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use teamleader_sandbox::{Control, Options, Sandbox};

pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) control: Control,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

#[expect(clippy::disallowed_methods, reason = "tests of the sandbox know nothing of connectors")]
pub(crate) fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let none = reqwest::redirect::Policy::none();
    reqwest::Client::builder().redirect(none).no_proxy().build().unwrap()
}

impl Client {
    pub(crate) async fn with_records(records: usize) -> Self {
        Self::start(Options::default().records(records)).await
    }

    pub(crate) async fn start(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let control = sandbox.control();
        let token = control.issue_tokens().access_token;
        Self { sandbox, control, http: http(), token }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<Response> {
        self.http.post(self.url(path)).bearer_auth(&self.token).json(&body).send().await
    }

    /// The body of an answer that must be 200.
    pub(crate) async fn ok(&self, path: &str, body: Value) -> Value {
        let response = self.post(path, body).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn rows(&self, path: &str, body: Value) -> Vec<Value> {
        self.ok(path, body).await["data"].as_array().unwrap().clone()
    }

    /// The status and the titles of the errors.
    pub(crate) async fn refused(&self, path: &str, body: Value) -> (u16, Vec<String>) {
        let response = self.post(path, body).await;
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let titles = body["errors"].as_array().unwrap().iter();
        (status, titles.map(|error| error["title"].as_str().unwrap().to_owned()).collect())
    }

    /// The ids of all rows, page by page until a page is not full.
    pub(crate) async fn walk(&self, path: &str, size: usize) -> (Vec<String>, Vec<usize>) {
        let (mut all, mut sizes) = (Vec::new(), Vec::new());
        for number in 1.. {
            let rows = self.rows(path, json!({"page": {"size": size, "number": number}})).await;
            sizes.push(rows.len());
            all.extend(ids(&rows));
            if rows.len() < size {
                break;
            }
        }
        (all, sizes)
    }

    pub(crate) async fn sim(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method, self.url(&format!("/_sim/{path}")));
        let response = request.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

pub(crate) fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

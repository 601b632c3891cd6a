//! The server's own routes, as the document tells them.

use serde_json::{Map, Value, json};

use super::components::Components;
use super::document::{error_responses, success_schema};
use crate::serve::access::Scope;

/// A route in words, for the document.
pub(super) struct RouteDescription {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    tag: &'static str,
    /// `None` for what needs no key.
    scope: Option<Scope>,
    query: &'static [(&'static str, &'static str, &'static str)],
    body: Option<Value>,
    status: &'static str,
    content_type: &'static str,
    answer: Option<Value>,
}

impl RouteDescription {
    const fn new(tag: &'static str, method: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            summary,
            tag,
            scope: None,
            query: &[],
            body: None,
            status: "200",
            content_type: "application/json",
            answer: None,
        }
    }

    fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Parameters of the query: name, type, description.
    fn query(mut self, query: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }

    fn body(mut self, schema: Value) -> Self {
        self.body = Some(schema);
        self
    }

    /// The status of success, where it is not 200.
    fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    /// What it answers, where that is not JSON.
    fn content_type(mut self, content_type: &'static str) -> Self {
        self.content_type = content_type;
        self.answer = Some(json!({"type": "string"}));
        self
    }

    /// The schema of the answer.
    fn answer(mut self, schema: Value) -> Self {
        self.answer = Some(schema);
        self
    }

    /// The same inside an envelope.
    fn response(self, schema: &Value) -> Self {
        self.answer(success_schema(schema))
    }

    /// Adds the route to the paths.
    pub(super) fn describe(self, components: &mut Components, paths: &mut Map<String, Value>) {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path = names
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        let in_query = self.query.iter().map(|(name, kind, description)| {
            json!({"name": name, "in": "query", "description": description, "schema": {"type": kind}})
        });
        let parameters: Vec<Value> = in_path.chain(in_query).collect();
        let mut success = json!({"description": self.summary});
        if let Some(schema) = self.answer {
            success["content"] = json!({self.content_type: {"schema": components.shared(schema)}});
        }
        let mut responses = error_responses();
        responses.insert(self.status.to_owned(), success);
        let mut operation = json!({
            "operationId": operation_id(self.method, self.path),
            "summary": self.summary,
            "tags": [self.tag],
            "parameters": parameters,
            "responses": responses,
        });
        match self.scope {
            Some(scope) => {
                let text = format!("Needs a key with the scope `{}`.", scope.name());
                operation["description"] = json!(text);
            }
            None => operation["security"] = json!([]),
        }
        if let Some(body) = self.body {
            let schema = components.shared(body);
            operation["requestBody"] = json!({"content": {"application/json": {"schema": schema}}});
        }
        let path = paths.entry(self.path).or_insert_with(|| json!({}));
        path[self.method] = operation;
    }
}

fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Every route of the server that is no capability.
pub(super) fn all() -> Vec<RouteDescription> {
    [health(), runs(), schedules(), exports(), connecting(), broker()].into_iter().flatten().collect()
}

fn health() -> Vec<RouteDescription> {
    let route = |method, path, summary| RouteDescription::new("health", method, path, summary);
    vec![
        route("get", "/health/live", "Whether the process answers").answer(json!({"const": "OK"})),
        route("get", "/health/ready", "Whether it can work, and what a person must do").answer(readiness()),
        route("get", "/healthz", "The same as /health/live").answer(json!({"const": "OK"})),
        route("get", "/readyz", "The same as /health/ready").answer(readiness()),
        route("get", "/metrics", "Counters and times for Prometheus")
            .scope(Scope::MetricsRead)
            .content_type("text/plain"),
    ]
}

fn readiness() -> Value {
    json!({
        "type": "object",
        "required": ["status", "store", "vault", "connections"],
        "properties": {
            "status": {"enum": ["ready", "not_ready"]},
            "store": {"type": "string"},
            "vault": {"type": "string"},
            "connections": {"type": "array", "items": {
                "type": "object",
                "required": ["app_id", "connection", "state", "message"],
                "properties": {
                    "app_id": {"type": "string"}, "connection": {"type": "string"},
                    "state": {"type": "string"}, "message": {"type": "string"},
                },
            }},
        },
    })
}

fn runs() -> Vec<RouteDescription> {
    let route = |method, path, summary| RouteDescription::new("runs", method, path, summary);
    let object = || json!({"type": "object"});
    vec![
        route("post", "/sync", "Start a sync in the background")
            .scope(Scope::SyncWrite)
            .body(object())
            .status("202")
            .response(&object()),
        route("get", "/sync/{id}", "How a run is, or was").scope(Scope::SyncRead).response(&object()),
        route("delete", "/sync/{id}", "Stop a run").scope(Scope::SyncWrite).status("202").response(&object()),
        route("post", "/sync/{id}/cancel", "Stop a run")
            .scope(Scope::SyncWrite)
            .status("202")
            .response(&object()),
        route("get", "/sync/{id}/events", "Follow a run as it works")
            .scope(Scope::SyncRead)
            .content_type("text/event-stream"),
        route("get", "/syncs", "The latest runs")
            .scope(Scope::SyncRead)
            .query(&[
                ("connection", "string", "Of this connection only"),
                ("limit", "integer", "At most so many"),
            ])
            .response(&object()),
    ]
}

fn schedules() -> Vec<RouteDescription> {
    let route = |method, path, summary| RouteDescription::new("schedules", method, path, summary);
    let object = || json!({"type": "object"});
    let one = "/schedules/{connection}/{name}";
    vec![
        route("get", "/schedules", "The schedules").scope(Scope::SyncRead).response(&object()),
        route("put", one, "Set a schedule").scope(Scope::SyncWrite).body(object()).response(&object()),
        route("delete", one, "Remove a schedule").scope(Scope::SyncWrite).response(&object()),
    ]
}

/// The file of contacts that callers of an older tool know.
fn exports() -> Vec<RouteDescription> {
    let route = |method, path, summary| {
        RouteDescription::new("exports", method, path, summary).scope(Scope::SyncWrite)
    };
    let object = || json!({"type": "object"});
    vec![
        route("post", "/export/export_csv", "Make the file anew, in the background").answer(object()),
        route("get", "/export/export_status", "Whether the file is being made, or failed").answer(object()),
        route("get", "/export/download_csv", "The file that was made last").content_type("text/csv"),
    ]
}

fn connecting() -> Vec<RouteDescription> {
    let route = |method, path, summary| RouteDescription::new("connecting", method, path, summary);
    vec![
        route("get", "/oauth/start", "Send a browser to agree to a connection")
            .scope(Scope::ConnectionWrite)
            .query(&[("connection", "string", "Name of the connection")])
            .status("302"),
        route("get", "/oauth/callback", "Where the app sends the browser back to: the state is the proof")
            .query(&[
                ("code", "string", "What is exchanged for tokens"),
                ("state", "string", "Which authorization it belongs to"),
                ("iss", "string", "Who issued the code"),
                ("error", "string", "Why there is none"),
            ])
            .content_type("text/html"),
    ]
}

fn broker() -> Vec<RouteDescription> {
    let route = |method, path, summary| RouteDescription::new("broker", method, path, summary);
    let of_connection = &[("connection", "string", "Name of the connection, `default` when absent")];
    let object = || json!({"type": "object"});
    let token = "/{app_id}/{connector_type}/binb-token";
    vec![
        route("get", token, "A token that works, renewed if needed")
            .scope(Scope::TokenRead)
            .query(&[
                ("connection", "string", "Name of the connection, `default` when absent"),
                ("min_ttl", "integer", "Seconds that it must work for"),
                ("force_refresh", "boolean", "Renew it in any case"),
            ])
            .answer(token_schema()),
        route("delete", token, "Remove a connection, and revoke it at the app")
            .scope(Scope::ConnectionWrite)
            .query(of_connection)
            .status("204"),
        route("get", "/{app_id}/{connector_type}/binb-status", "How a connection is, without secrets")
            .scope(Scope::StatusRead)
            .query(of_connection)
            .answer(object()),
        route("post", "/{app_id}/{connector_type}/authorize", "Begin an authorization")
            .scope(Scope::ConnectionWrite)
            .body(object())
            .answer(object()),
        route("post", "/{app_id}/{connector_type}/device", "Begin an authorization on another device")
            .scope(Scope::ConnectionWrite)
            .body(object())
            .answer(object()),
        route("post", "/{app_id}/{connector_type}/exchange", "A token for another audience")
            .scope(Scope::TokenRead)
            .body(object())
            .answer(object()),
        route("put", "/{app_id}/{connector_type}/tokens", "Bring tokens that were obtained elsewhere")
            .scope(Scope::ConnectionWrite)
            .body(object())
            .status("204"),
        route("get", "/connections", "The connections that the key may see")
            .scope(Scope::StatusRead)
            .query(&[
                ("app_id", "string", "Of this app only"),
                ("state", "string", "In this state only"),
                ("cursor", "string", "Where the page before ended"),
                ("limit", "integer", "At most so many"),
            ])
            .answer(object()),
        route("get", "/audit", "Who was handed which token")
            .scope(Scope::AuditRead)
            .query(&[
                ("since", "string", "From this instant on"),
                ("cursor", "string", "Where the page before ended"),
            ])
            .answer(object()),
    ]
}

fn token_schema() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["app_id", "connector_type", "connection", "access_token", "token_type", "expires_at",
            "expires_in", "scope", "refreshed", "generation", "extra", "warning"],
        "properties": {
            "app_id": text(), "connector_type": text(), "connection": text(),
            "access_token": {"type": "string", "x-secret": true},
            "token_type": text(),
            "expires_at": {"type": ["string", "null"], "format": "date-time"},
            "expires_in": {"type": ["integer", "null"]},
            "scope": {"type": "array", "items": text()},
            "refreshed": {"type": "boolean"},
            "generation": {"type": "integer"},
            "extra": {"type": "object"},
            "warning": {"type": ["object", "null"], "properties": {"error_code": text(), "message": text()}},
        },
    })
}

//! Webhooks: told to those who registered, again when not answered, and badly when switched so.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};
use teamleader_sandbox::{Action, Scheduled, WebhookOutcome};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Client, ids};

/// A server that hears webhooks and answers as told; with success when nothing is told.
struct Receiver {
    url: String,
    heard: mpsc::UnboundedReceiver<Value>,
    answers: Arc<Mutex<Vec<u16>>>,
    _server: JoinSet<()>,
}

#[derive(Clone)]
struct Ear {
    heard: mpsc::UnboundedSender<Value>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    async fn start() -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let ear = Ear { heard: sender, answers: Arc::clone(&answers) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/unguessable", listener.local_addr().unwrap());
        let router = Router::new().fallback(hear).with_state(ear);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, heard, answers, _server: server }
    }

    fn answer(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses.iter().rev());
    }

    async fn next(&mut self) -> Value {
        self.heard.recv().await.unwrap()
    }

    /// The types of everything that arrived and was not looked at yet.
    fn rest(&mut self) -> Vec<String> {
        let mut types = Vec::new();
        while let Ok(payload) = self.heard.try_recv() {
            types.push(payload["type"].as_str().unwrap().to_owned());
        }
        types
    }
}

async fn hear(State(ear): State<Ear>, body: String) -> StatusCode {
    ear.heard.send(serde_json::from_str(&body).unwrap()).unwrap();
    let status = ear.answers.lock().unwrap().pop().unwrap_or(204);
    StatusCode::from_u16(status).unwrap()
}

async fn listening_for(types: Value) -> (Client, Receiver) {
    let client = Client::with_records(3).await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url, "types": types});
    assert_eq!(client.post("/webhooks.register", body).await.status(), 204);
    (client, receiver)
}

#[tokio::test]
async fn registrations_are_merged_by_url_and_listed_in_order() {
    let client = Client::with_records(1).await;
    for (url, types) in [
        ("https://b.example/hook", json!(["deal.won"])),
        ("https://a.example/hook", json!(["invoice.updated"])),
        ("https://b.example/hook", json!(["company.added", "deal.won"])),
    ] {
        client.post("/webhooks.register", json!({"url": url, "types": types})).await;
    }
    let expected = json!([
        {"url": "https://a.example/hook", "types": ["invoice.updated"]},
        {"url": "https://b.example/hook", "types": ["company.added", "deal.won"]},
    ]);
    assert_eq!(client.ok("/webhooks.list", json!({})).await, json!({"data": expected}));

    let body = json!({"url": "https://b.example/hook", "types": ["company.added"]});
    assert_eq!(client.post("/webhooks.unregister", body).await.status(), 204);
    let body = json!({"url": "https://a.example/hook", "types": ["invoice.updated"]});
    assert_eq!(client.post("/webhooks.unregister", body).await.status(), 204);
    let rows = client.rows("/webhooks.list", json!({})).await;
    assert_eq!(rows, [json!({"url": "https://b.example/hook", "types": ["deal.won"]})]);
}

#[tokio::test]
async fn registering_nonsense_is_refused_field_by_field() {
    let client = Client::with_records(1).await;
    let (status, titles) = client.refused("/webhooks.register", json!({"url": "here", "types": []})).await;
    assert_eq!(
        (status, titles.as_slice()),
        (400, ["url must be an URL", "types must not be empty"].map(str::to_owned).as_slice())
    );
    let (_, titles) = client.refused("/webhooks.register", json!({})).await;
    assert_eq!(titles, ["url must be present", "types must be present"]);
    let body = json!({"url": "https://a.example", "types": ["quotation.added"]});
    let (_, titles) = client.refused("/webhooks.register", body).await;
    assert!(titles[0].starts_with("types must be in `{ \"account.deactivated\""));
}

#[tokio::test]
async fn a_change_is_told_with_its_subject_and_the_account() {
    let (client, mut receiver) =
        listening_for(json!(["company.added", "company.updated", "company.deleted"])).await;
    let id = client.control.insert("companies", json!({})).unwrap();
    client.control.update("companies", &id, json!({"name": "New"})).unwrap();
    client.control.update_silently("companies", &id, json!({"name": "Old"})).unwrap();
    client.control.delete("companies", &id).unwrap();
    client.control.insert("contacts", json!({})).unwrap();
    client.control.webhooks_settled().await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(receiver.next().await);
    }
    heard.sort_by_key(|payload| payload["type"].to_string());
    let account = json!({"type": "account", "id": client.control.account()});
    let expected = ["company.added", "company.deleted", "company.updated"]
        .map(|kind| json!({"type": kind, "subject": {"type": "company", "id": id}, "account": account}));
    assert_eq!(heard, expected);
    assert_eq!(receiver.rest(), Vec::<String>::new());
}

#[tokio::test]
async fn what_happened_to_a_row_has_the_name_that_the_service_gives_it() {
    let types = [
        "deal.created",
        "deal.updated",
        "deal.won",
        "deal.moved",
        "invoice.drafted",
        "invoice.paymentRegistered",
    ];
    let (client, mut receiver) = listening_for(json!(types)).await;
    let deal = client.control.insert("deals", json!({"status": "open"})).unwrap();
    client.control.update("deals", &deal, json!({"status": "won"})).unwrap();
    client.control.update("deals", &deal, json!({"title": "New"})).unwrap();
    let invoice = client.control.insert("invoices", json!({"paid": false})).unwrap();
    client.control.update("invoices", &invoice, json!({"paid": true})).unwrap();
    client.control.webhooks_settled().await;
    let mut heard = receiver.rest();
    heard.sort();
    let expected = [
        "deal.created",
        "deal.updated",
        "deal.updated",
        "deal.won",
        "invoice.drafted",
        "invoice.paymentRegistered",
    ];
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn scheduled_changes_are_told_too() {
    let (client, mut receiver) = listening_for(json!(["contact.deleted"])).await;
    let id = ids(&client.control.records("contacts").unwrap()).remove(0);
    let action = Action::Delete { resource: "contacts".into(), id: id.clone() };
    client.control.schedule(Scheduled::after(1, "/users.me", action));
    client.ok("/users.me", json!({})).await;
    assert_eq!(receiver.next().await["subject"], json!({"type": "contact", "id": id}));
}

#[tokio::test]
async fn the_api_does_not_wait_for_messages_on_their_way() {
    let (client, mut receiver) = listening_for(json!(["contact.added"])).await;
    client.control.switch(|switches| switches.webhook_delay_millis = 3_600_000);
    client.control.insert("contacts", json!({})).unwrap();
    client.ok("/users.me", json!({})).await;
    assert_eq!(client.control.webhook_messages()[0].outcome, WebhookOutcome::Waiting);
    assert_eq!(receiver.rest(), Vec::<String>::new());
}

#[tokio::test]
async fn a_message_is_sent_again_until_it_is_answered_with_success() {
    let (client, mut receiver) = listening_for(json!(["product.updated", "user.deactivated"])).await;
    client.control.switch(|switches| switches.webhook_retry_millis = 1);
    receiver.answer(&[500, 302, 204]);
    let user = ids(&client.control.records("users").unwrap()).remove(1);
    client.control.update("users", &user, json!({"status": "deactivated"})).unwrap();
    client.control.webhooks_settled().await;
    assert_eq!(receiver.rest(), ["user.deactivated"; 3]);
    let messages = client.control.webhook_messages();
    assert_eq!((messages.len(), messages[0].answers.as_slice()), (1, [500, 302, 204].as_slice()));
    assert_eq!(messages[0].outcome, WebhookOutcome::Delivered);

    receiver.answer(&[500, 500, 500]);
    client.control.update("users", &user, json!({"status": "active"})).unwrap();
    client.control.update("users", &user, json!({"status": "deactivated"})).unwrap();
    client.control.webhooks_settled().await;
    assert_eq!(client.control.webhook_messages()[1].outcome, WebhookOutcome::Failed);
    assert_eq!(receiver.rest().len(), 3);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_no_answer() {
    let (client, receiver) = listening_for(json!(["deal.deleted"])).await;
    client.control.switch(|switches| switches.webhook_retry_millis = 1);
    drop(receiver);
    let id = ids(&client.control.records("deals").unwrap()).remove(0);
    client.control.delete("deals", &id).unwrap();
    client.control.webhooks_settled().await;
    assert_eq!(client.control.webhook_messages()[0].answers, [0, 0, 0]);
}

#[tokio::test]
async fn messages_can_be_lost_and_doubled() {
    let (client, mut receiver) = listening_for(json!(["company.added"])).await;
    client.control.switch(|switches| switches.webhook_drop_percent = 100);
    client.control.insert("companies", json!({})).unwrap();
    client.control.webhooks_settled().await;
    assert_eq!(client.control.webhook_messages()[0].outcome, WebhookOutcome::Dropped);
    client.control.switch(|switches| {
        switches.webhook_drop_percent = 0;
        switches.webhook_duplicate_percent = 100;
    });
    let id = client.control.insert("companies", json!({})).unwrap();
    client.control.webhooks_settled().await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first, second);
    assert_eq!(first["subject"]["id"], id);
    assert_eq!(receiver.rest(), Vec::<String>::new());
}

#[tokio::test]
async fn messages_of_a_moment_can_arrive_backwards() {
    let (client, mut receiver) =
        listening_for(json!(["company.added", "company.updated", "company.deleted"])).await;
    client.control.switch(|switches| switches.webhook_reorder = true);
    let id = client.control.insert("companies", json!({})).unwrap();
    client.control.update("companies", &id, json!({"name": "New"})).unwrap();
    client.control.delete("companies", &id).unwrap();
    client.control.webhooks_settled().await;
    assert_eq!(receiver.rest(), ["company.deleted", "company.updated", "company.added"]);
}

#[tokio::test]
async fn messages_are_read_sent_and_forgotten_through_the_control() {
    let (client, mut receiver) = listening_for(json!(["company.added"])).await;
    let odd = json!({"type": "moon.landed", "subject": null});
    let (status, _) = client.sim(Method::POST, "webhooks", json!({"payload": odd})).await;
    assert_eq!(status, 204);
    assert_eq!(receiver.next().await, odd);
    let elsewhere = json!({"url": format!("{}/other", receiver.url), "payload": {"type": "x"}});
    client.sim(Method::POST, "webhooks", elsewhere).await;
    assert_eq!(receiver.next().await["type"], "x");
    client.control.webhooks_settled().await;
    let (_, log) = client.sim(Method::GET, "webhooks", Value::Null).await;
    assert_eq!(log["registered"], json!([{"url": receiver.url, "types": ["company.added"]}]));
    assert_eq!((&log["messages"][0]["payload"], &log["messages"][0]["outcome"]), (&odd, &json!("delivered")));
    client.sim(Method::DELETE, "webhooks", Value::Null).await;
    assert!(client.control.webhook_messages().is_empty());
    assert_eq!(client.control.webhooks().len(), 1);
}

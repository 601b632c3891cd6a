//! The audit log: all that was asked is in it, and without it nothing is answered.

use std::sync::Arc;

use connector_store::{Store, StoreOptions};
use serde_json::{Value, json};

use super::world::{ACCESS_TOKEN, ask, audited, connection, get, save, server};
use crate::serve::broker::Broker;
use crate::serve::testing::{admin_key, key};

#[tokio::test]
async fn everything_that_is_asked_is_recorded() {
    let server = server();
    save(&server, "acme", &connection(3600)).await;
    let admin = admin_key(&server).await;
    let stranger = key(&server, &[], &["*"], &["*"]).await;
    get(&server, "/acme/example/binb-token", &admin).await;
    get(&server, "/acme/example/binb-token", &admin).await;
    get(&server, "/acme/example/binb-token", &stranger).await;
    get(&server, "/acme/example/binb-token", "").await;
    get(&server, "/acme/example/binb-token?connection=second", &admin).await;
    get(&server, "/acme/example/binb-token?token=s3cret", &admin).await;
    get(&server, "/acme/example/binb-status", &admin).await;
    get(&server, "/connections", &admin).await;
    ask(&server, "PUT", "/acme/example/tokens?connection=new", &admin, &json!({"refresh_token": "r3fresh"}))
        .await;
    ask(&server, "DELETE", "/acme/example/binb-token", &admin, &Value::Null).await;
    let entries = audited(&server).await;
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.action.as_str(), entry.outcome.as_str(), entry.error_code.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("token.read", "ok", None),
            ("token.read", "ok", None),
            ("token.read", "refused", Some("permission_denied")),
            ("token.read", "refused", Some("unauthenticated")),
            ("token.read", "refused", Some("connection_not_found")),
            ("token.read", "refused", Some("invalid_request")),
            ("status.read", "ok", None),
            ("connection.list", "ok", None),
            ("connection.import", "begun", None),
            ("connection.import", "ok", None),
            ("connection.delete", "begun", None),
            ("connection.delete", "ok", None),
        ]
    );
    let first = &entries[0];
    assert_eq!(first.request_id, "request-1");
    assert!(admin.contains(first.actor_key_id.as_deref().unwrap()));
    assert_eq!((first.app_id.as_str(), first.connector_type.as_str()), ("acme", "example"));
    assert_eq!((first.connection.as_str(), first.generation, first.refreshed), ("default", Some(1), false));
    assert_eq!(first.token_fp.as_ref().unwrap().len(), 8);
    assert_eq!(first.token_fp, entries[1].token_fp, "the same token has the same fingerprint");
    assert_eq!((&entries[3].actor_key_id, &entries[3].token_fp), (&None, &None));
    assert_eq!(entries[4].connection, "second");
    let all = serde_json::to_string(&entries).unwrap();
    for secret in [ACCESS_TOKEN, "s3cret", "r3fresh", admin.as_str()] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn without_the_log_there_is_no_token_and_nothing_changes() {
    let mut server = server();
    save(&server, "acme", &connection(3600)).await;
    let admin = admin_key(&server).await;
    let broken = Store::open("sqlite:///no/such/folder/store.db", StoreOptions::default()).unwrap();
    Arc::get_mut(&mut server).unwrap().broker = Broker::new(&broken);
    for (method, path, body) in [
        ("GET", "/acme/example/binb-token", Value::Null),
        ("GET", "/acme/example/binb-status", Value::Null),
        ("GET", "/nobody/example/binb-token", Value::Null),
        ("PUT", "/acme/example/tokens?connection=new", json!({"refresh_token": "r"})),
        ("DELETE", "/acme/example/binb-token", Value::Null),
    ] {
        let answer = ask(&server, method, path, &admin, &body).await;
        assert_eq!(answer.code(), (503, "example.audit_unavailable"), "{method} {path}");
        assert!(!answer.header("retry-after").is_empty());
        assert!(!answer.text.contains(ACCESS_TOKEN), "{answer:?}");
    }
    Arc::get_mut(&mut server).unwrap().broker = Broker::new(&server.store.clone());
    assert_eq!(get(&server, "/acme/example/binb-token", &admin).await.status, 200, "it is still there");
    let new = get(&server, "/acme/example/binb-token?connection=new", &admin).await;
    assert_eq!(new.code(), (404, "example.connection_not_found"));
}

#[tokio::test]
async fn the_log_is_read_in_pages() {
    let server = server();
    let admin = admin_key(&server).await;
    for _ in 0..5 {
        get(&server, "/acme/example/binb-status", &admin).await;
    }
    let first = get(&server, "/audit?limit=3", &admin).await;
    let seqs = |page: &super::world::Answered| -> Vec<i64> {
        page.body["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect()
    };
    assert_eq!(seqs(&first), [1, 2, 3]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = get(&server, &format!("/audit?limit=3&cursor={cursor}"), &admin).await;
    assert_eq!(seqs(&second), [4, 5, 6], "reading is recorded, too");
    let since = first.body["items"][2]["ts"].as_str().unwrap();
    assert_eq!(seqs(&get(&server, &format!("/audit?since={since}&limit=2"), &admin).await), [3, 4]);
    for query in ["since=yesterday", "cursor=x", "limit=0x"] {
        let answer = get(&server, &format!("/audit?{query}"), &admin).await;
        assert_eq!(answer.code(), (400, "broker.invalid_request"), "{query}");
    }
}

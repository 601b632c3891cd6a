//! The checks every request passes, in their order.

use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn unknown_paths_are_not_found_before_anything_else() {
    let client = Client::with_records(1).await;
    for path in ["/projectGroups.list", "/projects-v2.projects.list", "/companies.explode", "/"] {
        let response = client.http.post(client.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 404);
        assert!(response.headers().get("x-api-version").is_none());
    }
}

#[tokio::test]
async fn answers_tell_the_version_and_refuse_unknown_ones() {
    let client = Client::with_records(1).await;
    let with = async |version: &str| {
        let request = client.http.post(client.url("/users.me")).bearer_auth(&client.token);
        request.header("x-api-version", version).send().await.unwrap()
    };
    let response = with("2023-09-26").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-api-version"], "2023-09-26");
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(with("2022-09-15").await.status(), 400);
    assert_eq!(with("tomorrow").await.status(), 400);
}

#[tokio::test]
async fn a_missing_token_is_told_in_the_shape_of_the_oauth_server() {
    let client = Client::with_records(1).await;
    let response = client.http.post(client.url("/companies.list")).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], 9);
    assert_eq!(body["errors"][0]["meta"]["type"], "access_denied");
}

#[tokio::test]
async fn missing_scopes_and_modules_are_forbidden() {
    let mut client = Client::with_records(1).await;
    client.control.switch(|switches| switches.forbidden = vec!["projects".into(), "/deals.info".into()]);
    assert_eq!(client.refused("/projects.list", json!({})).await.0, 403);
    assert_eq!(client.refused("/deals.info", json!({})).await.0, 403);
    client.ok("/deals.list", json!({})).await;
    client.control.switch(|switches| switches.scopes = vec!["users".into()]);
    client.token = client.control.issue_tokens().access_token;
    assert_eq!(client.refused("/companies.list", json!({})).await.0, 403);
    client.ok("/users.list", json!({})).await;
}

#[tokio::test]
async fn bodies_may_be_absent_but_not_broken() {
    let client = Client::with_records(1).await;
    let with = async |body: &'static str| {
        let request = client.http.post(client.url("/companies.list")).bearer_auth(&client.token);
        request.body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(with("").await, 200);
    assert_eq!(with("{\"page\":").await, 400);
    assert_eq!(with("7").await, 400);
}

#[tokio::test]
async fn info_tells_missing_malformed_and_unknown_ids_apart() {
    let client = Client::with_records(2).await;
    let refused = async |body: Value| client.refused("/contacts.info", body).await;
    assert_eq!(refused(json!({})).await, (400, vec!["id must be present".to_owned()]));
    assert_eq!(refused(json!({"id": "7"})).await, (400, vec!["id invalid uuid".to_owned()]));
    let nil = "00000000-0000-0000-0000-000000000000";
    assert_eq!(refused(json!({"id": nil})).await.0, 404);
}

#[tokio::test]
async fn fields_a_user_may_not_see_are_left_out() {
    let client = Client::with_records(2).await;
    client.control.switch(|switches| drop(switches.omitted.insert("companies".into(), vec!["iban".into()])));
    let row = client.rows("/companies.list", json!({})).await.remove(0);
    assert!(row.get("iban").is_none() && row.get("bic").is_some());
    assert!(client.ok("/companies.info", json!({"id": row["id"]})).await["data"].get("iban").is_none());
}

#[tokio::test]
async fn the_connected_user_names_the_account() {
    let client = Client::start(teamleader_sandbox::Options::default().records(2).only(["companies"])).await;
    let me = client.ok("/users.me", json!({})).await;
    assert_eq!(me["data"]["account"]["id"], client.control.account().to_string());
    let other = client.control.switch_account(None).to_string();
    assert_eq!(client.ok("/users.me", json!({})).await["data"]["account"]["id"], other);
    let status = client.ok("/accounts.projects-v2-status", json!({})).await;
    assert_eq!(status["data"]["status"], "projects-v2");
}

//! Downloads: a location, its bytes, its end.

use std::time::Duration;

use serde_json::json;

use crate::client::{Client, ids};

#[tokio::test]
async fn a_document_is_fetched_without_a_token_until_it_expires() {
    let client = Client::with_records(1).await;
    client.control.freeze_clock(true);
    let id = ids(&client.control.records("invoices").unwrap()).remove(0);
    let answer = client.ok("/invoices.download", json!({"id": id, "format": "pdf"})).await;
    let expires: jiff::Timestamp = answer["data"]["expires"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires.as_second(), client.control.now().as_second() + 900);
    let location = answer["data"]["location"].as_str().unwrap();
    assert!(location.starts_with(&client.sandbox.url()));
    let fetched = client.http.get(location).send().await.unwrap();
    assert_eq!(
        (fetched.status().as_u16(), &fetched.headers()["content-type"]),
        (200, &"application/pdf".parse().unwrap())
    );
    assert!(fetched.bytes().await.unwrap().starts_with(b"%PDF-"));

    client.control.advance(Duration::from_mins(15));
    assert_eq!(client.http.get(location).send().await.unwrap().status(), 403);
    assert_eq!(client.http.get(client.url("/download/0")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn documents_come_in_the_formats_of_their_kind() {
    let client = Client::with_records(1).await;
    let id = ids(&client.control.records("invoices").unwrap()).remove(0);
    let answer = client.ok("/invoices.download", json!({"id": id, "format": "ubl/peppol_bis_3"})).await;
    let fetched = client.http.get(answer["data"]["location"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "application/xml");
    assert!(fetched.text().await.unwrap().starts_with("<?xml"));
    let (status, titles) = client.refused("/invoices.download", json!({"id": "x", "format": "docx"})).await;
    assert_eq!((status, titles.len()), (400, 2));
    assert_eq!(
        client.refused("/creditNotes.download", json!({"id": id})).await.1,
        ["format must be present"]
    );
    let unknown = json!({"id": "00000000-0000-0000-0000-000000000000", "format": "pdf"});
    for path in ["/files.download", "/invoices.download", "/creditNotes.download", "/quotations.download"] {
        assert_eq!(client.refused(path, unknown.clone()).await.0, 404, "{path}");
    }
}

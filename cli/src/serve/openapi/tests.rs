//! The document, and the pages that show it.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::serve::testing::{answer, integration, json_answer, server, server_of};

fn get(path: &str) -> Request<Body> {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

/// Everything that a reference leads to must be there.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|part| references(part, found));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_document_needs_no_key_and_leads_nowhere_else() {
    let (status, document) = json_answer(&server(), get("/openapi.json")).await;
    assert_eq!((status.as_u16(), &document["openapi"]), (200, &Value::from("3.1.0")));
    assert!(document["paths"]["/info"]["get"].is_object());
    assert_eq!(document["paths"]["/health/live"]["get"]["security"], Value::Array(Vec::new()));
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 2);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some_and(|target| !target.is_null()), "{reference}");
    }
}

#[tokio::test]
async fn with_several_connectors_each_has_paths_of_its_own() {
    let server = server_of(vec![integration("example"), integration("other")]);
    let (_, document) = json_answer(&server, get("/openapi.json")).await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/example/info") && paths.contains_key("/other/info"));
    assert!(!paths.contains_key("/info"));
}

#[tokio::test]
async fn the_pages_come_from_the_program_itself() {
    let server = server();
    let response = answer(&server, get("/docs")).await;
    assert_eq!(response.headers()["location"], "/docs/");
    let response = answer(&server, get("/docs/")).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("swagger-ui") && !page.contains("http://") && !page.contains("https://"), "{page}");
    assert!(!page.contains("<script>"), "the policy allows no script inside the page");
    let script = answer(&server, get("/docs/swagger-initializer.js")).await;
    let script = axum::body::to_bytes(script.into_body(), usize::MAX).await.unwrap();
    assert!(String::from_utf8_lossy(&script).contains("/openapi.json"));
    assert_eq!(answer(&server, get("/docs/nothing")).await.status(), 404);
}

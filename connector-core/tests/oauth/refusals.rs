//! What is made of a refusal, in each of the shapes that servers send.

use connector_core::{ConnectorError, ErrorCode};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::server::{App, json_answer};

async fn refused(answer: ResponseTemplate) -> ConnectorError {
    let app = App::start().await;
    app.grants(vec![answer]).await;
    app.refresh().await.unwrap_err()
}

#[tokio::test]
async fn the_names_of_the_standard_say_who_must_act() {
    for (status, error, code, exit_code) in [
        (400, "invalid_grant", ErrorCode::CredsRevoked, 78),
        (401, "invalid_client", ErrorCode::Unauthorized, 78),
        (400, "invalid_client", ErrorCode::Unauthorized, 78),
        (400, "invalid_request", ErrorCode::BadRequest, 64),
        (400, "unauthorized_client", ErrorCode::BadRequest, 78),
        (400, "unsupported_grant_type", ErrorCode::BadRequest, 78),
        (400, "invalid_scope", ErrorCode::PermissionDenied, 77),
        (400, "access_denied", ErrorCode::PermissionDenied, 77),
        (400, "slow_down", ErrorCode::RateLimit, 75),
        (400, "server_error", ErrorCode::ServiceError, 75),
        (400, "temporarily_unavailable", ErrorCode::ServiceError, 75),
        (400, "something_new", ErrorCode::BadRequest, 64),
    ] {
        let answer = json_answer(status, json!({"error": error, "error_description": "Told so."}));
        let refusal = refused(answer).await;
        assert_eq!((refusal.code(), refusal.exit_code()), (code, exit_code), "{error}");
        assert_eq!(refusal.app_code(), Some(&*format!("oauth.{error}")));
        assert_eq!((refusal.status_code(), refusal.message()), (status, "Told so"));
    }
}

#[tokio::test]
async fn a_server_in_trouble_is_believed_nothing_about_the_grant() {
    for (status, code, app_code) in [
        (429, ErrorCode::RateLimit, "oauth.rate_limit"),
        (500, ErrorCode::ServiceError, "oauth.server_error"),
        (503, ErrorCode::ServiceError, "oauth.server_error"),
    ] {
        let answer = json_answer(status, json!({"error": "invalid_grant"}));
        let refusal = refused(answer.insert_header("Retry-After", "7")).await;
        assert_eq!((refusal.code(), refusal.status_code()), (code, status));
        assert_eq!(refusal.app_code(), Some(app_code));
        assert_eq!(refusal.wait(), Some(std::time::Duration::from_secs(7)));
    }
    let page = ResponseTemplate::new(502).set_body_string("<html>bad gateway</html>");
    assert_eq!(refused(page).await.code(), ErrorCode::ServiceError);
}

#[tokio::test]
async fn no_server_closes_a_connection_for_longer_than_an_hour() {
    for wait in ["86400", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        let answer = json_answer(429, json!({"error": "slow_down"})).insert_header("Retry-After", wait);
        assert_eq!(refused(answer).await.wait(), Some(std::time::Duration::from_hours(1)), "{wait}");
    }
}

#[tokio::test]
async fn a_list_of_errors_is_understood() {
    let errors = |code: i64, title: &str, kind: &str, hint: &str| {
        let error =
            json!({"code": code, "title": title, "status": 400, "meta": {"type": kind, "hint": hint}});
        json_answer(400, json!({"errors": [error]}))
    };
    for (answer, code, app_code) in [
        (
            errors(8, "The refresh token is invalid.", "invalid_request", "Token has been revoked"),
            ErrorCode::CredsRevoked,
            "oauth.invalid_grant",
        ),
        (
            errors(3, "Invalid request", "invalid_request", "Authorization code has been revoked"),
            ErrorCode::BadRequest,
            "oauth.code_rejected",
        ),
        (errors(10, "Gone", "invalid_grant", ""), ErrorCode::CredsRevoked, "oauth.invalid_grant"),
        (errors(4, "No", "invalid_client", ""), ErrorCode::Unauthorized, "oauth.invalid_client"),
        (
            errors(3, "The request is missing a parameter", "invalid_request", "Check the `code` parameter"),
            ErrorCode::BadRequest,
            "oauth.invalid_request",
        ),
        (
            json_answer(400, json!({"errors": [{"title": "The refresh token is invalid."}]})),
            ErrorCode::CredsRevoked,
            "oauth.invalid_grant",
        ),
        (
            json_answer(400, json!({"errors": [{"code": 5, "title": "No"}]})),
            ErrorCode::PermissionDenied,
            "oauth.invalid_scope",
        ),
    ] {
        let refusal = refused(answer).await;
        assert_eq!((refusal.code(), refusal.app_code()), (code, Some(app_code)), "{refusal}");
    }
}

#[tokio::test]
async fn what_microsoft_says_more_is_told() {
    let refusal = refused(json_answer(
        400,
        json!({
            "error": "invalid_grant", "error_description": "AADSTS50076: use more proof.",
            "error_codes": [50076], "suberror": "basic_action", "claims": "{\"access_token\":{}}",
        }),
    ))
    .await;
    assert_eq!(refusal.code(), ErrorCode::CredsRevoked);
    for word in ["AADSTS50076", "basic_action", "50076", "further proof"] {
        assert!(refusal.message().contains(word), "{refusal}");
    }
    let interaction = refused(json_answer(400, json!({"error": "interaction_required"}))).await;
    assert_eq!(interaction.code(), ErrorCode::CredsRevoked);
}

#[tokio::test]
async fn anything_else_is_shown_in_part() {
    for (status, body) in [
        (400, "<html>\u{7}No\0 entry</html>".to_owned() + &" x".repeat(500)),
        (403, "No entry".to_owned()),
        (404, r#"{"error":{"message":"No entry"}}"#.to_owned()),
        (418, String::new()),
    ] {
        let refusal = refused(ResponseTemplate::new(status).set_body_string(body.clone())).await;
        assert_eq!((refusal.code(), refusal.status_code()), (ErrorCode::InvalidResponse, status));
        assert!(refusal.message().contains(&status.to_string()));
        assert_eq!(refusal.message().contains("No entry"), !body.is_empty(), "{refusal}");
        assert!(refusal.message().chars().count() < 270 && !refusal.message().contains('\u{7}'));
    }
}

#[tokio::test]
async fn what_the_server_repeats_of_the_request_is_masked() {
    for answer in [
        json_answer(
            400,
            json!({"error": "invalid_grant", "error_description": "refresh-1 of s3cret-1 is gone"}),
        ),
        json_answer(
            200,
            json!({"error": "invalid_grant", "error_description": "refresh-1 of s3cret-1 is gone"}),
        ),
        ResponseTemplate::new(400).set_body_string("refresh-1 of s3cret-1 is gone"),
    ] {
        let refusal = refused(answer).await;
        assert!(refusal.message().contains("is gone"));
        assert!(!refusal.message().contains("refresh-1") && !refusal.message().contains("s3cret-1"));
    }
}

//! The routes of the page, asked without a network.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, StatusCode};
use axum::response::Response;

use crate::serve::Server;
use crate::serve::access::Scope;
use crate::serve::testing::{admin_key, answer, integration, key, server, server_of};

/// A browser: it asks for pages, and says where its forms come from.
fn browser(method: &str, path: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path).header("accept", "text/html,*/*;q=0.8");
    request.header("sec-fetch-site", "same-origin")
}

fn get(path: &str, cookie: &str) -> Request<Body> {
    browser("GET", path).header(COOKIE, cookie).body(Body::empty()).unwrap()
}

fn post(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = browser("POST", path).header("content-type", "application/x-www-form-urlencoded");
    request.header(COOKIE, cookie).body(Body::from(body)).unwrap()
}

fn location(response: &Response) -> &str {
    response.headers().get(LOCATION).map_or("", |location| location.to_str().unwrap())
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn signed_in(server: &Arc<Server>, key: &str) -> String {
    let response = answer(server, post("/-/sign-in", "", &[("key", key)])).await;
    assert_eq!((response.status(), location(&response)), (StatusCode::SEE_OTHER, "/"));
    response.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn form_token(server: &Arc<Server>, cookie: &str) -> String {
    let page = text(answer(server, get("/", cookie)).await).await;
    let rest = page.split_once("name=\"form_token\" value=\"").expect("a form").1;
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn whoever_is_not_known_is_led_to_sign_in_and_back() {
    let server = server();
    for (path, expected) in
        [("/", "/-/sign-in"), ("/-/example/runs?most=5", "/-/sign-in?next=%2F-%2Fexample%2Fruns%3Fmost%3D5")]
    {
        let response = answer(&server, get(path, "")).await;
        assert_eq!((response.status(), location(&response)), (StatusCode::SEE_OTHER, expected), "{path}");
    }
    let key = admin_key(&server).await;
    let fields = [("key", key.as_str()), ("next", "/-/example/runs?most=5")];
    let response = answer(&server, post("/-/sign-in", "", &fields)).await;
    assert_eq!(location(&response), "/-/example/runs?most=5");
    let fields = [("key", key.as_str()), ("next", "https://evil.example/")];
    assert_eq!(location(&answer(&server, post("/-/sign-in", "", &fields)).await), "/");
}

#[tokio::test]
async fn every_page_of_a_session_is_there_and_strict() {
    let server = server();
    let cookie = signed_in(&server, &admin_key(&server).await).await;
    for path in [
        "/",
        "/?find=a&of=example&page=3",
        "/-/sign-in",
        "/-/connected",
        "/-/example/connect",
        "/-/example/connect?connection=acme/north",
        "/-/example/connect?connection=%3Cb%3E",
        "/-/example/streams",
        "/-/example/streams?connection=acme&after=acme&after_stream=deals",
        "/-/example/runs",
        "/-/example/rejects?connection=acme",
    ] {
        let response = answer(&server, get(path, &cookie)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        let page = text(response).await;
        assert!(page.contains("<main id=\"main\"") && page.matches("<h1").count() == 1, "{path}: {page}");
        assert!(!page.contains("<b>"), "{path}: what somebody sent is text");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let server = server();
    let cookie = signed_in(&server, &admin_key(&server).await).await;
    for path in [
        "/-/other/connect",
        "/-/example/connection?name=nobody",
        "/-/example/runs/00000000-0000-0000-0000-000000000001",
    ] {
        let response = answer(&server, get(path, &cookie)).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let page = text(response).await;
        assert!(page.contains("There is no such page") && page.contains("To the overview"), "{page}");
    }
}

#[tokio::test]
async fn programs_are_answered_with_envelopes_on_the_same_paths() {
    let server = server();
    let request = Request::builder().uri("/").body(Body::empty()).unwrap();
    let response = answer(&server, request).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(text(response).await.contains("\"is_error\":true"));
}

#[tokio::test]
async fn a_wrong_key_opens_nothing_and_is_not_repeated() {
    let server = server();
    let response = answer(&server, post("/-/sign-in", "", &[("key", "bk_aaaaaaaa_hunter2")])).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.headers().get(SET_COOKIE).is_none());
    let page = text(response).await;
    assert!(page.contains("role=\"alert\"") && !page.contains("hunter2"), "{page}");
    let response = answer(&server, post("/-/sign-in", "", &[("other", "x")])).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn whoever_guesses_keys_has_to_wait() {
    let server = server();
    for _ in 0..10 {
        answer(&server, post("/-/sign-in", "", &[("key", "bk_aaaaaaaa_hunter2")])).await;
    }
    let response = answer(&server, post("/-/sign-in", "", &[("key", "bk_aaaaaaaa_hunter2")])).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(response.headers().contains_key("retry-after"));
    assert!(text(response).await.contains("Too many wrong keys"));
}

#[tokio::test]
async fn a_form_of_somebody_else_is_refused() {
    let server = server();
    let key = admin_key(&server).await;
    let foreign = |path: &str, cookie: &str, fields: &[(&str, &str)]| {
        let mut request = post(path, cookie, fields);
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        request
    };
    let response = answer(&server, foreign("/-/sign-in", "", &[("key", &key)])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN, "nobody is signed in by another page");

    let cookie = signed_in(&server, &key).await;
    let token = form_token(&server, &cookie).await;
    let fields = [("connection", "acme"), ("form_token", token.as_str())];
    let response = answer(&server, foreign("/-/example/sync", &cookie, &fields)).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN, "the token alone is not enough");
    for token in ["", "x"] {
        let fields = [("connection", "acme"), ("form_token", token)];
        for path in ["/-/example/sync", "/-/sign-out"] {
            let response = answer(&server, post(path, &cookie, &fields)).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}: the origin alone is not enough");
        }
    }
    assert_eq!(answer(&server, get("/", &cookie)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_session_ends_when_somebody_signs_out() {
    let server = server();
    let cookie = signed_in(&server, &admin_key(&server).await).await;
    let token = form_token(&server, &cookie).await;
    let response = answer(&server, post("/-/sign-out", &cookie, &[("form_token", &token)])).await;
    assert_eq!(location(&response), "/-/sign-in");
    assert!(response.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(location(&answer(&server, get("/", &cookie)).await), "/-/sign-in");
}

#[tokio::test]
async fn a_session_ends_when_its_key_is_taken_back() {
    let server = server();
    let key = admin_key(&server).await;
    let cookie = signed_in(&server, &key).await;
    let id = key.split('_').nth(1).unwrap();
    assert!(server.store.access_keys().revoke(id).await.unwrap());
    // Keys are believed for a moment. The store works in threads of its own, which a paused clock does not wait for.
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    tokio::time::resume();
    let response = answer(&server, get("/", &cookie)).await;
    assert_eq!(location(&response), "/-/sign-in");
    assert!(server.sessions.signed_in(get("/", &cookie).headers()).is_none(), "it is gone");
}

#[tokio::test]
async fn what_a_key_does_not_allow_is_neither_shown_nor_done() {
    let server = server_of(vec![integration("first"), integration("second")]);
    let looker = key(&server, &[Scope::StatusRead, Scope::SyncRead], &["*"], &["second"]).await;
    let cookie = signed_in(&server, &looker).await;
    let page = text(answer(&server, get("/", &cookie)).await).await;
    assert!(page.contains("connector-second") && !page.contains("connector-first"), "{page}");
    assert!(!page.contains("/connect\""), "{page}");
    let token = form_token(&server, &cookie).await;
    let fields = [("connection", "acme"), ("form_token", token.as_str())];
    let response = answer(&server, post("/-/second/sync", &cookie, &fields)).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(answer(&server, get("/-/second/connect", &cookie)).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_connected_says_what_to_do() {
    let server = server();
    let cookie = signed_in(&server, &admin_key(&server).await).await;
    let page = text(answer(&server, get("/", &cookie)).await).await;
    assert!(page.contains("No account is connected yet") && page.contains("Nothing needs you"), "{page}");
}

//! Logins on another device.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wiremock::matchers::path;
use wiremock::{Mock, Request, ResponseTemplate};

use super::{World, acme};
use crate::error::{ErrorCode, Result};
use crate::host::StopSignal;
use crate::oauth::authorization::{DeviceLogin, begin_on_another_device};
use crate::oauth::token_requests_settled;

async fn begin(world: &World) -> Result<DeviceLogin> {
    let codes = json!({
        "device_code": "device-secret",
        "user_code": "ABCD",
        "verification_uri": "https://app.example/device",
        "expires_in": 600,
        "interval": 1,
    });
    let answer = ResponseTemplate::new(200).set_body_json(codes);
    Mock::given(path("/device")).respond_with(answer).mount(&world.server).await;
    begin_on_another_device(&world.integration, &world.host, world.request()).await
}

fn tokens() -> Value {
    json!({"access_token": "agreed", "refresh_token": "refresh", "expires_in": 3600, "token_type": "bearer"})
}

async fn is_waiting(world: &World) -> bool {
    let authorizations = world.host.authorizations().await.unwrap().unwrap();
    authorizations.is_waiting(&acme()).await.unwrap()
}

#[tokio::test]
async fn somebody_may_agree_on_another_device() {
    let world = World::new().await;
    world.accepts("account-1").await;
    for (status, error) in [(400, "authorization_pending"), (503, "temporarily_unavailable")] {
        let not_yet = ResponseTemplate::new(status).set_body_json(json!({"error": error}));
        let first = Mock::given(path("/token")).respond_with(not_yet).up_to_n_times(1).with_priority(1);
        first.mount(&world.server).await;
    }
    let login = begin(&world).await.unwrap();
    assert_eq!(login.prompt().user_code, "ABCD");
    assert!(is_waiting(&world).await);
    let finished = login.finish(StopSignal::never()).await.unwrap();
    assert_eq!(finished.account.as_deref(), Some("account-1"));
    assert_eq!(world.memory.connection().unwrap().tokens.access_token.expose(), "access-account-1");
    assert!(!is_waiting(&world).await);
}

#[tokio::test]
async fn a_stop_ends_the_waiting_and_no_question_that_was_sent() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let (stop, signal) = StopSignal::new();
    let stopping = move |_: &Request| {
        stop.send_replace(true);
        ResponseTemplate::new(200).set_body_json(tokens()).set_delay(Duration::from_millis(300))
    };
    Mock::given(path("/token")).respond_with(stopping).with_priority(1).mount(&world.server).await;
    let finished = begin(&world).await.unwrap().finish(signal.clone()).await.unwrap();
    assert_eq!(finished.connection, "acme");
    assert_eq!(world.memory.connection().unwrap().tokens.access_token.expose(), "agreed");

    let sent = world.requests().await;
    let error = begin(&world).await.unwrap().finish(signal).await.unwrap_err();
    assert_eq!((error.code(), world.requests().await), (ErrorCode::RequestTimeout, sent + 1));
    assert!(!is_waiting(&world).await, "nobody waits for an answer");
}

#[tokio::test]
async fn whoever_goes_away_after_a_question_was_sent_costs_no_tokens() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let login = begin(&world).await.unwrap();
    let waiting = Arc::new(Mutex::new(None));
    let going_away = {
        let waiting = Arc::clone(&waiting);
        move |_: &Request| {
            let task: Option<JoinHandle<()>> = waiting.lock().unwrap().take();
            task.expect("somebody waits").abort();
            ResponseTemplate::new(200).set_body_json(tokens()).set_delay(Duration::from_millis(300))
        }
    };
    Mock::given(path("/token")).respond_with(going_away).with_priority(1).mount(&world.server).await;
    let (gone, is_gone) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        // Dropped with the task.
        let _gone = gone;
        let _ = login.finish(StopSignal::never()).await;
    });
    *waiting.lock().unwrap() = Some(task);
    is_gone.await.unwrap_err();
    token_requests_settled().await;
    assert_eq!(world.memory.connection().unwrap().tokens.access_token.expose(), "agreed");
}

#[tokio::test]
async fn a_name_that_the_broker_could_not_say_is_refused_before_the_app_is_asked() {
    let world = World::new().await;
    let mut request = world.request();
    request.connection = "two words".to_owned();
    let refused = begin_on_another_device(&world.integration, &world.host, request).await;
    assert_eq!(refused.err().unwrap().code(), ErrorCode::InvalidValue);
    assert_eq!(world.requests().await, 0);
}

//! Codes and refresh tokens that work once: what comes of one is nowhere else, so that its exchange is not cut in two.

use std::time::Duration;

use connector_core::envelope::RequestEnvelope;
use connector_core::oauth::token_requests_settled;
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use wiremock::matchers::path;
use wiremock::{Mock, Request, ResponseTemplate};

use crate::server::{App, tokens};

/// Each capability that spends something, with its request.
fn spending() -> [(&'static str, Value); 3] {
    [
        ("refresh_access_token", json!({"refresh_token": "refresh-1"})),
        ("handle_authorization_callback", json!({"redirect_uri_with_code": "http://localhost:9/cb?code=c"})),
        ("poll_device_authorization", json!({"device_code": "device-1"})),
    ]
}

fn slowly() -> ResponseTemplate {
    tokens().set_delay(Duration::from_millis(500))
}

#[tokio::test]
async fn a_caller_that_goes_away_cuts_no_exchange_and_the_end_of_the_process_waits_for_it() {
    for (capability, request) in spending() {
        let app = App::start().await;
        let (arrived, mut has_arrived) = watch::channel(false);
        let answer = move |_: &Request| {
            arrived.send_replace(true);
            slowly()
        };
        Mock::given(path("/token")).respond_with(answer).mount(&app.server).await;
        tokio::select! {
            _ = app.call(capability, request) => panic!("{capability} was answered"),
            arrived = has_arrived.wait_for(|arrived| *arrived) => drop(arrived.unwrap()),
        }
        assert!(token_requests_settled().now_or_never().is_none(), "{capability} is still under way");
        token_requests_settled().await;
    }
}

#[tokio::test]
async fn an_answer_that_comes_after_the_time_of_the_caller_is_handed_out() {
    for (capability, request) in spending() {
        let app = App::start().await;
        app.grants(vec![slowly()]).await;
        let deadline = Some(Instant::now() + Duration::from_millis(100));
        let envelope = RequestEnvelope { deadline, ..RequestEnvelope::default() };
        let answer = app.call_with(capability, request, envelope).await;
        assert!(answer.unwrap().to_string().contains("access-1"), "{capability}");
    }
}

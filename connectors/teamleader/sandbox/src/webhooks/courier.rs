//! Carries messages to their URLs, beside the API and without holding it up.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Post;
use crate::state::Shared;

/// How long a receiver may take for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Messages of the same moment are those that follow each other faster than this.
const MOMENT: Duration = Duration::from_millis(200);

/// Ends when nobody is left who could send a message.
pub(crate) async fn carry(mut posts: UnboundedReceiver<Post>, shared: Weak<Shared>) {
    let mut client = None;
    let mut rounds = JoinSet::new();
    while let Some(post) = posts.recv().await {
        let round = if post.reorder { backwards(post, &mut posts).await } else { vec![post] };
        // Built for the first message: most sandboxes never send one.
        let client = client.get_or_insert_with(http).clone();
        let shared = Weak::clone(&shared);
        rounds.spawn(async move {
            for post in round {
                deliver(post, client.as_ref(), &shared).await;
            }
        });
        while rounds.try_join_next().is_some() {}
    }
}

/// This message and those of the same moment, the last one first.
async fn backwards(first: Post, posts: &mut UnboundedReceiver<Post>) -> Vec<Post> {
    let mut round = vec![first];
    while let Ok(Some(post)) = timeout(MOMENT, posts.recv()).await {
        round.push(post);
    }
    round.reverse();
    round
}

async fn deliver(post: Post, client: Option<&reqwest::Client>, shared: &Weak<Shared>) {
    sleep(post.delay).await;
    let mut pause = post.pause;
    for attempt in 1..=post.tries {
        let status = status(&post, client).await;
        let Some(shared) = shared.upgrade() else { return };
        let is_done = shared.lock().webhooks.tried(post.number, status, attempt == post.tries);
        if is_done {
            return;
        }
        drop(shared);
        sleep(pause).await;
        pause *= 2;
    }
}

/// The status of the answer; 0 when there is none.
async fn status(post: &Post, client: Option<&reqwest::Client>) -> u16 {
    let Some(client) = client else { return 0 };
    let request = client.post(&post.url).header("content-type", "application/json").body(post.body.clone());
    request.send().await.map_or(0, |response| response.status().as_u16())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox plays the other side and knows nothing of connectors"
)]
fn http() -> Option<reqwest::Client> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.ok()?.with_root_certificates(roots).with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .ok()
}

//! `sandbox`: a stand-in for the app on this machine.

use connector_core::envelope::Answer;
use connector_core::{ConnectorError, ErrorCode};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use crate::output::{Ended, print_line};
use crate::signals::{Signals, Watched};

/// What a sandbox is started with.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SandboxOptions {
    /// Port on the loopback address; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Records in each large resource
    #[arg(long, default_value_t = 1000)]
    pub records: usize,
    /// Only these resources, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Requests per minute that the sandbox allows; 0 is no limit
    #[arg(long, default_value_t = 200)]
    pub requests_per_minute: u32,
}

/// Starts a stand-in for the app.
pub trait Sandbox: Send + Sync {
    /// Starts it; it answers when this returns.
    fn start(&self, options: SandboxOptions) -> BoxFuture<'_, std::io::Result<Box<dyn RunningSandbox>>>;

    /// Queries worth trying on a synced database, each with a title.
    fn queries(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// A function is enough where there is nothing to say beyond how to start.
impl<F, Started, R> Sandbox for F
where
    F: Fn(SandboxOptions) -> Started + Send + Sync,
    Started: Future<Output = std::io::Result<R>> + Send + 'static,
    R: RunningSandbox + 'static,
{
    fn start(&self, options: SandboxOptions) -> BoxFuture<'_, std::io::Result<Box<dyn RunningSandbox>>> {
        let started = self(options);
        Box::pin(async move { Ok(Box::new(started.await?) as Box<dyn RunningSandbox>) })
    }
}

/// A stand-in that answers.
pub trait RunningSandbox: Send + Sync + 'static {
    /// Settings that point a connector at it.
    fn settings(&self) -> Map<String, Value>;

    /// The `auth` of an envelope that it takes; `None` where a connector has to log in or needs none.
    fn auth(&self) -> Option<Value> {
        None
    }

    /// Changes some records and says what, in words.
    fn change(&self) -> Vec<String> {
        Vec::new()
    }

    /// Stops it. Dropping it is enough unless somebody says otherwise.
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { drop(self) })
    }
}

pub(crate) async fn run(sandbox: &dyn Sandbox, options: SandboxOptions) -> Result<Ended, ConnectorError> {
    let running = start(sandbox, options).await?;
    // The first line is for whoever started it and waits for it to answer; the last one stays an envelope.
    print_line(&ready(&*running)).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "standard output cannot be written").source(error)
    })?;
    let (signals, mut stop) = Signals::new();
    let watched = signals.watch(async move { stop.given().await }).await;
    running.stop().await;
    Ok(match watched {
        Watched::Done((), None) => Ended::Answer(Answer::new(&json!({"status": "stopped"}))?),
        Watched::Done((), Some(signal)) | Watched::CutOff(signal) => Ended::Signalled(signal, None),
    })
}

fn ready(running: &dyn RunningSandbox) -> String {
    let mut ready = json!({"status": "ready", "settings": running.settings()});
    if let Some(auth) = running.auth() {
        ready["auth"] = auth;
    }
    ready.to_string()
}

pub(crate) async fn start(
    sandbox: &dyn Sandbox,
    options: SandboxOptions,
) -> Result<Box<dyn RunningSandbox>, ConnectorError> {
    let port = options.port;
    sandbox.start(options).await.map_err(|error| {
        let message = format!("the sandbox cannot listen on port {port}: {error}");
        ConnectorError::misconfigured(ErrorCode::InvalidValue, message).hint("--port 0 takes a free one")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Open;

    impl RunningSandbox for Open {
        fn settings(&self) -> Map<String, Value> {
            Map::from_iter([("api_url".to_owned(), json!("http://127.0.0.1:1"))])
        }
    }

    struct Guarded;

    impl RunningSandbox for Guarded {
        fn settings(&self) -> Map<String, Value> {
            Map::new()
        }

        fn auth(&self) -> Option<Value> {
            Some(json!({"token": {"token": "t"}}))
        }
    }

    #[tokio::test]
    async fn a_function_that_starts_something_is_a_sandbox() {
        let start_it = async |_: SandboxOptions| Ok(Open);
        let running = start(&start_it, SandboxOptions::default()).await.unwrap();
        assert_eq!(ready(&*running), r#"{"status":"ready","settings":{"api_url":"http://127.0.0.1:1"}}"#);
        running.stop().await;
    }

    #[test]
    fn the_first_line_tells_which_credentials_are_taken() {
        assert_eq!(ready(&Guarded), r#"{"status":"ready","settings":{},"auth":{"token":{"token":"t"}}}"#);
    }
}

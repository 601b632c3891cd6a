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
    fn queries(&self) -> &'static [(&'static str, &'static str)];
}

/// A stand-in that answers.
pub trait RunningSandbox: Send + Sync {
    /// Settings that point a connector at it.
    fn settings(&self) -> Map<String, Value>;

    /// Changes some records and says what, in words.
    fn change(&self) -> Vec<String>;

    /// Stops it.
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()>;
}

pub(crate) async fn run(sandbox: &dyn Sandbox, options: SandboxOptions) -> Result<Ended, ConnectorError> {
    let running = start(sandbox, options).await?;
    let settings = Value::Object(running.settings());
    // The first line is for whoever started it and waits for it to answer; the last one stays an envelope.
    let ready = json!({"status": "ready", "settings": settings}).to_string();
    print_line(&ready).map_err(|error| {
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

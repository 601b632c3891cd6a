//! The doors to a connector. A connector's `main` is one call into this crate:
//!
//! ```no_run
//! # fn integration() -> connector_core::integration::Integration { unimplemented!() }
//! fn main() -> std::process::ExitCode {
//!     connector_cli::CommandLine::new("example-connector", integration).run()
//! }
//! ```
//!
//! JSON in, JSON out, one document on standard output, exit codes that say who must act.
#![warn(missing_docs)]

mod app_info;
mod arguments;
mod audit;
mod call;
mod check;
mod completions;
mod connectors;
mod cores;
mod demo;
mod environment;
mod export;
mod flags;
mod hardening;
mod help;
mod host;
mod info;
mod keys;
mod load;
mod logging;
mod login;
mod logout;
mod man;
mod output;
mod progress;
mod rate;
mod reference;
mod refusal;
mod rejects;
mod sandbox;
mod scaffold;
mod schedule;
mod serve;
mod signals;
mod spec;
pub mod stand_in;
mod status;
mod sync;
mod target;
mod traces;
mod vault;
mod verify;
mod webhooks;
mod work;

use std::process::ExitCode;
use std::sync::Arc;

use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode};
use tokio::runtime::{Builder, Runtime};

use arguments::{Arguments, Command, Parsed};
use host::CliHost;
use output::{Ended, Output};

pub use connectors::Connectors;
pub use sandbox::{RunningSandbox, Sandbox, SandboxOptions};

/// The command line of one connector.
pub struct CommandLine {
    binary: &'static str,
    integration: fn() -> Integration,
    sandbox: Option<Box<dyn Sandbox>>,
}

impl CommandLine {
    /// A command line for the program `binary`.
    pub fn new(binary: &'static str, integration: fn() -> Integration) -> Self {
        Self { binary, integration, sandbox: None }
    }

    /// Adds the commands `sandbox` and `demo`.
    pub fn sandbox(mut self, sandbox: impl Sandbox + 'static) -> Self {
        self.sandbox = Some(Box::new(sandbox));
        self
    }

    /// Runs the command that the program was started with.
    pub fn run(self) -> ExitCode {
        hardening::harden();
        let integration = Arc::new((self.integration)());
        let typed: Vec<_> = std::env::args_os().collect();
        let (arguments, output) =
            match arguments::parse(self.binary, &integration, self.sandbox.is_some(), &typed) {
                Parsed::Arguments(arguments, output) => (*arguments, output),
                Parsed::Print(text) => return output::print_text(&text),
                Parsed::Refused(error, output) => {
                    return output.end(&integration, "command_line", Err(error));
                }
            };
        logging::start(self.binary, arguments.log_format);
        let name = arguments.command.name().to_owned();
        let is_server = matches!(arguments.command, Command::Serve(_));
        let result = traces::of_command(&name, is_server, || self.execute(&integration, arguments, &output));
        output.end(&integration, &name, result)
    }

    fn execute(
        self,
        integration: &Arc<Integration>,
        arguments: Arguments,
        output: &Output,
    ) -> Result<Ended, ConnectorError> {
        let runtime = runtime(matches!(arguments.command, Command::Serve(_)))?;
        let result = match arguments.command {
            Command::Info(envelope) => info::run(integration, &envelope),
            Command::AppInfo(envelope) => app_info::run(integration, &envelope),
            Command::Audit(command) => {
                runtime.block_on(audit::run(&CliHost::new(integration.app_id()), command))
            }
            Command::Completions(command) => {
                let program = arguments::whole(self.binary, integration, self.sandbox.is_some());
                Ok(completions::run(&command, program))
            }
            Command::Man(command) => {
                man::run(command, arguments::whole(self.binary, integration, self.sandbox.is_some()))
            }
            Command::Capability(call) => runtime.block_on(call::run(integration, call, output)),
            Command::Sync(command) => runtime.block_on(sync::run(integration, command)),
            Command::Verify(command) => runtime.block_on(verify::run(integration, command)),
            Command::Rejects(command) => {
                runtime.block_on(rejects::run(integration, command, arguments.log_format))
            }
            Command::Webhooks(command) => runtime.block_on(webhooks::run(integration, command)),
            Command::Keys(command) => runtime.block_on(keys::run(integration.app_id(), command)),
            Command::Login(command) => runtime.block_on(login::run(integration, command)),
            Command::Logout(command) => runtime.block_on(logout::run(integration, command)),
            Command::Export(command) => runtime.block_on(export::run(integration, command)),
            Command::Schedule(command) => runtime.block_on(schedule::run(integration, command)),
            Command::Serve(command) => {
                let integrations = vec![Arc::clone(integration)];
                runtime.block_on(serve::run(integration.app_id(), integrations, command))
            }
            Command::Spec => Ok(spec::run(&[&**integration])),
            Command::Status => runtime.block_on(status::run(integration)),
            Command::Vault(command) => {
                runtime.block_on(vault::run(&CliHost::new(integration.app_id()), command))
            }
            Command::Sandbox(options) => match self.sandbox {
                Some(sandbox) => runtime.block_on(sandbox::run(&*sandbox, options)),
                None => Err(no_sandbox()),
            },
            Command::Demo(options) => match self.sandbox {
                Some(sandbox) => runtime.block_on(demo::run(integration, self.binary, &*sandbox, options)),
                None => Err(no_sandbox()),
            },
        };
        // A worker that still waits for a terminal's input must not keep the program alive.
        runtime.shutdown_background();
        result
    }
}

/// One thread, since a call waits for one server at a time and starting more threads costs milliseconds; as many as there
/// are cores for a server.
fn runtime(of_server: bool) -> Result<Runtime, ConnectorError> {
    let mut builder = if of_server { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.enable_all().build().map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the runtime cannot be started").source(error)
    })
}

fn no_sandbox() -> ConnectorError {
    ConnectorError::new(ErrorCode::UnsupportedOperation, "this connector has no sandbox")
}

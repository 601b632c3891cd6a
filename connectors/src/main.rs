//! The program `connector`: one server for every connector.

use std::process::ExitCode;

use connector_cli::Connectors;
use connectors as _;

fn main() -> ExitCode {
    Connectors::new("connector").run()
}

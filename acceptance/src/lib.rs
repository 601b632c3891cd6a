//! The acceptance kit: runs any executable that follows the contract of connectors, in whatever language it is written,
//! and tells where it does not.
//!
//! It knows the contract and nothing else: no crate of the framework, no app. Between the connector and its stand-in it puts
//! a proxy that lets things go wrong, by a schedule that is the same in every run; for OAuth it has a provider of its own.
//!
//! In the tests of a connector, with its executable being built by the same package:
//!
//! ```ignore
//! connector_acceptance::accept!("example-connector");
//! ```
//!
//! For any other executable:
//!
//! ```no_run
//! # async fn example() -> Result<(), connector_acceptance::CheckError> {
//! let report = connector_acceptance::check("./example-connector".as_ref(), &Default::default()).await?;
//! println!("{}", report.table());
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod checks;
mod config;
mod context;
mod contract;
mod declared;
mod fault;
mod folder;
mod groups;
mod http;
mod kit;
mod process;
mod provider;
mod proxy;
mod report;
mod run;
mod schema;
mod search;
mod stand_in;
mod subject;
mod summary;
mod tables;
mod wanted;
mod watch;

use std::path::{Path, PathBuf};

pub use config::{Change, Config, StandInConfig};
pub use kit::check;
pub use report::{Finding, Report, Status};

/// Why a connector could not be checked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// There is nothing to run.
    #[error("{path} cannot be run: {reason}")]
    Executable {
        /// What was to be run.
        path: PathBuf,
        /// Why it cannot be.
        reason: String,
    },
    /// The configuration cannot be used.
    #[error("{path} is no configuration: {reason}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No check and no group of checks has this name.
    #[error("there is no check and no group of checks called {name}; the groups are {groups}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        groups: String,
    },
    /// This machine does not let the kit work.
    #[error("the kit cannot work here: {0}")]
    Machine(#[from] std::io::Error),
}

/// Checks an executable, on threads of its own, for tests that are no async functions.
///
/// # Errors
/// When the connector could not be checked at all.
pub fn check_blocking(executable: &Path, config: Option<&Path>) -> Result<Report, CheckError> {
    let config = config.map(Config::read).transpose()?.unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(check(executable, &config))
}

/// A test that holds an executable of this package against the contract. The second argument is the path of a
/// [configuration](Config), from the package's folder.
///
/// ```ignore
/// connector_acceptance::accept!("example-connector");
/// connector_acceptance::accept!("example-connector", "tests/acceptance.json");
/// ```
#[macro_export]
macro_rules! accept {
    ($binary:literal) => {
        $crate::accept!(@ $binary, ::std::option::Option::None);
    };
    ($binary:literal, $config:literal) => {
        $crate::accept!(@ $binary, ::std::option::Option::Some(
            ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($config).as_path()
        ));
    };
    (@ $binary:literal, $config:expr) => {
        #[test]
        fn it_follows_the_contract_of_connectors() {
            let executable = ::std::path::Path::new(env!(concat!("CARGO_BIN_EXE_", $binary)));
            match $crate::check_blocking(executable, $config) {
                ::std::result::Result::Ok(report) => assert!(report.is_green(), "\n{}", report.table()),
                ::std::result::Result::Err(error) => panic!("{error}"),
            }
        }
    };
}

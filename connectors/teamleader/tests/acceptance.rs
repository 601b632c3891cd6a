//! The connector's executable against the contract.

connector_acceptance::accept!("tl-connector", "tests/acceptance.json");

//! A validator of OpenAPI documents that this project did not write: npm's `@seriousme/openapi-schema-validator`.

use std::{
    env,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// What is wrong with a document.
///
/// # Panics
/// When Node.js or its packages are missing; `make test` installs them.
pub fn validate(document: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/validate-openapi.mjs");
    let node = env::var_os("NODE_BIN").unwrap_or_else(|| "node".into());
    let mut process = Command::new(&node)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", node.display()));
    let mut input = process.stdin.take().expect("it is piped");
    input.write_all(document.as_bytes()).expect("the validator reads");
    drop(input);
    let output = process.wait_with_output().expect("the validator ends");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("the validator failed: {output:?}"))
}

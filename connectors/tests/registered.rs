//! Whoever names this crate has every connector.

use std::collections::BTreeSet;
use std::path::Path;

use connector_core::registry;
use connectors as _;

#[test]
fn every_connector_of_this_folder_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap());
    let folders: BTreeSet<String> = entries
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let registered = registry::connectors().into_iter().map(|connector| connector.app_id.to_owned());
    assert_eq!(registered.collect::<BTreeSet<_>>(), folders);
}

//! The connectors that are linked into a binary.

use std::sync::Arc;

use crate::integration::Integration;

/// A connector that is linked in. Submitted by the connector's crate:
///
/// ```ignore
/// inventory::submit! { connector_core::registry::Connector { app_id: "example", integration } }
/// ```
pub struct Connector {
    /// Id of the app.
    pub app_id: &'static str,
    /// Builds the declaration.
    pub integration: fn() -> Integration,
}

inventory::collect!(Connector);

/// Every connector that is linked in, by app id.
///
/// # Panics
/// When two of them have the same id: no call could tell them apart.
pub fn connectors() -> Vec<&'static Connector> {
    let mut connectors: Vec<_> = inventory::iter::<Connector>.into_iter().collect();
    connectors.sort_by_key(|connector| connector.app_id);
    for pair in connectors.windows(2) {
        assert!(pair[0].app_id != pair[1].app_id, "connector `{}` is linked in twice", pair[0].app_id);
    }
    connectors
}

/// The integration of an app, if its connector is linked in.
pub fn integration(app_id: &str) -> Option<Arc<Integration>> {
    connectors()
        .into_iter()
        .find(|connector| connector.app_id == app_id)
        .map(|found| Arc::new((found.integration)()))
}

//! What axe-core finds wrong with a page for those who do not see it, or have no mouse.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::Chromium;

impl Chromium {
    /// Every rule that the page breaks, with the elements that break it; none when it is in order.
    ///
    /// # Panics
    /// When `npm ci` was not run in `tests/node`.
    pub fn barriers(&self) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; `make test` installs it, as does `npm ci --prefix tests/node`",
                path.display()
            )
        });
        self.evaluate(&axe);
        let rules = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";
        let script = format!(
            "const done = arguments[arguments.length - 1];
             axe.run(document, {{runOnly: {{type: 'tag', values: {rules}}}}}).then(found => done(found.violations))"
        );
        let found = self.driver.ask("POST", "/execute/async", &json!({"script": script, "args": []}));
        let violations = found.as_array().unwrap_or_else(|| panic!("axe found nothing to look at: {found}"));
        violations
            .iter()
            .map(|violation| {
                let nodes = violation["nodes"].as_array().into_iter().flatten();
                let elements: Vec<_> = nodes.map(|node| node["html"].clone()).collect();
                format!("{}: {} {}", violation["id"], violation["help"], Value::Array(elements))
            })
            .collect()
    }
}

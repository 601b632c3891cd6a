//! The environment: variables of the process, then those of a `.env` file in the working directory.

use std::collections::HashMap;

/// Variables, process first.
#[derive(Debug)]
pub(crate) struct Environment {
    file: HashMap<String, String>,
    of_process: bool,
}

impl Environment {
    /// An environment without variables, for what must not depend on whose machine it runs on.
    pub(crate) fn empty() -> Self {
        Self { file: HashMap::new(), of_process: false }
    }

    /// Reads `.env` if it is there. A line that cannot be read is left out, and said.
    pub(crate) fn load() -> Self {
        let mut file = HashMap::new();
        for line in dotenvy::from_filename_iter(".env").into_iter().flatten() {
            // The text of an error would hold the line, which may hold a secret.
            let Ok((name, value)) = line else {
                tracing::warn!("a line of .env cannot be read and was left out");
                continue;
            };
            file.insert(name, value);
        }
        Self { file, of_process: true }
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let of_process = if self.of_process { std::env::var(name).ok() } else { None };
        of_process
            .filter(|value| !value.is_empty())
            .or_else(|| self.file.get(name).cloned())
            .filter(|value| !value.is_empty())
    }
}

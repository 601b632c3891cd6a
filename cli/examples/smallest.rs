//! The smallest useful connector: settings, a token, one stream, one capability, for an app that keeps notes.

use std::process::ExitCode;

use connector_cli::CommandLine;
use connector_core::auth::AuthKind;
use connector_core::capability::Capability;
use connector_core::integration::Integration;
use connector_core::settings::ServerUrl;
use connector_core::stream::{List, Stream};
use connector_core::{Call, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Settings {
    /// Where the app is; also the environment variable `NOTES_API_URL`.
    api_url: ServerUrl,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Note {
    id: String,
    text: Option<String>,
    updated_at: Option<jiff::Timestamp>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct NewNote {
    text: String,
}

async fn create_note(call: Call<Settings>, note: NewNote) -> Result<Note> {
    call.post("notes").json(&note).read().await
}

fn integration() -> Integration {
    let notes = List::at("notes").records("/data").numbered("page", 100).sized("per_page");
    Integration::builder::<Settings>("notes", "0.1.0")
        .name("Notes")
        .description("Notes of people.")
        .auth(&[AuthKind::Token])
        .base_url(|settings| settings.api_url.clone())
        .stream(Stream::list::<Note>("notes", "note", notes).changed_since("since"))
        .capability(Capability::new("create_note", create_note).description("Writes a note.").writes())
        .build()
        .expect("the declaration is sound")
}

fn main() -> ExitCode {
    CommandLine::new("notes-connector", integration).run()
}

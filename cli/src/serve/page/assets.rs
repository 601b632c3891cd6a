//! The style sheet and the script: parts of the binary, under names that change with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

pub(super) struct Asset {
    pub(super) path: String,
    content: &'static str,
    content_type: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("style", "css", include_str!("templates/style.css"), "text/css; charset=utf-8")
});
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("script", "js", include_str!("templates/script.js"), "text/javascript; charset=utf-8")
});

impl Asset {
    fn new(name: &str, extension: &str, content: &'static str, content_type: &'static str) -> Self {
        let digest: [u8; 32] = Sha256::digest(content.as_bytes()).into();
        let [first, second, third, fourth, ..] = digest;
        let number = u32::from_be_bytes([first, second, third, fourth]);
        Self { path: format!("/-/assets/{name}.{number:08x}.{extension}"), content, content_type }
    }
}

/// Needs no key: the page to sign in at shows them too, and there is nothing in them.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let path = format!("/-/assets/{name}");
    let Some(asset) = [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, asset.content_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_has_one_name_and_may_be_kept() {
        let name = STYLE.path.strip_prefix("/-/assets/").unwrap();
        assert_eq!(name.len(), "style.01234567.css".len());
        let answer = serve(Path(name.to_owned())).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        for other in ["style.css", "style.00000000.css", "../style.css"] {
            assert_eq!(serve(Path(other.to_owned())).await.status(), StatusCode::NOT_FOUND, "{other}");
        }
    }
}

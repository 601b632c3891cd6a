//! Page tokens: opaque, versioned, bound to the capability and the question that they continue.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::{ConnectorError, ErrorCode, Result};

const VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;

/// Longest token that is looked at. Apps with tokens of their own make ours as long as theirs.
const LONGEST: usize = 8192;

/// Where a list continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PagePosition {
    /// At this page number.
    #[serde(rename = "n")]
    Number(u32),
    /// At the app's own token.
    #[serde(rename = "t")]
    Token(String),
}

#[derive(Serialize, Deserialize)]
struct Content {
    #[serde(rename = "p")]
    position: PagePosition,
    #[serde(rename = "s")]
    size: u32,
}

/// Everything that must not change between two pages; the order in which a caller writes its fields may.
pub(crate) fn question(app_id: &str, capability: &str, request: &Map<String, Value>) -> String {
    let mut request = Value::Object(request.clone());
    request.sort_all_objects();
    format!("{app_id}:{capability}:{request}")
}

/// A token for the page at `position`. `question` is everything that must not change between two pages.
pub(crate) fn encode(position: PagePosition, size: u32, question: &str) -> String {
    let content = serde_json::to_vec(&Content { position, size }).unwrap_or_default();
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&check(&content, question));
    bytes.extend_from_slice(&content);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position and the size of the page that a token stands for.
pub(crate) fn decode(token: &str, question: &str) -> Result<(PagePosition, u32)> {
    parse(token, question).ok_or_else(|| {
        ConnectorError::new(
            ErrorCode::InvalidPageToken,
            "/page/token is damaged or belongs to another request",
        )
        .hint("send the token of the previous answer with the same capability and the same request")
    })
}

fn parse(token: &str, question: &str) -> Option<(PagePosition, u32)> {
    if token.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (found, content) = rest.split_at_checked(CHECK_BYTES)?;
    if *version != VERSION || found != check(content, question) {
        return None;
    }
    let content: Content = serde_json::from_slice(content).ok()?;
    Some((content.position, content.size))
}

fn check(content: &[u8], question: &str) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new().chain_update(question).chain_update([0]).chain_update(content).finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_opens_its_own_page_only(page in 1..u32::MAX, size in 1..1000_u32, question in ".{0,40}", other in ".{0,40}") {
            let token = encode(PagePosition::Number(page), size, &question);
            prop_assert_eq!(decode(&token, &question).unwrap(), (PagePosition::Number(page), size));
            if other != question {
                prop_assert_eq!(decode(&token, &other).unwrap_err().code(), ErrorCode::InvalidPageToken);
            }
        }

        #[test]
        fn a_damaged_token_is_refused(position in 0..40_usize, replacement in "[A-Za-z0-9_-]") {
            let token = encode(PagePosition::Token("next".into()), 100, "q");
            let mut damaged = token.clone();
            let position = position % token.len();
            damaged.replace_range(position..=position, &replacement);
            // The last character carries bits that the encoding ignores; a strict decoder refuses them as well.
            prop_assert!(damaged == token || decode(&damaged, "q").is_err());
        }

        #[test]
        fn nonsense_is_refused(nonsense in ".{0,100}") {
            prop_assert!(decode(&nonsense, "q").is_err());
        }
    }
}

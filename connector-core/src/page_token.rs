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

/// What a token stands for: where its page begins, and what is known of those before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    #[serde(rename = "p")]
    pub position: PagePosition,
    /// Records of a page, as the list was begun.
    #[serde(rename = "s")]
    pub size: u32,
    /// Records of all pages before. An app that gives fewer than it is asked for makes that less than their sizes say.
    #[serde(rename = "r", default)]
    pub read: u64,
    /// The [`digest`] of the page before.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<u64>,
}

impl Place {
    /// The beginning of a list with pages of this size.
    pub(crate) fn first(size: u32) -> Self {
        Self { position: PagePosition::Number(1), size, read: 0, previous: None }
    }
}

/// Everything that must not change between two pages; the order in which a caller writes its fields may.
pub(crate) fn question(app_id: &str, capability: &str, request: &Map<String, Value>) -> String {
    let mut request = Value::Object(request.clone());
    request.sort_all_objects();
    format!("{app_id}:{capability}:{request}")
}

/// A token for the page at a place. `question` is everything that must not change between two pages.
pub(crate) fn encode(place: &Place, question: &str) -> String {
    let content = serde_json::to_vec(place).unwrap_or_default();
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&check(&content, question));
    bytes.extend_from_slice(&content);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place that a token stands for.
pub(crate) fn decode(token: &str, question: &str) -> Result<Place> {
    parse(token, question).ok_or_else(|| {
        ConnectorError::new(
            ErrorCode::InvalidPageToken,
            "/page/token is damaged or belongs to another request",
        )
        .hint("send the token of the previous answer with the same capability and the same request")
    })
}

/// Tells one page from another, as it was sent.
pub(crate) fn digest(page: &str) -> u64 {
    let digest = Sha256::digest(page);
    digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn parse(token: &str, question: &str) -> Option<Place> {
    if token.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (found, content) = rest.split_at_checked(CHECK_BYTES)?;
    if *version != VERSION || found != check(content, question) {
        return None;
    }
    serde_json::from_slice(content).ok()
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
            let place = Place { position: PagePosition::Number(page), size, read: 7, previous: Some(u64::MAX) };
            let token = encode(&place, &question);
            prop_assert_eq!(decode(&token, &question).unwrap(), place);
            if other != question {
                prop_assert_eq!(decode(&token, &other).unwrap_err().code(), ErrorCode::InvalidPageToken);
            }
        }

        #[test]
        fn a_damaged_token_is_refused(position in 0..40_usize, replacement in "[A-Za-z0-9_-]") {
            let token = encode(&Place { position: PagePosition::Token("next".into()), ..Place::first(100) }, "q");
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

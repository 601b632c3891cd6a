//! JSON pointers (RFC 6901) into JSON as it was sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A pointer that a declaration has, and what it leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeclaredPointer {
    pub what: &'static str,
    pub pointer: &'static str,
}

/// Whether a text is a pointer: `""` for all there is, or parts that begin with `/` each, with `~` in the forms `~0` and
/// `~1` alone.
pub(crate) fn is_pointer(text: &str) -> bool {
    let is_escape = |after: &str| after.starts_with(['0', '1']);
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(is_escape)
}

/// What a pointer leads to.
pub(super) fn at<'j>(json: &'j RawValue, pointer: &str) -> Option<&'j RawValue> {
    pointer.split('/').skip(1).try_fold(json, |json, part| {
        if json.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(json.get()).ok()?;
            return items.get(index(part)?).copied();
        }
        let mut object: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json.get()).ok()?;
        object.remove(part.replace("~1", "/").replace("~0", "~").as_str())
    })
}

fn index(part: &str) -> Option<usize> {
    let is_number = part == "0" || part.starts_with(|first: char| matches!(first, '1'..='9'));
    part.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn raw(json: &Value) -> Box<RawValue> {
        RawValue::from_string(json.to_string()).unwrap()
    }

    #[test]
    fn a_pointer_leads_to_members_of_any_name_and_to_items() {
        let document = raw(&json!({"a/b": {"m~n": [{"": 1.50}, "x"]}, "~1": 2, "é": 3}));
        for (pointer, found) in [
            ("/a~1b/m~0n/0/", Some("1.5")),
            ("/a~1b/m~0n/1", Some("\"x\"")),
            ("/~01", Some("2")),
            ("/é", Some("3")),
            ("", Some(document.get())),
            ("/a~1b/m~0n/2", None),
            ("/a~1b/m~0n/00", None),
            ("/a~1b/m~0n/+1", None),
            ("/~01/x", None),
            ("/b", None),
        ] {
            assert_eq!(at(&document, pointer).map(RawValue::get), found, "{pointer}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_told() {
        for pointer in ["", "/", "/data", "/a~1b", "/a~0/0"] {
            assert!(is_pointer(pointer), "{pointer}");
        }
        for other in ["data", "data/next", "$.data", "#/data", "/a~2", "/a~"] {
            assert!(!is_pointer(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn it_leads_where_that_of_parsed_json_does(pointer in "(/[a0~1-]{0,3}){0,3}") {
            let document = json!({"a": [{"a": 1}, [2]], "0": {"": 3, "-": 4}, "~": 5, "/": {"a": 6}, "": 7});
            let found = at(&raw(&document), &pointer).map(|raw| raw.get().to_owned());
            prop_assert_eq!(found, document.pointer(&pointer).map(Value::to_string));
        }
    }
}

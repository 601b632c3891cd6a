//! Calls that are neither a list nor a record of a resource: the capabilities that streams do not give are made of them.

use connector_core::{Call, Result};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{answer, post};
use crate::error::is_missing_record;
use crate::settings::Settings;

/// Records in a page of an operation that has pages.
const PAGE: usize = 100;

/// An object.
pub(crate) async fn object(call: &Call<Settings>, operation: &str, body: &Value) -> Result<Box<RawValue>> {
    post(call, operation, body, |response| answer::object(&response)).await
}

/// An object, where there may be none at the moment. Nobody documents how Teamleader says that.
pub(crate) async fn optional_object(
    call: &Call<Settings>,
    operation: &str,
    body: &Value,
) -> Result<Option<Box<RawValue>>> {
    match post(call, operation, body, |response| answer::optional_object(&response)).await {
        Err(error) if is_missing_record(&error) => Ok(None),
        answer => answer,
    }
}

/// Something to be done; there is nothing to read.
pub(crate) async fn order(call: &Call<Settings>, operation: &str, body: &Value) -> Result<()> {
    post(call, operation, body, |response| answer::done(&response)).await
}

/// Everything that an operation lists, page after page.
///
/// Operations without pages ignore the number and send everything each time, so a page that comes twice is the end.
pub(crate) async fn all(
    call: &Call<Settings>,
    operation: &str,
    mut body: Value,
) -> Result<Vec<Box<RawValue>>> {
    let mut records: Vec<Box<RawValue>> = Vec::new();
    for number in 1_u32.. {
        body["page"] = json!({"size": PAGE, "number": number});
        let page = post(call, operation, &body, |response| answer::list(&response)).await?.records;
        if came_before(&records, &page) {
            break;
        }
        let is_last = page.len() != PAGE;
        records.extend(page);
        if is_last {
            break;
        }
    }
    Ok(records)
}

/// Whether a page is the last one once more.
fn came_before(records: &[Box<RawValue>], page: &[Box<RawValue>]) -> bool {
    let last = &records[records.len().saturating_sub(PAGE)..];
    let is_same = || last.iter().zip(page).all(|(one, other)| one.get() == other.get());
    !page.is_empty() && last.len() == page.len() && is_same()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(numbers: std::ops::Range<usize>) -> Vec<Box<RawValue>> {
        numbers.map(|number| RawValue::from_string(number.to_string()).unwrap()).collect()
    }

    #[test]
    fn a_page_that_comes_twice_is_the_end_and_a_new_one_is_not() {
        let all = page(0..2 * PAGE);
        assert!(came_before(&all, &page(PAGE..2 * PAGE)));
        assert!(came_before(&page(0..PAGE), &page(0..PAGE)));
        assert!(!came_before(&all, &page(2 * PAGE..3 * PAGE)));
        assert!(!came_before(&[], &page(0..PAGE)));
        assert!(!came_before(&[], &[]));
    }
}

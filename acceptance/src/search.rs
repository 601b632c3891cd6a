//! Looking for many texts in outputs, all of them in one pass: there are dozens of texts, and megabytes of output.

use std::collections::BTreeSet;

/// Texts that are looked for, each with how it is called.
#[derive(Debug)]
pub(crate) struct Search {
    texts: Vec<(String, Vec<u8>)>,
    /// By the first two bytes, whether a text begins with them: almost no place needs a closer look.
    beginnings: Vec<bool>,
}

impl Default for Search {
    fn default() -> Self {
        Self { texts: Vec::new(), beginnings: vec![false; 1 << 16] }
    }
}

impl Search {
    /// From now on, this text is found, which has two bytes or more.
    pub(crate) fn add(&mut self, called: &str, text: impl Into<Vec<u8>>) {
        let text = text.into();
        if let [first, second, ..] = text[..] {
            self.beginnings[pair(first, second)] = true;
            self.texts.push((called.to_owned(), text));
        }
    }

    /// How the texts that stand in this are called.
    pub(crate) fn found_in(&self, output: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for at in 1..output.len() {
            if !self.beginnings[pair(output[at - 1], output[at])] {
                continue;
            }
            let here = &output[at - 1..];
            let stands_here = self.texts.iter().filter(|(_, text)| here.starts_with(text));
            found.extend(stands_here.map(|(called, _)| called.as_str()));
        }
        found
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_wherever_they_stand_and_also_in_each_other() {
        let mut search = Search::default();
        for text in ["abcd", "bc", "xyz"] {
            search.add(text, text);
        }
        assert_eq!(search.found_in(b"abcd"), BTreeSet::from(["abcd", "bc"]));
        assert_eq!(search.found_in(b"..xyz"), BTreeSet::from(["xyz"]));
        assert_eq!(search.found_in(b"abxy"), BTreeSet::new());
        assert_eq!(search.found_in(b""), BTreeSet::new());
    }
}

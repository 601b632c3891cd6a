//! Writing JSON straight into bytes, cut into the parts that a request may ask for.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::catalog::Part;

/// A row while it is written. Parts follow each other in the order of the attribute table.
#[derive(Default)]
pub(crate) struct RowWriter {
    pub(crate) bytes: Vec<u8>,
    ends: Vec<u32>,
    parts: Vec<Part>,
}

impl RowWriter {
    /// From here on everything belongs to `part`.
    pub(crate) fn enter(&mut self, part: Part) {
        if self.parts.last() == Some(&part) {
            return;
        }
        self.close_part();
        self.parts.push(part);
    }

    fn close_part(&mut self) {
        if !self.parts.is_empty() {
            self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        }
    }

    /// The stored form: the ends of the parts, then their text. Leaves the writer empty.
    pub(crate) fn finish(&mut self) -> (Box<[u8]>, Vec<Part>) {
        self.close_part();
        let mut stored = Vec::with_capacity(self.ends.len() * 4 + self.bytes.len());
        for end in &self.ends {
            stored.extend_from_slice(&end.to_le_bytes());
        }
        stored.extend_from_slice(&self.bytes);
        self.bytes.clear();
        self.ends.clear();
        (stored.into_boxed_slice(), std::mem::take(&mut self.parts))
    }

    pub(crate) fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn string(&mut self, text: &str) {
        write_string(&mut self.bytes, text);
    }

    pub(crate) fn integer(&mut self, value: i64) {
        // Writing into a `Vec` cannot fail.
        let _ = write!(self.bytes, "{value}");
    }

    /// Hundredths as PHP prints a float: `123.3`, not `123.30`.
    pub(crate) fn hundredths(&mut self, value: i64) {
        if value < 0 {
            self.raw("-");
        }
        let value = value.unsigned_abs();
        let _ = match (value / 100, value % 100) {
            (whole, 0) => write!(self.bytes, "{whole}"),
            (whole, tenths) if tenths % 10 == 0 => write!(self.bytes, "{whole}.{}", tenths / 10),
            (whole, hundredths) => write!(self.bytes, "{whole}.{hundredths:02}"),
        };
    }

    pub(crate) fn date(&mut self, seconds: i64) {
        let at = civil(seconds);
        let _ = write!(self.bytes, "\"{:04}-{:02}-{:02}\"", at.year(), at.month(), at.day());
    }

    pub(crate) fn time(&mut self, seconds: i64) {
        self.raw("\"");
        self.raw(&rfc3339(seconds));
        self.raw("\"");
    }
}

fn civil(seconds: i64) -> jiff::civil::DateTime {
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    TimeZone::UTC.to_datetime(at)
}

/// `2016-02-04T16:44:33+00:00`, the only form in which the service writes a time.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let at = civil(seconds);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// A JSON string with PHP's habit of leaving no control character unescaped.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let plain = text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        for character in text.chars() {
            write_escaped(out, character);
        }
    }
    out.push(b'"');
}

fn write_escaped(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        control if u32::from(control) < 0x20 => {
            let _ = write!(out, "\\u{:04x}", u32::from(control));
        }
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

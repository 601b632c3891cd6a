//! Rows as `COPY … FROM STDIN` takes them in its text format.

use connector_core::stream::Row;

use crate::session::Sheet;

/// Writes rows: the cells in order, then document, hash and the given end, which is the same for all.
pub(super) fn encode(sheet: &Sheet<'_>, rows: &[&Row], end: &[&str]) -> Vec<u8> {
    let estimate: usize = rows.iter().map(|row| row.size() * 2).sum();
    let mut out = Vec::with_capacity(estimate);
    for row in rows {
        for index in 0..sheet.layout.targets.len() {
            match sheet.cell(row, index) {
                Some(text) => push_escaped(&mut out, &text),
                None => out.extend_from_slice(b"\\N"),
            }
            out.push(b'\t');
        }
        push_escaped(&mut out, &sheet.document(row));
        out.push(b'\t');
        push_bytes(&mut out, row.hash());
        for text in end {
            out.push(b'\t');
            push_escaped(&mut out, text);
        }
        out.push(b'\n');
    }
    out
}

/// Writes keys and documents, and the given end, which is the same for all.
pub(super) fn encode_documents(sheet: &Sheet<'_>, rows: &[&Row], end: &[&str]) -> Vec<u8> {
    let estimate: usize = rows.iter().map(|row| row.document().len() * 2).sum();
    let mut out = Vec::with_capacity(estimate);
    for row in rows {
        push_escaped(&mut out, row.key());
        out.push(b'\t');
        push_escaped(&mut out, &sheet.document(row));
        for text in end {
            out.push(b'\t');
            push_escaped(&mut out, text);
        }
        out.push(b'\n');
    }
    out
}

fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let letter = match byte {
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            _ => continue,
        };
        out.extend_from_slice(&bytes[copied..at]);
        out.extend_from_slice(&[b'\\', letter]);
        copied = at + 1;
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// `bytea` in hexadecimal digits; its leading backslash is escaped for COPY.
fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\\\x");
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_reads_as_structure_is_escaped() {
        let mut out = Vec::new();
        push_escaped(&mut out, "a\tb\nc\rd\\N\\.é😀");
        assert_eq!(out, "a\\tb\\nc\\rd\\\\N\\\\.é😀".as_bytes());
        out.clear();
        push_bytes(&mut out, &[0, 0x1f, 0xff]);
        assert_eq!(out, b"\\\\x001fff");
    }
}

//! Lines of bounded length out of anything that can be read.

use std::io::{self, BufRead, BufReader, Read};

/// Longest line that is a record, in bytes.
pub(super) const LONGEST_LINE: usize = 16 << 20;

/// What is kept of a longer one, in bytes.
const KEPT_OF_TOO_LONG: usize = 1000;

/// Bytes that are read at once.
const READ_AT_ONCE: usize = 256 << 10;

/// Splits an input into lines.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    number: u64,
}

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// Longer than a record may be; the bytes are its beginning.
    pub(super) is_too_long: bool,
    /// Whether it has an end: the last line may lack one.
    pub(super) has_end: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(READ_AT_ONCE, input), number: 0 }
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line =
            Line { number: self.number + 1, bytes: Vec::new(), is_too_long: false, has_end: false };
        let mut is_empty = true;
        while !line.has_end {
            let buffer = match self.input.fill_buf() {
                Ok([]) => break,
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            is_empty = false;
            let (part, used) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&buffer[..end], end + 1),
                None => (buffer, buffer.len()),
            };
            line.has_end = used > part.len();
            line.push(part);
            self.input.consume(used);
        }
        if is_empty {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && line.bytes.starts_with(b"\xef\xbb\xbf") {
            line.bytes.drain(..3);
        }
        Ok(Some(line))
    }
}

impl Line {
    fn push(&mut self, part: &[u8]) {
        if self.is_too_long {
            return;
        }
        if self.bytes.len() + part.len() > LONGEST_LINE {
            self.is_too_long = true;
            let room = KEPT_OF_TOO_LONG.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(&part[..part.len().min(room)]);
            self.bytes.truncate(KEPT_OF_TOO_LONG);
            self.bytes.shrink_to_fit();
            return;
        }
        self.bytes.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: impl Read) -> Vec<Line> {
        let mut lines = Lines::new(input);
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn lines_are_counted_and_the_last_one_may_lack_its_end() {
        let lines = all(&b"\xef\xbb\xbfa\n\nb\r\nc"[..]);
        let told: Vec<_> = lines.iter().map(|line| (line.number, &line.bytes[..], line.has_end)).collect();
        assert_eq!(told, [(1, &b"a"[..], true), (2, b"", true), (3, b"b\r", true), (4, b"c", false)]);
        assert_eq!(all(&b""[..]), []);
    }

    #[test]
    fn of_a_line_that_is_too_long_its_beginning_is_kept_and_the_next_one_is_whole() {
        let input = io::repeat(b'x').take(LONGEST_LINE as u64 + 1).chain(&b"\nnext\n"[..]);
        let lines = all(input);
        assert!(lines[0].is_too_long && lines[0].has_end);
        assert_eq!(lines[0].bytes, [b'x'; KEPT_OF_TOO_LONG]);
        assert_eq!((&lines[1].bytes[..], lines[1].number, lines.len()), (&b"next"[..], 2, 2));
        let longest = all(io::repeat(b'x').take(LONGEST_LINE as u64));
        assert!(!longest[0].is_too_long && longest[0].bytes.len() == LONGEST_LINE);
    }
}

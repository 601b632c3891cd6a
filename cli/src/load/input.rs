//! Standard input as pages of records: read and checked by a thread of its own, a few pages ahead.

use std::io::Read;
use std::sync::Arc;
use std::thread;

use connector_core::stream::RecordPage;
use connector_core::sync::Reject;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::value::RawValue;
use tokio::sync::{Mutex, mpsc};

use super::ending::{Ending, Expected, judge};
use super::lines::{LONGEST_LINE, Line, Lines};

/// Records in a page, at most.
const RECORDS_IN_PAGE: usize = 1000;

/// Bytes in a page, at most, unless one record alone is larger.
const BYTES_IN_PAGE: usize = 1 << 20;

/// Pages that are read ahead.
const PAGES_AHEAD: usize = 2;

/// The records of an input.
pub(super) struct Input {
    pages: Mutex<mpsc::Receiver<Result<RecordPage>>>,
}

impl Input {
    /// Begins to read. A thread that waits for input does not keep the program from ending.
    pub(super) fn start(input: impl Read + Send + 'static, expected: Expected) -> Result<Arc<Self>> {
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        let mut reader = PageReader::new(input, expected);
        let read = move || {
            loop {
                let page = reader.next();
                let is_last = page.as_ref().map_or(true, |page| page.next_token.is_none());
                if sender.blocking_send(page).is_err() || is_last {
                    return;
                }
            }
        };
        thread::Builder::new().name("input".to_owned()).spawn(read).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "no thread can be started").source(error)
        })?;
        Ok(Arc::new(Self { pages: Mutex::new(pages) }))
    }

    /// The next page. The last one names none to follow.
    pub(super) async fn next(&self) -> Result<RecordPage> {
        match self.pages.lock().await.recv().await {
            Some(page) => page,
            None => {
                Err(ConnectorError::new(ErrorCode::InternalError, "what read standard input ended by itself"))
            }
        }
    }
}

struct PageReader<R> {
    lines: Lines<R>,
    expected: Expected,
    /// Read and not yet handed out: the last line may be an envelope.
    last: Option<Box<RawValue>>,
    /// How the input ended, if it ended badly.
    failure: Option<ConnectorError>,
    has_records: bool,
    has_unreadable: bool,
}

impl<R: Read> PageReader<R> {
    fn new(input: R, expected: Expected) -> Self {
        Self {
            lines: Lines::new(input),
            expected,
            last: None,
            failure: None,
            has_records: false,
            has_unreadable: false,
        }
    }

    /// The next page; what came before a failure comes before it.
    fn next(&mut self) -> Result<RecordPage> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut page = RecordPage { next_token: Some("next".to_owned()), ..RecordPage::default() };
        let mut bytes = 0;
        while page.records.len() + page.rejects.len() < RECORDS_IN_PAGE && bytes < BYTES_IN_PAGE {
            match self.lines.next() {
                Ok(Some(line)) => {
                    bytes += line.bytes.len();
                    if let Err(cut) = self.take(line, &mut page) {
                        self.failure = Some(cut);
                        break;
                    }
                }
                Ok(None) => {
                    match self.end(&mut page) {
                        Ok(()) => page.next_token = None,
                        Err(error) => self.failure = Some(error),
                    }
                    break;
                }
                Err(error) => {
                    let message = format!("standard input cannot be read: {error}");
                    self.flush(&mut page);
                    self.failure = Some(ConnectorError::new(ErrorCode::ConnectionClosed, message));
                    break;
                }
            }
        }
        Ok(page)
    }

    /// Puts the line before this one into the page, and keeps this one.
    fn take(&mut self, line: Line, page: &mut RecordPage) -> Result<()> {
        if !line.is_too_long && line.bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        self.flush(page);
        match read(line) {
            Ok(record) => self.last = Some(record),
            Err(Unreadable { number, has_end: false, .. }) => {
                let message = format!("the input ends in the middle of line {number}: it was cut off");
                return Err(ConnectorError::new(ErrorCode::ConnectionClosed, message));
            }
            Err(Unreadable { reject, .. }) => {
                self.has_unreadable = true;
                page.rejects.push(reject);
            }
        }
        Ok(())
    }

    fn flush(&mut self, page: &mut RecordPage) {
        if let Some(record) = self.last.take() {
            self.has_records = true;
            page.records.push(record);
        }
    }

    fn end(&mut self, page: &mut RecordPage) -> Result<()> {
        let Ending { is_envelope, fault } = judge(self.last.as_deref(), self.expected);
        if !is_envelope {
            self.flush(page);
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        if self.has_unreadable && !self.has_records {
            let message = "no line of the input is JSON";
            return Err(ConnectorError::new(ErrorCode::BadRequest, message)
                .hint("one JSON object a line is wanted; `connector rejects list` shows what came"));
        }
        if self.expected.something && !self.has_records {
            let message = "the input has no records, which would mean that every row is gone";
            return Err(ConnectorError::new(ErrorCode::Conflict, message)
                .hint("if they are really gone, say how many: `--allow-deletes N`"));
        }
        Ok(())
    }
}

/// A line that is no JSON.
struct Unreadable {
    number: u64,
    has_end: bool,
    reject: Reject,
}

fn read(line: Line) -> std::result::Result<Box<RawValue>, Unreadable> {
    let Line { number, bytes, is_too_long, has_end } = line;
    let unreadable = |code: &str, reason: String, bytes: &[u8]| Unreadable {
        number,
        has_end,
        reject: Reject {
            // No database takes this character in a text.
            payload: String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}"),
            code: code.to_owned(),
            reason,
            path: None,
        },
    };
    if is_too_long {
        let reason = format!("line {number} is longer than {LONGEST_LINE} bytes; this is its beginning");
        return Err(unreadable("too_long", reason, &bytes));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        unreadable("invalid_json", format!("line {number} is not UTF-8"), error.as_bytes())
    })?;
    if let Err(error) = serde_json::from_str::<&RawValue>(&text) {
        let reason = format!("line {number} is not valid JSON from its column {} on", error.column());
        return Err(unreadable("invalid_json", reason, text.as_bytes()));
    }
    RawValue::from_string(text)
        .map_err(|_| unreadable("invalid_json", format!("line {number} is not valid JSON"), b""))
}

#[cfg(test)]
mod tests {
    use super::super::ending::End;
    use super::*;

    /// The records and rejects of all pages, and how it ended.
    fn read_all(input: &str, expected: Expected) -> (Vec<String>, Vec<Reject>, Result<()>) {
        let mut reader = PageReader::new(std::io::Cursor::new(input.as_bytes().to_vec()), expected);
        let (mut records, mut rejects) = (Vec::new(), Vec::new());
        loop {
            match reader.next() {
                Err(error) => return (records, rejects, Err(error)),
                Ok(page) => {
                    assert!(page.records.len() <= RECORDS_IN_PAGE);
                    records.extend(page.records.iter().map(|record| record.get().to_owned()));
                    rejects.extend(page.rejects);
                    if page.next_token.is_none() {
                        return (records, rejects, Ok(()));
                    }
                }
            }
        }
    }

    #[test]
    fn every_line_is_a_record_but_for_an_envelope_at_the_end() {
        let records = (0..2500).map(|id| format!("{{\"id\":{id}}}")).chain([String::new()]);
        let records = records.collect::<Vec<_>>().join("\n");
        let envelope = r#"{"response":null,"raw_data":null,"page":null}"#;
        for input in
            [records.clone(), format!("{records}{envelope}\n\n"), format!("\r\n{records}  {envelope}")]
        {
            let (read, rejects, end) = read_all(&input, Expected::default());
            assert_eq!((read.len(), rejects.len(), end.is_ok()), (2500, 0, true));
            assert_eq!((read[0].as_str(), read[2499].as_str()), (r#"{"id":0}"#, r#"{"id":2499}"#));
        }
        let in_between = format!("{envelope}\n{records}");
        assert_eq!(read_all(&in_between, Expected::default()).0.len(), 2501);
    }

    #[test]
    fn a_line_that_is_no_json_is_rejected_with_its_number() {
        let (records, rejects, end) = read_all("{\"id\":1}\n\nnonsense\0\n{\"id\":2}\n", Expected::default());
        assert_eq!((records.len(), end.is_ok()), (2, true));
        assert_eq!(rejects[0].code, "invalid_json");
        assert_eq!(rejects[0].reason, "line 3 is not valid JSON from its column 2 on");
        assert_eq!(rejects[0].payload, "nonsense\u{fffd}");
    }

    #[test]
    fn what_came_before_the_input_broke_is_handed_out_first() {
        let (records, _, end) = read_all("{\"id\":1}\n{\"id\":2}\n{\"id\":", Expected::default());
        assert_eq!((records.len(), end.unwrap_err().code()), (2, ErrorCode::ConnectionClosed));
        let with_envelope = Expected { end: End::Told, ..Expected::default() };
        let (records, _, end) = read_all("{\"id\":1}\n{\"id\":2}\n", with_envelope);
        assert_eq!((records.len(), end.unwrap_err().code()), (2, ErrorCode::ConnectionClosed));
        let error = "{\"id\":1}\n{\"is_error\":true,\"error\":{\"message\":\"busy\",\"error_code\":\"rate_limit\"}}\n";
        let (records, _, end) = read_all(error, Expected::default());
        assert_eq!((records.len(), end.unwrap_err().code()), (1, ErrorCode::RateLimit));
    }

    #[test]
    fn an_input_of_nothing_readable_is_an_error() {
        let (_, rejects, end) = read_all("nonsense\n<html>\n", Expected::default());
        assert_eq!((rejects.len(), end.unwrap_err().code()), (2, ErrorCode::BadRequest));
    }

    #[test]
    fn an_empty_input_is_not_believed_to_be_everything() {
        let something = Expected { something: true, ..Expected::default() };
        assert_eq!(read_all("\n", something).2.unwrap_err().code(), ErrorCode::Conflict);
        assert!(read_all("", Expected::default()).2.is_ok());
    }
}

//! What a run of a connector left behind: exit code, envelope, records, what it said.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use serde_json::Value;

/// The end of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the process ended; [`Outcome::exit_code`] is the usual question.
    pub status: ExitStatus,
    /// All of standard output.
    pub standard_output: String,
    /// All of standard error.
    pub standard_error: String,
}

impl Outcome {
    /// The exit code.
    ///
    /// # Panics
    /// When a signal ended the process: a connector answers signals with an envelope and a code.
    pub fn exit_code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("ended by signal {:?}\n{self:?}", self.status.signal()))
    }

    /// The envelope, which has to be all of standard output: one JSON object on one line.
    ///
    /// # Panics
    /// When standard output is anything else.
    pub fn envelope(&self) -> Value {
        let (records, envelope) = self.records_and_envelope();
        assert!(records.is_empty(), "more than one line on standard output\n{self:?}");
        envelope
    }

    /// The lines of `--output ndjson`: one record a line, then the envelope.
    ///
    /// # Panics
    /// When a line is not a JSON document, the last one no object, or the end of the last line is missing.
    pub fn records_and_envelope(&self) -> (Vec<Value>, Value) {
        assert!(self.standard_output.ends_with('\n'), "standard output does not end with a line\n{self:?}");
        let mut documents: Vec<Value> = self
            .standard_output
            .lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("not a JSON document ({error}): {line}\n{self:?}"))
            })
            .collect();
        match documents.pop() {
            Some(envelope @ Value::Object(_)) => (documents, envelope),
            _ => panic!("the last line is not an envelope\n{self:?}"),
        }
    }

    /// The `response` of a run that went well.
    ///
    /// # Panics
    /// When the exit code is not 0, or the envelope holds no response.
    pub fn response(&self) -> Value {
        assert_eq!(self.exit_code(), 0, "{self:?}");
        match self.envelope() {
            Value::Object(mut envelope) if envelope.contains_key("response") => envelope["response"].take(),
            _ => panic!("no response in the envelope\n{self:?}"),
        }
    }

    /// The `error` of a run that failed, having checked that the envelope is one of an error.
    ///
    /// # Panics
    /// When the envelope is that of a success.
    pub fn error(&self) -> Value {
        let mut envelope = self.envelope();
        assert_eq!(envelope["is_error"], true, "{self:?}");
        assert!(envelope.get("response").is_none(), "an error with a response\n{self:?}");
        envelope["error"].take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(standard_output: &str, code: i32) -> Outcome {
        Outcome {
            status: ExitStatus::from_raw(code << 8),
            standard_output: standard_output.to_owned(),
            standard_error: String::new(),
        }
    }

    #[test]
    fn a_response_is_taken_from_the_only_line() {
        assert_eq!(outcome("{\"response\":[1]}\n", 0).response(), serde_json::json!([1]));
    }

    #[test]
    fn records_stand_before_the_envelope() {
        let (records, envelope) =
            outcome("{\"id\":1}\n{\"id\":2}\n{\"page\":null}\n", 0).records_and_envelope();
        assert_eq!((records.len(), &envelope["page"]), (2, &Value::Null));
    }

    #[test]
    fn an_error_is_told_by_its_envelope() {
        let line = "{\"is_error\":true,\"error\":{\"error_code\":\"not_found\"}}\n";
        assert_eq!(outcome(line, 69).error()["error_code"], "not_found");
    }

    #[test]
    #[should_panic(expected = "more than one line")]
    fn a_second_line_is_refused() {
        outcome("{}\n{}\n", 0).envelope();
    }

    #[test]
    #[should_panic(expected = "not a JSON document")]
    fn two_documents_on_one_line_are_refused() {
        outcome("{} {}\n", 0).envelope();
    }

    #[test]
    #[should_panic(expected = "does not end with a line")]
    fn silence_is_refused() {
        outcome("", 0).envelope();
    }
}

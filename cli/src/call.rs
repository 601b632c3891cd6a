//! A capability as a command: envelope in, envelope out.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, Outcome, Page, PageRequestEnvelope, RequestEnvelope};
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::oauth::token_requests_settled;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::value::RawValue;

use crate::arguments::{CapabilityCall, EnvelopeSource, Form};
use crate::host::CliHost;
use crate::output::{Ended, Output};
use crate::signals::{Signals, Watched};

/// Largest envelope that is read, in bytes.
const LARGEST_ENVELOPE: u64 = 64 << 20;

pub(crate) async fn run(
    integration: &Arc<Integration>,
    call: CapabilityCall,
    output: &Output,
) -> Result<Ended> {
    let envelope = read_envelope(&call.envelope)?;
    let (signals, stop) = Signals::new();
    let host = CliHost::new(integration.app_id()).with_stop(stop.clone()).revealing_tokens();
    let host: Arc<dyn Host> = Arc::new(host);
    let work = async {
        let mut stop = stop;
        // New tokens under way may be what is answered, and nobody gets them a second time.
        let given_up = async {
            stop.given().await;
            token_requests_settled().await;
        };
        tokio::select! {
            biased;
            answer = answer(integration, &call, envelope, &host, output) => answer.map(Some),
            () = given_up => Ok(None),
        }
    };
    match signals.watch(Box::pin(work)).await {
        Watched::Done(Ok(Some(answer)), _) => Ok(Ended::Answer(answer)),
        Watched::Done(Err(error), _) => Err(error),
        Watched::Done(Ok(None), Some(signal)) | Watched::CutOff(signal) => Ok(Ended::Signalled(signal, None)),
        Watched::Done(Ok(None), None) => {
            Err(ConnectorError::new(ErrorCode::InternalError, "stopped by nobody"))
        }
    }
}

/// The envelope of the arguments; an empty one when none was given.
pub(crate) fn read_envelope(source: &EnvelopeSource) -> Result<RequestEnvelope> {
    let text = match (&source.json, &source.json_file) {
        (Some(json), _) if json == "-" => read_input(std::io::stdin().lock(), Path::new("standard input"))?,
        (Some(json), _) => json.clone(),
        (None, Some(file)) if file == Path::new("-") => {
            read_input(std::io::stdin().lock(), Path::new("standard input"))?
        }
        (None, Some(file)) => {
            let opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
            read_input(opened, file)?
        }
        (None, None) => return Ok(RequestEnvelope::default()),
    };
    RequestEnvelope::parse(&text)
}

fn read_input(input: impl Read, name: &Path) -> Result<String> {
    let mut text = String::new();
    let read = input
        .take(LARGEST_ENVELOPE + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(name, &error))?;
    if read as u64 > LARGEST_ENVELOPE {
        return Err(ConnectorError::new(ErrorCode::BadRequest, "the request is larger than 64 MiB"));
    }
    Ok(text)
}

fn unreadable(name: &Path, error: &std::io::Error) -> ConnectorError {
    ConnectorError::new(ErrorCode::BadRequest, format!("{} cannot be read: {error}", name.display()))
}

async fn answer(
    integration: &Arc<Integration>,
    call: &CapabilityCall,
    envelope: RequestEnvelope,
    host: &Arc<dyn Host>,
    output: &Output,
) -> Result<Answer> {
    let mut records = Records { form: call.form, output, joined: String::new(), is_empty: true };
    let mut next = dispatch(integration, &call.name, envelope.clone(), host).await?;
    if call.form == Form::Json && !(call.all_pages && next.page.is_some()) {
        if next.response.get() == "[]" && next.page.is_none() && next.outcome == Outcome::Done {
            next.outcome = Outcome::NothingToDo;
        }
        return Ok(next);
    }
    loop {
        records.add(&next)?;
        let (true, Some(page)) = (call.all_pages, next.page.clone()) else {
            break;
        };
        let previous = Arc::clone(&next.response);
        let following = dispatch(integration, &call.name, following(&envelope, &page), host).await;
        next = following.map_err(|error| records.where_to_go_on(error, &envelope))?;
        if next.response.get() == previous.get() && next.page.is_some() {
            return Err(ConnectorError::new(ErrorCode::InvalidResponse, "the app sent the same page twice"));
        }
    }
    records.into_answer(next)
}

fn following(envelope: &RequestEnvelope, page: &Page) -> RequestEnvelope {
    let mut envelope = envelope.clone();
    envelope.page = Some(PageRequestEnvelope { token: Some(page.token.clone()), size: Some(page.size) });
    envelope
}

/// Records on their way out: one array, or a line each.
struct Records<'a> {
    form: Form,
    output: &'a Output,
    joined: String,
    is_empty: bool,
}

impl Records<'_> {
    fn add(&mut self, answer: &Answer) -> Result<()> {
        let records: Vec<&RawValue> = match serde_json::from_str(answer.response.get()) {
            Ok(records) => records,
            // Not a list: the whole response is the one record.
            Err(_) => vec![&answer.response],
        };
        self.is_empty &= records.is_empty();
        for record in records {
            if self.form == Form::Ndjson {
                self.write(record)?;
            } else {
                if !self.joined.is_empty() {
                    self.joined.push(',');
                }
                self.joined.push_str(record.get());
            }
        }
        Ok(())
    }

    /// Records that were printed are the caller's; those that wait for the rest are lost with it, and the caller begins
    /// where this call began.
    fn where_to_go_on(&self, error: ConnectorError, envelope: &RequestEnvelope) -> ConnectorError {
        let are_printed = self.form == Form::Ndjson;
        if error.page().is_none() || are_printed { error } else { error.at_page(envelope.page.clone()) }
    }

    fn into_answer(self, last: Answer) -> Result<Answer> {
        let response = match self.form {
            Form::Ndjson => "null".to_owned(),
            Form::Json => format!("[{}]", self.joined),
        };
        let response = RawValue::from_string(response).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "joined pages are not JSON").source(error)
        })?;
        let outcome = match last.outcome {
            Outcome::Done if self.is_empty => Outcome::NothingToDo,
            outcome => outcome,
        };
        Ok(Answer { response: response.into(), raw_data: None, outcome, ..last })
    }

    fn write(&self, record: &RawValue) -> Result<()> {
        let line = record.get();
        let written = if line.contains(['\n', '\r']) {
            self.output.record(&line.replace(['\n', '\r'], " "))
        } else {
            self.output.record(line)
        };
        written.map_err(|error| {
            let what = self.output.file.as_ref().map_or("standard output", |_| "the file of results");
            ConnectorError::new(ErrorCode::InternalError, format!("{what} cannot be written")).source(error)
        })
    }
}

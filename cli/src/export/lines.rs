//! Records on their way into a file: as JSON, as the cells of a declared export, or as the columns of their stream.

use std::io::{self, Write};

use connector_core::export::{Cells, ExportDeclaration};
use connector_core::integration::Integration;
use connector_core::stream::RowDecoder;
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::value::RawValue;

use super::file::Target;
use super::source::Records;
use super::spreadsheet::harmless;

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) records: u64,
    /// Records that are no records of the stream: only a table that somebody else writes to has such.
    pub(super) left_out: u64,
}

/// How records become lines.
pub(super) struct Lines {
    header: Vec<String>,
    separator: u8,
    raw: bool,
    form: Form,
}

enum Form {
    Json,
    Declared(Cells),
    Columns(Box<RowDecoder>),
}

impl Lines {
    /// Records as they were sent.
    pub(super) fn ndjson() -> Self {
        Self { header: Vec::new(), separator: b',', raw: true, form: Form::Json }
    }

    /// The cells of a declared export.
    pub(super) fn declared(declaration: &ExportDeclaration, cells: Cells, raw: bool) -> Self {
        let header = declaration.header.iter().map(|name| (*name).to_owned()).collect();
        Self { header, separator: declaration.separator, raw, form: Form::Declared(cells) }
    }

    /// The columns of a stream: the declared ones, and those of fields that some record has beside them. Finding these
    /// takes a first reading of all records.
    pub(super) async fn columns(
        integration: &Integration,
        stream: &str,
        records: &mut Records,
        raw: bool,
    ) -> Result<Self> {
        let declared = integration.streams().find(|declared| declared.name == stream);
        let (Some(declared), Some(columns)) = (declared, integration.columns(stream)) else {
            return Err(ConnectorError::new(
                ErrorCode::InternalError,
                "a stream that is declared is not there",
            ));
        };
        let mut decoder = RowDecoder::new(columns, declared.key);
        loop {
            let page = records.next().await?;
            if page.is_empty() {
                break;
            }
            for record in page {
                let _ = decode(&mut decoder, record.document);
            }
        }
        records.rewind();
        let header = decoder.columns().iter().map(|column| column.name.clone()).collect();
        Ok(Self { header, separator: b',', raw, form: Form::Columns(Box::new(decoder)) })
    }

    /// Writes all records. The outer error is the store's, the inner one the target's.
    pub(super) async fn write(
        &mut self,
        records: &mut Records,
        mut target: Target,
    ) -> Result<io::Result<Written>> {
        let mut written = Written::default();
        if let Err(error) = self.write_header(&mut target) {
            return Ok(Err(error));
        }
        loop {
            let page = records.next().await?;
            if page.is_empty() {
                break;
            }
            for record in page {
                match self.write_record(record.document, &mut target) {
                    Ok(true) => written.records += 1,
                    Ok(false) => written.left_out += 1,
                    Err(error) => return Ok(Err(error)),
                }
            }
        }
        Ok(target.finish().map(|()| written))
    }

    fn write_header(&self, target: &mut Target) -> io::Result<()> {
        match self.form {
            Form::Json => Ok(()),
            _ => self.write_cells(self.header.iter().map(String::as_str), target),
        }
    }

    /// Whether the record is one.
    fn write_record(&mut self, document: String, target: &mut Target) -> io::Result<bool> {
        match &mut self.form {
            Form::Json => {
                // A line of its own: between tokens, and nowhere else, JSON has line ends.
                let line = if document.contains(['\n', '\r']) {
                    document.replace(['\n', '\r'], " ")
                } else {
                    document
                };
                writeln!(target, "{line}")?;
            }
            Form::Declared(cells) => {
                let Ok(record) = serde_json::from_str(&document) else { return Ok(false) };
                let cells = cells(&record);
                self.write_cells(cells.iter().map(String::as_str), target)?;
            }
            Form::Columns(decoder) => {
                let Some(row) = decode(decoder, document) else { return Ok(false) };
                // A field that came up between the two readings has no place in the header.
                let cells = (0..self.header.len()).map(|index| row.cell(index).unwrap_or_default());
                let line = line(cells, self.separator, self.raw)?;
                target.write_all(&line)?;
            }
        }
        Ok(true)
    }

    fn write_cells<'c>(&self, cells: impl Iterator<Item = &'c str>, target: &mut Target) -> io::Result<()> {
        target.write_all(&line(cells, self.separator, self.raw)?)
    }
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, separator: u8, raw: bool) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    for cell in cells {
        if raw {
            writer.write_field(cell)?;
        } else {
            writer.write_field(harmless(cell).as_bytes())?;
        }
    }
    writer.write_record(None::<&[u8]>)?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn decode(decoder: &mut RowDecoder, document: String) -> Option<connector_core::stream::Row> {
    decoder.decode(RawValue::from_string(document).ok()?).ok()
}

//! Where an export comes from: the stored records of a stream, in whichever layout they are.

use std::collections::BTreeMap;

use connector_core::integration::Integration;
use connector_core::sync::StoredDocument;
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{DocumentOptions, Store, StreamSummary};

/// Records in memory at a time.
const PAGE: u32 = 500;

/// How the tables look that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StoredLayout {
    /// One column for each field.
    Tables,
    /// Whole records, as an older tool kept them.
    Documents,
}

/// The stored records of an app.
pub(super) struct Source<'a> {
    integration: &'a Integration,
    store: Store,
    schema: String,
    layout: Option<StoredLayout>,
    names: BTreeMap<String, String>,
    /// What was ever synced into the store.
    known: Vec<StreamSummary>,
}

/// The records of one stream.
pub(super) struct Records {
    store: Store,
    schema: String,
    stream: String,
    key: Vec<String>,
    documents: Option<DocumentOptions>,
    last: Option<String>,
}

impl<'a> Source<'a> {
    pub(super) async fn open(
        integration: &'a Integration,
        store: Store,
        schema: Option<String>,
        layout: Option<StoredLayout>,
        names: BTreeMap<String, String>,
    ) -> Result<Self> {
        let schema = schema.unwrap_or_else(|| integration.app_id().to_owned());
        let mut known = store.streams(integration.app_id()).await?;
        // SQLite has no schemas.
        known.retain(|summary| summary.schema.is_empty() || summary.schema == schema);
        Ok(Self { integration, store, schema, layout, names, known })
    }

    /// The records of a stream.
    ///
    /// # Errors
    /// `not_found` when nothing of it was ever stored.
    pub(super) fn records(&self, stream: &str) -> Result<Records> {
        let declared = self.integration.streams().find(|declared| declared.name == stream);
        let key = declared
            .map_or_else(Vec::new, |stream| stream.key.iter().map(|part| (*part).to_owned()).collect());
        Ok(Records {
            store: self.store.clone(),
            schema: self.schema.clone(),
            stream: stream.to_owned(),
            key,
            documents: self.documents(stream)?,
            last: None,
        })
    }

    /// How the layout `documents` has the stream; `None` where it is in the layout `tables`.
    fn documents(&self, stream: &str) -> Result<Option<DocumentOptions>> {
        let of = |names: BTreeMap<String, String>| {
            let Some(tables) = self.integration.documents() else {
                let message = format!("{} has no layout `documents`", self.integration.app_id());
                return Err(ConnectorError::new(ErrorCode::UnsupportedOperation, message));
            };
            Ok(Some(DocumentOptions { tables: *tables, names }))
        };
        match self.layout {
            Some(StoredLayout::Tables) => return Ok(None),
            Some(StoredLayout::Documents) => return of(self.names.clone()),
            None if self.names.contains_key(stream) => return of(self.names.clone()),
            None => {}
        }
        let of_stream = self.known.iter().filter(|summary| summary.name() == stream);
        let Some(latest) = of_stream.max_by_key(|summary| summary.updated_at) else {
            let message = format!("nothing of {stream} is stored in {}", self.store.shown());
            return Err(ConnectorError::new(ErrorCode::NotFound, message).hint(format!(
                "`sync {stream}` reads it; `--layout documents` finds what an older tool has stored"
            )));
        };
        match latest.document_table() {
            Some(table) => of(BTreeMap::from([(stream.to_owned(), table.to_owned())])),
            None => Ok(None),
        }
    }
}

impl Records {
    /// The next records in the order of their keys; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<StoredDocument>> {
        let after = self.last.as_deref();
        let page = match &self.documents {
            Some(options) => {
                self.store.whole_documents(&self.schema, options, &self.stream, after, PAGE).await?
            }
            None => self.store.documents(&self.schema, &self.stream, &self.key, after, PAGE).await?,
        };
        if let Some(last) = page.last() {
            self.last = Some(last.key.clone());
        }
        Ok(page)
    }

    /// Reads from the first record on again.
    pub(super) fn rewind(&mut self) {
        self.last = None;
    }
}

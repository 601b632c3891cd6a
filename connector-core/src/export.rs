//! Exports: files of a fixed form that other programs expect, made of stored records.

use std::any::Any;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;

/// Turns a record into the cells of its line, as many as the header has.
pub type Cells = Box<dyn Fn(&Value) -> Vec<String> + Send + Sync>;

/// A file that an app's records can be exported to.
///
/// Whoever exports a stream without a declaration gets its columns; this is for files whose form somebody else has
/// fixed.
pub struct Export<S> {
    pub(crate) declaration: ExportDeclaration,
    cells: fn(&S, &[Value]) -> Result<Cells>,
}

/// Everything about an export but how the cells are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportDeclaration {
    /// What it is called on the command line; may be the name of a stream, which it then stands for.
    pub name: &'static str,
    /// Stream whose records it has, one a line.
    pub stream: &'static str,
    /// Stream whose records are read first, all of them, to make sense of the others.
    pub definitions: Option<&'static str>,
    /// Stands between cells.
    pub separator: u8,
    /// The first line.
    pub header: &'static [&'static str],
}

/// An export without the type of its connector's settings.
pub(crate) struct ExportEntry {
    pub(crate) declaration: ExportDeclaration,
    pub(crate) cells: ErasedCells,
}

type ErasedCells = Arc<dyn Fn(&dyn Any, &[Value]) -> Result<Cells> + Send + Sync>;

impl<S: 'static> Export<S> {
    /// An export of the records of a stream. `cells` gets the settings and the definitions and gives what makes lines;
    /// it is the place to refuse settings that name what does not exist.
    pub fn new(declaration: ExportDeclaration, cells: fn(&S, &[Value]) -> Result<Cells>) -> Self {
        Self { declaration, cells }
    }

    pub(crate) fn erase(self) -> ExportEntry {
        let cells = self.cells;
        let erased: ErasedCells = Arc::new(move |settings, definitions| {
            let settings = settings.downcast_ref().expect("settings are of the builder's type");
            cells(settings, definitions)
        });
        ExportEntry { declaration: self.declaration, cells: erased }
    }
}

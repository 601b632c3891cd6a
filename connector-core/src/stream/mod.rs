//! Streams: readable collections of records, and how records become rows.

mod capabilities;
mod child;
mod column;
mod declaration;
mod list;
mod list_request;
mod pointer;
mod reading;
mod record_schema;
mod row;

pub(crate) use capabilities::capabilities;
pub use child::{Item, items};
pub use column::{Column, ColumnType, Columns, RESERVED_COLUMNS};
pub(crate) use column::{LONGEST_NAME, resolve};
pub use declaration::{
    Direction, Filter, FilterKind, PageRequest, Paging, RecordPage, SchemaSource, Stream, StreamDeclaration,
    Walk,
};
pub(crate) use declaration::{GetFn, ReadFn, group_schema};
pub use list::List;
pub(crate) use pointer::{DeclaredPointer, is_pointer};
pub use reading::{Child, Each, Parent, Window};
pub(crate) use record_schema::{RecordSchema, record_schema};
pub use row::{ContentHash, HASH_BYTES, KEY_SEPARATOR, Row, RowDecoder, RowError};

//! Streams: readable collections of records, and how records become rows.

mod child;
mod column;
mod declaration;
mod list;
mod reading;
mod row;

pub use child::{Item, items};
pub use column::{Column, ColumnType, Columns, RESERVED_COLUMNS};
pub(crate) use column::{LONGEST_NAME, resolve};
pub use declaration::{
    Direction, Filter, FilterKind, PageRequest, Paging, RecordPage, SchemaSource, Stream, StreamDeclaration,
    Walk,
};
pub(crate) use declaration::{GetFn, ReadFn, group_schema};
pub use list::List;
pub use reading::{Child, Each, Parent, Window};
pub use row::{ContentHash, HASH_BYTES, KEY_SEPARATOR, Row, RowDecoder, RowError};

//! Streams: readable collections of records, and how records become rows.

mod child;
mod column;
mod declaration;
mod list;
mod reading;
mod row;

pub use child::{Item, items};
pub(crate) use column::resolve;
pub use column::{Column, ColumnType, Columns, RESERVED_COLUMNS};
pub use declaration::{
    Direction, Filter, FilterKind, PageRequest, Paging, RecordPage, Stream, StreamDeclaration, Walk,
};
pub(crate) use declaration::{GetFn, ReadFn, group_schema};
pub use list::List;
pub use reading::{Child, Each, Parent, Window};
pub use row::{ContentHash, HASH_BYTES, KEY_SEPARATOR, Row, RowDecoder, RowError};

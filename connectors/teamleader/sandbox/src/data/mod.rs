//! Made-up data: related, multilingual, with gaps, and the same for the same seed.

mod custom_fields;
mod draw;
mod json;
pub(crate) mod text;
mod words;
mod world;

pub(crate) use draw::Draw;
pub(crate) use json::{RowWriter, rfc3339};
pub(crate) use world::{World, id};

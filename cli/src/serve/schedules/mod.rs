//! Runs that start by the clock.

mod clock;
mod definition;
mod due;
mod expression;
mod routes;

pub(crate) use definition::{Definition, check_streams, shown};
pub(crate) use expression::duration;

pub(super) use clock::run;
pub(super) use routes::routes;

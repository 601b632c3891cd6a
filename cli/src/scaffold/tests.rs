//! Names that a connector may not have.

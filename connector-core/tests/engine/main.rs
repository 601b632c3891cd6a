//! The sync engine between an app that can be changed at will and a sink in memory.

mod accounts;
mod app;
mod deletes;
mod details;
mod memory;
mod parents;
mod records;
mod verify;
mod views;

//! The broker's routes, without a network.

mod connections;
mod handing_out;
mod permission;
mod recording;
mod world;

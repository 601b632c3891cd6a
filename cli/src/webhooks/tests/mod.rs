//! The receiver over real HTTP and the worker behind it, with a queue in memory.

mod memory_queue;
mod receiving;
mod registering;
mod working;

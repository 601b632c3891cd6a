//! A private PostgreSQL server for tests, and fresh databases on it.
//!
//! [`create_database`] is what most tests need: the first call in a process starts a server (about a second),
//! every call makes a database (about 50 ms). The server listens on a socket in a temporary folder, and is gone
//! with its files once the process ends, however it ends. With `TEST_DATABASE_URL` set, databases are made on
//! that server instead, and dropped after use.
//!
//! ```
//! let database = test_postgres::create_database();
//! database.query("create table companies (id integer)");
//! assert_eq!(database.query("select count(*) from companies"), "0");
//! ```

mod account;
mod database;
mod installation;
mod server;

pub use database::{TestDatabase, create_database};
pub use server::Server;

//! A server lives as long as its owner, and no longer.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use test_postgres::{Server, create_database};

/// Tells the copy of this program that [`a_server_does_not_outlive_a_killed_process`] starts to be that process.
const HOLD_A_SERVER: &str = "TEST_POSTGRES_HOLD_A_SERVER";

#[test]
fn databases_of_one_server_are_fresh_and_apart() {
    let first = create_database();
    let second = create_database();
    assert_ne!(first.url(), second.url());
    first.query("create table companies (id integer)");
    assert_eq!(first.query("select count(*), null from companies"), "0|");
    assert_eq!(second.query("select to_regclass('companies') is null"), "t");
}

#[test]
fn a_database_is_dropped_with_its_value_even_while_someone_is_connected() {
    let server = Server::start().unwrap();
    let database = server.create_database();
    let mut session = Command::new(programs().join("psql"))
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", database.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    session.stdin.as_ref().unwrap().write_all(b"select 'connected';\n").unwrap();
    let mut answer = String::new();
    BufReader::new(session.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
    assert_eq!(answer, "connected\n");

    let name = database.to_string();
    drop(database);
    let witness = server.create_database();
    assert_eq!(witness.query(&format!("select count(*) from pg_database where datname = '{name}'")), "0");
    drop(session.stdin.take());
    session.wait().unwrap();
}

#[test]
fn a_dropped_server_is_gone_with_its_files() {
    let server = Server::start_on_loopback().unwrap();
    let folder = server.folder().to_owned();
    let address = address(&server);
    TcpStream::connect(&address).unwrap();
    drop(server);
    assert!(!folder.exists());
    TcpStream::connect(&address).unwrap_err();
}

#[test]
fn a_stopped_server_comes_back_at_the_same_address_with_what_was_committed() {
    let server = Server::start_on_loopback().unwrap();
    let database = server.create_database();
    assert!(database.url().contains("@127.0.0.1:"), "{}", database.url());
    database.query("create table companies as select 1 as id");
    server.stop().unwrap();
    server.start_again().unwrap();
    assert_eq!(database.query("select id from companies"), "1");
}

#[test]
fn a_server_does_not_outlive_a_killed_process() {
    if env::var_os(HOLD_A_SERVER).is_some() {
        return hold_a_server();
    }
    let mut holder = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_server_does_not_outlive_a_killed_process", "--nocapture"])
        .env(HOLD_A_SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (folder, address) = BufReader::new(holder.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, held) = line.split_once("holding ")?;
            let (folder, address) = held.split_once(' ')?;
            Some((PathBuf::from(folder), address.to_owned()))
        })
        .unwrap();
    TcpStream::connect(&address).unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    wait_until("the server's files are gone", || !folder.exists());
    TcpStream::connect(&address).unwrap_err();
}

fn hold_a_server() {
    let server = Server::start_on_loopback().expect("a server to hold");
    let said = format!("holding {} {}\n", server.folder().display(), address(&server));
    io::stdout().write_all(said.as_bytes()).expect("the parent reads this");
    // Nobody writes here: this waits to be killed.
    let _ = io::stdin().read(&mut [0]);
}

fn address(server: &Server) -> String {
    let url = server.url("postgres");
    let (_, address) = url.split_once('@').expect("a URL with an address");
    address.trim_end_matches("/postgres").to_owned()
}

fn programs() -> PathBuf {
    let found = Command::new("bash")
        .args(["-c", include_str!("../../find-postgres")])
        .output()
        .expect("the script runs");
    PathBuf::from(String::from_utf8_lossy(&found.stdout).trim_end())
}

#[expect(clippy::disallowed_methods, reason = "a process that is no child of ours can only be asked again")]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "not so within 20 s: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

//! No secret that was used is anywhere that it does not have to be: not in what processes say at their most talkative,
//! not in the database, not in files, not in the list of processes, and not in the memory that another one may read.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write as _},
    net::TcpStream,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use system_tests::{
    account::VAULT_KEY,
    binary::{Connector, Outcome},
    browser::{follow, visit},
    oauth_server::OAuthServer,
    served::{Served, create_key_of},
    store::Kind,
};

use super::{TOKEN, World, print_figure};

on_both_stores! {
    no_secret_that_was_used_is_found_again,
}

pub(super) const WRONG_SECRET: &str = "wr0ng-client-secret-0123456789";
const OTHER_VAULT_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const WRONG_KEY: &str = "bk_abcd1234_wr0ngkeywr0ngkeywr0ngkeywr0ngkey";
const PASSWORD: &str = "hunter2-of-the-database";

/// Somebody who is neither root nor the owner of anything.
pub(super) const NOBODY: u32 = 65534;

/// Places that were searched, by kind.
#[derive(Default)]
struct Search {
    secrets: Vec<String>,
    places: Vec<(&'static str, String, Vec<u8>)>,
}

impl Search {
    fn keep(&mut self, kind: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.places.push((kind, name.into(), bytes.into()));
    }

    fn keep_outcome(&mut self, name: &'static str, outcome: &Outcome) {
        // Somebody has to open the address that a login prints, and it holds the state.
        let said: Vec<_> =
            outcome.standard_error.lines().filter(|line| !line.trim().starts_with("http://")).collect();
        self.keep("log", name, said.join("\n"));
        self.keep("output", name, outcome.standard_output.as_bytes());
    }

    /// Every secret in each form in which it may be written down.
    fn forms(&self) -> Vec<String> {
        self.secrets
            .iter()
            .filter(|secret| secret.len() >= 8)
            .flat_map(|secret| [secret.clone(), hexadecimal(secret), STANDARD.encode(secret)])
            .collect()
    }

    fn find(&self) -> Vec<String> {
        let forms = self.forms();
        let mut found = Vec::new();
        for (kind, name, bytes) in &self.places {
            let text = String::from_utf8_lossy(bytes);
            let hits = forms.iter().filter(|form| text.contains(form.as_str()));
            found.extend(hits.map(|form| format!("{kind} {name}: {form}")));
        }
        found
    }

    fn report(&self, kind: Kind) {
        for place in ["log", "output", "database", "file", "process list"] {
            let of_kind = self.places.iter().filter(|(kind, ..)| *kind == place);
            let (count, bytes) =
                of_kind.fold((0, 0), |(count, sum), (.., bytes)| (count + 1, sum + bytes.len()));
            print_figure(&format!("secrets, {kind:?}: {place}: {count} searched, {bytes} bytes"));
        }
        print_figure(&format!(
            "secrets, {kind:?}: {} secrets in {} forms, {} found",
            self.secrets.len(),
            self.forms().len(),
            self.find().len()
        ));
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a text takes everything");
        digits
    })
}

fn no_secret_that_was_used_is_found_again(kind: Kind) {
    let mut world = World::new(kind);
    let url = world.store.url().replacen("postgres@", &format!("postgres:{PASSWORD}@"), 1);
    world.connector =
        world.connector.environment("CONNECTOR_LOG", "trace").environment("CONNECTOR_STORE_URL", &url);
    let mut search = Search::default();
    let key = create_key_of(&world.connector, &["admin"]);

    fail_to_log_in(&world, &mut search);
    search.keep_outcome("login", &OAuthServer::login(&world.connector, []));
    for command in ["validate_credentials", "sync", "status", "list_companies"] {
        search.keep_outcome(command, &world.connector.run([command]));
    }
    let cookies = serve(&world, &key, &mut search);
    use_wrong_keys(&world, &url, &mut search);

    let dump = world.store.dump();
    assert!(String::from_utf8_lossy(&dump).contains("teamleader"), "the dump is one");
    search.keep("database", "all tables", dump);
    keep_files(&world.connector.working_folder(), &mut search);

    search.secrets.extend(world.server.secrets());
    search.secrets.extend(cookies);
    search.secrets.push(key.rsplit('_').next().expect("the secret part").to_owned());
    search.secrets.extend(
        [VAULT_KEY, OTHER_VAULT_KEY, WRONG_SECRET, WRONG_KEY, PASSWORD, "post-secret-0123456789"]
            .map(str::to_owned),
    );
    let is_traced = |(kind, _, bytes): &(&str, String, Vec<u8>)| {
        *kind == "log" && String::from_utf8_lossy(bytes).contains("\"DEBUG\"")
    };
    assert!(search.places.iter().any(is_traced), "the log is on");
    assert!(world.server.secrets().len() >= 12, "tokens, codes, verifiers and states went over the wire");
    search.report(kind);
    let found = search.find();
    assert!(found.is_empty(), "{found:#?}");
}

/// A denial, and somebody else's state and code.
fn fail_to_log_in(world: &World, search: &mut Search) {
    let begin = || {
        let mut login = world.connector.start(["login", "--no-browser"]);
        let address = login.wait_for_standard_error("/oauth2/authorize").trim().to_owned();
        (login, address)
    };
    let (login, address) = begin();
    keep_process(login.id(), "login", search);
    let callback = follow(&address);
    let (there, query) = callback.split_once('?').expect("a query");
    visit(&format!("{there}?error=access_denied&{}", query.replace("code=", "no_code=")));
    search.keep_outcome("login that is denied", &login.wait());

    let (login, address) = begin();
    let callback = follow(&address);
    visit(&callback.replace("state=", "state=another"));
    visit(&callback.replace("code=", "code=another"));
    search.keep_outcome("login with another's code", &login.wait());
}

/// Everything that a server does with secrets. Returns the cookies that it gave.
fn serve(world: &World, key: &str, search: &mut Search) -> Vec<String> {
    let served = Served::of(&world.connector);
    keep_process(served.id(), "serve", search);
    for query in ["", "?force_refresh=true", "?access_token=s3cret-in-a-query"] {
        served.get(&format!("{TOKEN}{query}"), key);
    }
    served.get(TOKEN, WRONG_KEY);
    served.ask("POST", "/default/teamleader/authorize", key, &Value::Null);
    let sign_in = format!("key={key}");
    let signed_in = raw(
        &served,
        &format!(
            "POST /-/sign-in HTTP/1.1\r\norigin: http://{}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n",
            served.address(),
            sign_in.len()
        ),
        &sign_in,
    );
    let mut cookies = cookies_of(&signed_in);
    assert_eq!(cookies.len(), 1, "a session: {signed_in}");
    let page = raw(&served, &format!("GET / HTTP/1.1\r\ncookie: connector_session={}\r\n", cookies[0]), "");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    search.keep("output", "page", page);
    let started = raw(
        &served,
        &format!("GET /oauth/start?connection=browser HTTP/1.1\r\nauthorization: Bearer {key}\r\n"),
        "",
    );
    cookies.extend(cookies_of(&started));
    let place = started.lines().find_map(|line| line.strip_prefix("location: ")).expect("the app's page");
    visit(&follow(place));
    for path in ["/metrics", "/health/ready", "/connections", "/audit", "/default/teamleader/binb-status"] {
        search.keep("output", path, served.get(path, key).text);
    }
    search.keep_outcome("serve", &served.stop());
    cookies
}

fn use_wrong_keys(world: &World, url: &str, search: &mut Search) {
    let with = |name: &str, value: &str| {
        let connector = world.server.connector(Connector::new("tl-connector"));
        connector
            .environment("CONNECTOR_LOG", "trace")
            .environment("CONNECTOR_STORE_URL", url)
            .environment("CONNECTOR_VAULT_KEY", VAULT_KEY)
            .environment(name, value)
    };
    for key in [OTHER_VAULT_KEY, &VAULT_KEY[1..]] {
        let outcome = with("CONNECTOR_VAULT_KEY", key).run(["validate_credentials"]);
        assert_ne!(outcome.exit_code(), 0, "{outcome:?}");
        search.keep_outcome("with a wrong key of the vault", &outcome);
    }
    let outcome = OAuthServer::login(&with("TEAMLEADER_CLIENT_SECRET", WRONG_SECRET), []);
    assert_ne!(outcome.exit_code(), 0, "{outcome:?}");
    search.keep_outcome("login with a wrong client secret", &outcome);
}

/// An HTTP exchange with further headers.
fn raw(served: &Served, head: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(served.address()).expect("the server listens");
    write!(connection, "{head}host: {}\r\nconnection: close\r\n\r\n{body}", served.address())
        .expect("the request is small");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

fn cookies_of(answer: &str) -> Vec<String> {
    let cookies = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let values = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
    values.map(|(_, value)| value.to_owned()).collect()
}

/// What others see of a process.
fn keep_process(id: u32, name: &str, search: &mut Search) {
    let command_line = as_somebody_else(&format!("cat /proc/{id}/cmdline"));
    assert!(!command_line.stdout.is_empty(), "the command line is for everybody");
    search.keep("process list", format!("command line of {name}"), command_line.stdout);
    let environment = as_somebody_else(&format!("cat /proc/{id}/environ"));
    assert!(environment.stdout.is_empty(), "the environment is for nobody: {environment:?}");
    search.keep("process list", format!("environment of {name}"), environment.stdout);
}

/// Runs a line of shell as another user, where this one may become another.
pub(super) fn as_somebody_else(line: &str) -> std::process::Output {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().expect("a shell")
}

pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn keep_files(folder: &Path, search: &mut Search) {
    for file in fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            keep_files(&path, search);
        } else {
            search.keep("file", path.display().to_string(), fs::read(&path).expect("readable"));
        }
    }
}

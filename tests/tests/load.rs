//! `connector load`: records of any program land as those of a sync do.

use std::fs;

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream},
    binary::{Connector, Outcome, RunningConnector, Signal},
    store::{Kind, Store},
    waiting::wait_until,
};
use teamleader_sandbox::{Fault, FaultKind};

on_both_stores! {
    records_become_typed_rows_and_the_same_ones_again_change_nothing,
    a_schema_gives_the_types_of_columns,
    later_records_add_columns_and_a_key_may_have_several_parts,
    what_is_no_record_is_kept_with_the_others_landing,
    names_that_are_hostile_to_sql_are_names,
    rows_are_gone_only_where_the_input_is_said_to_be_complete,
    a_connectors_output_is_loaded_without_its_envelope,
    an_error_at_the_end_keeps_the_rows_and_deletes_nothing,
    an_input_that_is_cut_off_is_loaded_in_part,
    a_signal_keeps_what_came,
    of_two_loads_of_one_stream_the_second_is_refused,
    a_table_of_another_app_is_left_alone,
    a_dry_run_writes_nothing,
}

/// The program and a store for it.
struct Loading {
    connector: Connector,
    store: Store,
}

impl Loading {
    fn new(kind: Kind) -> Self {
        let connector = Connector::new("connector");
        let store = Store::new(kind, &connector.working_folder());
        Self { connector, store }
    }

    fn load(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Outcome {
        let own = ["load", "--to", self.store.url(), "--stream", "things"];
        let all = own.iter().chain(arguments);
        self.connector.run_with_input(all, input)
    }

    /// The stream's part of the report of a load by `id` that goes well.
    fn load_well(&self, arguments: &[&str], input: &str) -> Value {
        let all: Vec<&str> = ["--key", "id"].iter().chain(arguments).copied().collect();
        let outcome = self.load(&all, input);
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
        let report = outcome.response();
        assert_eq!(report["status"], "succeeded", "{outcome:?}");
        of_stream(&report, "things").clone()
    }

    fn table(&self) -> &'static str {
        match self.store.kind() {
            Kind::Sqlite => "things",
            Kind::Postgres => "load.things",
        }
    }

    /// One column of all rows, ordered by it; nothing for null.
    fn column(&self, name: &str, filter: &str) -> Vec<String> {
        let table = self.table();
        let query = format!("SELECT CAST({name} AS TEXT) FROM {table} WHERE {filter} ORDER BY 1");
        self.store.rows(&query).into_iter().map(|mut row| row.remove(0).unwrap_or_default()).collect()
    }

    fn live(&self) -> usize {
        self.column("id", "_deleted_at IS NULL").len()
    }
}

fn lines(ids: impl IntoIterator<Item = u32>) -> String {
    let line = |id| format!("{{\"id\":{id},\"name\":\"thing {id}\"}}\n");
    ids.into_iter().map(line).collect::<Vec<_>>().concat()
}

/// What a program says last.
const DONE: &str = r#"{"response":null,"raw_data":null,"page":null}"#;

/// The same from a program that says that it is done.
fn all_lines(ids: impl IntoIterator<Item = u32>) -> String {
    format!("{}{DONE}\n", lines(ids))
}

/// The report of a load, however it ended.
fn report(outcome: &Outcome) -> Value {
    outcome.envelope()["response"].clone()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn records_become_typed_rows_and_the_same_ones_again_change_nothing(kind: Kind) {
    let loading = Loading::new(kind);
    let input = r#"{"id":"a","size":1.50,"is_new":true,"made_at":"2024-05-01T10:00:00+02:00","total":{"amount":5,"currency":"EUR"},"tags":["x",{"y":[1]}]}
{"id":"b","size":null,"nested":{"deep":{"er":1}}}
"#;
    let first = loading.load_well(&[], input);
    assert_eq!(
        (&first["inserted"], &first["received"], &first["mode"]),
        (&json!(2), &json!(2), &json!("incremental"))
    );
    let again = loading.load_well(&[], input);
    assert_eq!(
        (&again["unchanged"], &again["updated"], &again["inserted"]),
        (&json!(2), &json!(0), &json!(0))
    );
    assert_eq!(loading.column("total_amount", "id = 'a'"), ["5"]);
    assert_eq!(loading.column("total_currency", "id = 'a'"), ["EUR"]);
    assert_eq!(parse(&loading.column("nested", "id = 'b'")[0]), json!({"deep": {"er": 1}}));
    let sent = input.lines().next().unwrap_or_default();
    assert_eq!(parse(&loading.column("_doc", "id = 'a'")[0]), parse(sent));
    let changed = loading.load_well(&[], "{\"id\":\"b\",\"size\":7}\n");
    assert_eq!((&changed["updated"], &changed["deleted"]), (&json!(1), &json!(0)));
    assert_eq!((loading.column("size", "id = 'b'"), loading.live()), (vec!["7".to_owned()], 2));
}

fn a_schema_gives_the_types_of_columns(kind: Kind) {
    let loading = Loading::new(kind);
    let schema = json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "owner": {"$ref": "#/$defs/relation"},
            "paid": {"type": ["string", "null"], "format": "date"}
        },
        "$defs": {"relation": {"type": "object", "properties": {"type": {}, "id": {}}}}
    });
    fs::write(loading.connector.working_folder().join("schema.json"), schema.to_string())
        .expect("a folder of its own");
    let input = "{\"id\":1,\"owner\":{\"type\":\"user\",\"id\":\"u\"}}\n{\"id\":2,\"paid\":\"2026-01-31\"}\n{\"id\":\"x\"}\n";
    let outcome = loading.load(&["--key", "id", "--schema-file", "schema.json"], input);
    assert_eq!((outcome.exit_code(), &outcome.response()["status"]), (0, &json!("partial")), "{outcome:?}");
    assert_eq!(loading.column("id", "owner_id = 'u'"), ["1"]);
    assert_eq!(loading.column("paid", "id = 2"), ["2026-01-31"]);
    if kind == Kind::Postgres {
        let types = "pg_typeof(id)::text || ' ' || pg_typeof(paid)::text";
        assert_eq!(loading.column(types, "id = 1"), ["numeric date"]);
    }
    let lacking = loading.load(&["--key", "id", "--schema-file", "nowhere.json"], "");
    assert_eq!(lacking.exit_code(), 64, "{lacking:?}");
}

fn later_records_add_columns_and_a_key_may_have_several_parts(kind: Kind) {
    let loading = Loading::new(kind);
    let keys = ["--key", "shop,number"];
    let first =
        loading.load(&keys, "{\"shop\":\"a\",\"number\":1}\n{\"shop\":\"b\",\"number\":1,\"note\":\"n\"}\n");
    assert_eq!(first.response()["streams"][0]["inserted"], 2, "{first:?}");
    let more = loading.load(&keys, "{\"number\":1,\"shop\":\"a\",\"colour\":\"red\"}\n{\"shop\":\"a\"}\n");
    let report = more.response();
    let things = of_stream(&report, "things");
    assert_eq!(
        (&things["updated"], &things["rejected"], &report["status"]),
        (&json!(1), &json!(1), &json!("partial"))
    );
    assert_eq!(loading.column("colour", "shop = 'a'"), ["red"]);
    let other_key = loading.load(&["--key", "shop"], "{\"shop\":\"a\"}\n");
    assert_ne!(other_key.exit_code(), 0, "{other_key:?}");
    assert_eq!(loading.column("shop", "1 = 1").len(), 2);
}

fn what_is_no_record_is_kept_with_the_others_landing(kind: Kind) {
    let loading = Loading::new(kind);
    let mut input =
        b"{\"id\":1}\nnonsense\n[1]\n{\"name\":\"nobody\"}\n\xff\xfe\n{\"id\":2}\n{\"id\":\"".to_vec();
    input.extend(vec![b'x'; 17 << 20]);
    input.extend(b"\"}\n{\"id\":3}\n");
    let outcome = loading.load(&["--key", "id"], input);
    let report = outcome.response();
    let things = of_stream(&report, "things");
    assert_eq!((outcome.exit_code(), &report["status"]), (0, &json!("partial")), "{outcome:?}");
    assert_eq!((&things["inserted"], &things["rejected"]), (&json!(3), &json!(5)), "{things}");
    let rejects = loading.store.own_table("rejects");
    let found = loading.store.rows(&format!("SELECT code, reason, payload FROM {rejects} ORDER BY id"));
    let about = |part: &str| {
        let of = |row: &&Vec<Option<String>>| row[1].as_deref().is_some_and(|reason| reason.contains(part));
        found.iter().find(of).unwrap_or_else(|| panic!("nothing about {part:?} in {found:?}"))
    };
    assert_eq!(
        (about("line 2 ")[0].as_deref(), about("line 2 ")[2].as_deref()),
        (Some("invalid_json"), Some("nonsense"))
    );
    assert_eq!(about("line 5 is not UTF-8")[0].as_deref(), Some("invalid_json"));
    let long = about("line 7 is longer");
    assert_eq!(long[0].as_deref(), Some("too_long"));
    assert!(long[2].as_ref().is_some_and(|kept| kept.len() <= 1000), "{long:?}");
    assert_eq!(about("`id`")[0].as_deref(), Some("missing_key"));
    assert_eq!(about("not a JSON object")[2].as_deref(), Some("[1]"));
    let warning = "records were rejected, the first since line 2 is not valid JSON from its column 2 on";
    assert!(things["warnings"].as_array().is_some_and(|all| all.contains(&json!(warning))), "{things}");
    let list = loading.connector.run(["rejects", "list", "things", "--to", loading.store.url()]);
    assert_eq!(list.response()["rejects"].as_array().map(Vec::len), Some(5), "{list:?}");
    let nothing = loading.load(&["--key", "id"], "<html>\n");
    assert_eq!(nothing.exit_code(), 64, "{nothing:?}");
}

fn names_that_are_hostile_to_sql_are_names(kind: Kind) {
    let loading = Loading::new(kind);
    let names = ["\"; DROP TABLE things; --", "select", "_doc", "ID", "a.b", "ключ", "'", "x\u{1}y", ""];
    let mut record: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!("v"))).collect();
    record.insert("id".to_owned(), json!("a'b\"c"));
    let record = Value::Object(record);
    for _ in 0..2 {
        loading.load_well(&["--schema", "odd \"schema\""], &format!("{record}\n"));
    }
    let table = if kind == Kind::Sqlite { "things" } else { "\"odd \"\"schema\"\"\".things" };
    let stored = loading.store.rows(&format!("SELECT CAST(_doc AS TEXT) FROM {table}"));
    assert_eq!(stored[0][0].as_deref().map(parse), Some(record.clone()));
    let key = loading.load(
        &["--key", names[0], "--connection", "odd \"name\"", "--schema", "more"],
        format!("{record}\n"),
    );
    assert_eq!(key.exit_code(), if kind == Kind::Sqlite { 78 } else { 0 }, "{key:?}");
    for stream in ["things\"; --", "Things", "../things"] {
        let outcome = loading.connector.run_with_input(["load", "--stream", stream, "--key", "id"], "");
        assert_eq!(outcome.exit_code(), 64, "{stream}: {outcome:?}");
    }
}

fn rows_are_gone_only_where_the_input_is_said_to_be_complete(kind: Kind) {
    let loading = Loading::new(kind);
    loading.load_well(&[], &lines(0..100));
    let some_of_them = loading.load_well(&[], &lines(0..10));
    assert_eq!((&some_of_them["deleted"], loading.live()), (&json!(0), 100));
    let killed = loading.load(&["--key", "id", "--complete"], lines(0..90));
    assert_eq!(
        (killed.exit_code(), loading.live()),
        (75, 100),
        "it may have died between two lines: {killed:?}"
    );
    let complete = loading.load_well(&["--complete"], &all_lines(10..100));
    assert_eq!((&complete["deleted"], &complete["mode"], loading.live()), (&json!(10), &json!("full"), 90));
    let guarded = loading.load(&["--key", "id", "--complete"], all_lines(60..100));
    assert_eq!((guarded.exit_code(), loading.live()), (69, 90), "{guarded:?}");
    for (empty, code) in [(String::new(), 75), (all_lines(0..0), 69)] {
        let empty = loading.load(&["--key", "id", "--complete"], empty);
        assert_eq!((empty.exit_code(), loading.live()), (code, 90), "{empty:?}");
    }
    let too_few = loading.load(&["--key", "id", "--complete", "--allow-deletes", "5"], lines(20..100));
    assert_eq!((too_few.exit_code(), loading.live()), (69, 90), "{too_few:?}");
    let allowed = loading.load_well(&["--complete", "--allow-deletes", "50"], &lines(60..100));
    assert_eq!((&allowed["deleted"], loading.live()), (&json!(50), 40));
    let back = loading.load_well(&[], &lines(0..1));
    assert_eq!((&back["updated"], loading.live()), (&json!(1), 41));
    // Who may know other rows than those that the first one loaded cannot say that they are gone.
    let other = loading.load_well(&["--complete", "--connection", "elsewhere"], &all_lines(0..40));
    assert_eq!((&other["deleted"], loading.live() >= 41), (&json!(0), true), "{other}");
}

fn a_connectors_output_is_loaded_without_its_envelope(kind: Kind) {
    let account = Account::with_records(250, Kind::Sqlite);
    let loading = Loading::new(kind);
    let list = |arguments: &[&str]| {
        let all = ["list_companies", "--json", account.envelope(), "--output", "ndjson"];
        account.connector().run(all.iter().chain(arguments)).standard_output
    };
    let whole = list(&["--all-pages"]);
    for inserted in [250, 0] {
        let report = loading.load_well(&["--complete", "--envelope"], &whole);
        assert_eq!((&report["inserted"], &report["rejected"]), (&json!(inserted), &json!(0)));
    }
    assert_eq!(loading.live(), 250);
    let one_page = list(&[]);
    let outcome = loading.load(&["--key", "id", "--complete"], one_page.clone());
    assert_eq!((outcome.exit_code(), loading.live()), (64, 250), "{outcome:?}");
    assert_eq!(loading.load_well(&[], &one_page)["unchanged"], 100);
    let in_one = account.connector().run(["list_companies", "--json", account.envelope()]).standard_output;
    let refused = loading.load(&["--key", "id"], in_one);
    assert_eq!(refused.exit_code(), 64, "{refused:?}");
    let without_envelope = whole.lines().take(240).collect::<Vec<_>>().join("\n") + "\n";
    let cut = loading.load(&["--key", "id", "--complete", "--envelope"], without_envelope);
    assert_eq!((cut.exit_code(), loading.live()), (75, 250), "{cut:?}");
}

fn an_error_at_the_end_keeps_the_rows_and_deletes_nothing(kind: Kind) {
    let account = Account::with_records(250, Kind::Sqlite);
    let loading = Loading::new(kind);
    loading.load_well(&[], &lines(0..5));
    account.control().add_fault(Fault::on("/companies.list", FaultKind::status(403)).nth(3));
    let list = ["list_companies", "--json", account.envelope(), "--output", "ndjson", "--all-pages"];
    let output = account.connector().run(list);
    let outcome = loading.load(&["--key", "id", "--complete"], output.standard_output);
    let report = report(&outcome);
    let things = of_stream(&report, "things");
    assert_eq!((outcome.exit_code(), &report["status"]), (77, &json!("partial")), "{outcome:?}");
    assert_eq!((&things["inserted"], &things["deleted"]), (&json!(200), &json!(0)));
    assert_eq!(things["error"]["error_code"], "permission_denied");
    assert_eq!(loading.live(), 205);
    let nothing_came = loading.load(
        &["--key", "id"],
        "{\"is_error\":true,\"error\":{\"message\":\"busy\",\"error_code\":\"rate_limit\"}}\n",
    );
    assert_eq!(
        (nothing_came.exit_code(), &nothing_came.envelope()["response"]["status"]),
        (75, &json!("failed"))
    );
}

fn an_input_that_is_cut_off_is_loaded_in_part(kind: Kind) {
    let loading = Loading::new(kind);
    loading.load_well(&[], &lines(0..50));
    let whole = lines(50..60);
    let outcome = loading.load(&["--key", "id", "--complete"], &whole.as_bytes()[..whole.len() - 5]);
    assert_eq!((outcome.exit_code(), &report(&outcome)["status"]), (75, &json!("partial")), "{outcome:?}");
    assert_eq!(loading.live(), 59);
    assert_eq!(loading.load_well(&[], "")["received"], 0);
}

/// Starts a load that has 3000 lines, and waits for more of them when some are rows.
fn start_waiting(loading: &Loading) -> RunningConnector {
    let store = &loading.store;
    let load = ["load", "--to", store.url(), "--stream", "things", "--key", "id", "--complete"];
    let mut running = loading.connector.start_typing(load);
    running.type_line(lines(0..3000).trim_end());
    let query = format!("SELECT 1 FROM {} LIMIT 1", loading.table());
    wait_until("some rows are there", || store.try_rows(&query).is_ok_and(|rows| !rows.is_empty()));
    running
}

fn a_signal_keeps_what_came(kind: Kind) {
    let loading = Loading::new(kind);
    let running = start_waiting(&loading);
    running.signal(Signal::Terminate);
    let ended = running.wait();
    let report = report(&ended);
    assert_eq!((ended.exit_code(), &report["status"]), (143, &json!("interrupted")), "{ended:?}");
    let kept = loading.live() as u64;
    assert_eq!(of_stream(&report, "things")["inserted"], kept);
    let whole = loading.load_well(&[], &lines(0..3000));
    assert_eq!((&whole["inserted"], &whole["unchanged"]), (&json!(3000 - kept), &json!(kept)));
}

fn of_two_loads_of_one_stream_the_second_is_refused(kind: Kind) {
    let loading = Loading::new(kind);
    let mut first = start_waiting(&loading);
    let second = loading.load(&["--key", "id"], lines(0..1));
    assert_eq!((second.exit_code(), &second.error()["error_code"]), (69, &json!("conflict")), "{second:?}");
    // Another stream has nothing to do with it.
    let other = ["load", "--to", loading.store.url(), "--stream", "others", "--key", "id"];
    let other = loading.connector.run_with_input(other, lines(0..10));
    assert_eq!(other.exit_code(), 0, "{other:?}");
    first.type_line(DONE);
    first.close_input();
    let first = first.wait();
    assert_eq!(first.exit_code(), 0, "{first:?}");
    assert_eq!(loading.live(), 3000);
}

fn a_table_of_another_app_is_left_alone(kind: Kind) {
    let account = Account::with_records(20, kind);
    account.sync_well(["companies"]);
    let connector = Connector::new("connector");
    let url = account.store().url();
    let load = ["load", "--to", url, "--schema", "teamleader", "--stream", "companies", "--key", "id"];
    let id = account.ids("companies").remove(0);
    let outcome = connector.run_with_input(load, format!("{{\"id\":\"{id}\",\"name\":\"mine\"}}\n"));
    assert_eq!(outcome.exit_code(), 69, "{outcome:?}");
    let report = report(&outcome);
    let error = &of_stream(&report, "companies")["error"];
    assert_eq!(error["app_error_code"], "sync.app_mismatch", "{report}");
    account.assert_same("companies");
    account.sync_well(["companies"]);
}

fn a_dry_run_writes_nothing(kind: Kind) {
    let loading = Loading::new(kind);
    let dry = loading.load_well(&["--dry-run"], &lines(0..10));
    assert_eq!(dry["inserted"], 10);
    assert!(
        loading
            .store
            .try_rows(&format!("SELECT 1 FROM {}", loading.table()))
            .map_or(true, |rows| rows.is_empty())
    );
    loading.load_well(&[], &lines(0..5));
    let dry = loading.load_well(&["--dry-run", "--complete"], &all_lines(1..10));
    assert_eq!((&dry["inserted"], &dry["deleted"], loading.live()), (&json!(5), &json!(1), 5));
}

//! Single records where lists leave things out, at one request each and no more, and the lists inside records.

use serde_json::{Value, json};
use system_tests::{
    account::{Account, of_stream, text},
    store::{Kind, Texts},
    streams::resource,
};

on_both_stores! {
    a_run_of_changes_takes_few_requests,
    details_take_one_request_for_each_change_and_none_for_what_did_not,
    lists_inside_records_have_tables_of_their_own,
}

/// Streams of which the app tells what changed.
const INCREMENTAL: [&str; 7] =
    ["companies", "contacts", "deals", "invoices", "credit_notes", "products", "legacy_projects"];

/// Requests for a stream's list, and for its single records.
fn requests(account: &Account, stream: &str) -> (usize, usize) {
    let resource = resource(stream);
    let requests = account.control().requests();
    let count = |path: String| requests.iter().filter(|request| request.path == path).count();
    (count(format!("/{resource}.list")), count(format!("/{resource}.info")))
}

/// Changes so many records of each stream.
fn change(account: &Account, count: usize, title: &str) {
    for stream in INCREMENTAL {
        let resource = resource(stream);
        let records = account.control().records(resource).expect("a resource");
        for record in records.iter().take(count) {
            // Every kind of record has some of these.
            let fields = json!({"name": title, "title": title, "first_name": title, "payment_reference": title, "note": title});
            account.control().update(resource, text(&record["id"]), fields).expect("a row");
        }
    }
    account.control().clear_requests();
}

fn a_run_of_changes_takes_few_requests(kind: Kind) {
    let account = Account::with_records(120, kind);
    account.sync_well(INCREMENTAL);
    for changed in [0, 1, 110] {
        change(&account, changed, &format!("changed {changed}"));
        let report = account.sync_well(INCREMENTAL);
        let total: usize = INCREMENTAL.iter().map(|stream| requests(&account, stream).0).sum();
        for stream in INCREMENTAL {
            let part = of_stream(&report, stream);
            assert_eq!((&part["mode"], &part["updated"]), (&json!("incremental"), &json!(changed)), "{part}");
            assert_eq!(requests(&account, stream).1, 0, "nobody asked for details of {stream}");
            let most = 1 + changed.div_ceil(100);
            assert!(requests(&account, stream).0 <= most, "{} for {stream}", requests(&account, stream).0);
        }
        assert!(total <= INCREMENTAL.len() * (1 + changed.div_ceil(100)), "{total}");
        assert_eq!(account.control().requests().len(), total, "{:?}", account.control().requests());
    }
}

fn details_take_one_request_for_each_change_and_none_for_what_did_not(kind: Kind) {
    let account = Account::with_records(30, kind);
    account.sync_well(INCREMENTAL);
    let detailed = ["companies", "invoices"];
    account.control().clear_requests();
    account.sync_well(["companies", "invoices", "--details=companies,invoices"]);
    for stream in detailed {
        assert_eq!(requests(&account, stream).1, 30, "each of {stream} once");
    }
    for changed in [0, 3] {
        change(&account, changed, &format!("again {changed}"));
        let report = account.sync_well(INCREMENTAL);
        for stream in INCREMENTAL {
            let (lists, singles) = requests(&account, stream);
            let wanted = if detailed.contains(&stream) { changed } else { 0 };
            assert_eq!(singles, wanted, "{stream}");
            assert!(lists <= 1 + changed.div_ceil(100), "{lists} for {stream}");
            assert_eq!(of_stream(&report, stream)["updated"], changed, "{}", of_stream(&report, stream));
        }
    }
}

/// Rows of a child table: the parent, the place, and two more columns.
fn children(account: &Account, table: &str, columns: [&str; 4]) -> Vec<Texts> {
    let [parent, ..] = columns;
    let columns: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect();
    let table = account.store().table(table);
    account.store().rows(&format!("SELECT {} FROM {table} ORDER BY {parent}, position", columns.join(", ")))
}

/// The same from the sandbox's records: for each item its number and two texts.
fn items(
    records: &[Value],
    list: impl Fn(&Value) -> Vec<Value>,
    fields: [&str; 2],
    first: usize,
) -> Vec<Texts> {
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let mut records: Vec<&Value> = records.iter().collect();
    records.sort_by_key(|record| text(&record["id"]));
    let rows = records.into_iter().flat_map(|record| {
        let id = text(&record["id"]).to_owned();
        let row = move |(at, item): (usize, Value)| {
            let [one, two] = fields.map(|pointer| shown(item.pointer(pointer)));
            vec![Some(id.clone()), Some((at + first).to_string()), one, two]
        };
        list(record).into_iter().enumerate().map(row).collect::<Vec<_>>()
    });
    rows.collect()
}

fn lists_inside_records_have_tables_of_their_own(kind: Kind) {
    let account = Account::with_records(15, kind);
    let streams = ["companies", "contacts", "invoices"];
    account.sync_well(streams.into_iter().chain(["--children", "--details=invoices"]));
    assert_children_are_there(&account);

    // An item less and an item more, and the choice of the first run still holds.
    let ids = account.ids("companies");
    let emails = json!([{"type": "primary", "email": "only@example.com"}]);
    account.control().update("companies", &ids[1], json!({"emails": emails})).expect("a row");
    account.control().update("companies", &ids[2], json!({"emails": []})).expect("a row");
    account.control().delete("contacts", &account.ids("contacts")[3]).expect("a row");
    account.sync_well(streams.into_iter().chain(["--full"]));
    assert_children_are_there(&account);
}

fn assert_children_are_there(account: &Account) {
    let all = |resource: &str| account.control().records(resource).expect("a resource");
    let list =
        |field: &'static str| move |record: &Value| record[field].as_array().cloned().unwrap_or_default();

    let found = children(account, "companies_emails", ["company_id", "position", "type", "email"]);
    let first = found[0][1].as_deref().map_or(0, |place| usize::from(place != "0"));
    assert_eq!(found, items(&all("companies"), list("emails"), ["/type", "/email"], first));
    let found = children(account, "contacts_telephones", ["contact_id", "position", "type", "number"]);
    assert_eq!(found, items(&all("contacts"), list("telephones"), ["/type", "/number"], first));

    let complete = |record: Value| {
        let id = text(&record["id"]).to_owned();
        account.control().record("invoices", &id).expect("a resource").expect("a row")
    };
    let invoices: Vec<Value> = all("invoices").into_iter().map(complete).collect();
    let lines = |invoice: &Value| {
        let groups = invoice["grouped_lines"].as_array().cloned().unwrap_or_default();
        groups.iter().flat_map(|group| group["line_items"].as_array().cloned().unwrap_or_default()).collect()
    };
    let columns = ["invoice_id", "position", "description", "product_id"];
    let wanted = items(&invoices, lines, ["/description", "/product/id"], first);
    assert!(wanted.len() > invoices.len() / 2, "invoices have lines");
    assert_eq!(children(account, "invoices_lines", columns), wanted);
}

//! Streams that hang on others: children of the parents that changed, and of all of them when asked.

use serde_json::json;

use crate::app::App;

fn both() -> serde_json::Value {
    json!({"streams": ["notes", "companies"]})
}

#[tokio::test]
async fn children_are_read_after_their_parents_and_know_them() {
    let app = App::with_companies(3);
    app.put_note("n1", "c001");
    app.sync(both()).await;
    assert_eq!(app.sink.live("notes"), ["n1"]);
    let columns = app.sink.database().tables["notes"]["n1"].columns.clone();
    assert_eq!((columns["subject_type"].as_str(), columns["subject_id"].as_str()), ("company", "c001"));
}

#[tokio::test]
async fn the_next_run_reads_the_children_of_changed_parents_only() {
    let app = App::with_companies(5);
    app.sync(both()).await;
    app.take_requests();
    app.put_company("c002", "renamed");
    app.put_note("n2", "c002");
    app.put_note("n3", "c003");
    app.sync(both()).await;
    let of_notes = |app: &App| -> Vec<String> {
        app.take_requests().into_iter().filter(|request| request.starts_with("notes")).collect()
    };
    assert_eq!(of_notes(&app), ["notes of c002"]);
    assert_eq!(app.sink.live("notes"), ["n2"]);
    app.sync(json!({"streams": ["notes"], "mode": "full"})).await;
    assert_eq!(of_notes(&app).len(), 5);
    assert_eq!(app.sink.live("notes"), ["n2", "n3"]);
}

#[tokio::test]
async fn a_child_that_is_gone_from_its_parent_is_marked_and_others_stay() {
    let app = App::with_companies(2);
    for (note, company) in [("n1", "c000"), ("n2", "c000"), ("n3", "c001")] {
        app.put_note(note, company);
    }
    app.sync(both()).await;
    app.account().notes.remove("n1");
    app.account().notes.remove("n3");
    app.put_company("c000", "renamed");
    let report = app.sync(both()).await;
    assert_eq!(report["streams"][0]["deleted"], 1);
    assert_eq!(app.sink.live("notes"), ["n2", "n3"], "c001 was not read");
}

#[tokio::test]
async fn children_of_a_parent_that_is_gone_go_with_a_round_over_all() {
    let app = App::with_companies(2);
    app.put_note("n1", "c000");
    app.put_note("n2", "c001");
    app.sync(both()).await;
    app.account().companies.remove("c000");
    let full = || json!({"streams": ["notes", "companies"], "mode": "full"});
    app.sync(full()).await;
    assert_eq!(app.sink.live("notes"), ["n1", "n2"], "nobody can be asked: one read is not enough");
    app.sync(full()).await;
    assert_eq!(app.sink.live("notes"), ["n2"]);
}

#[tokio::test]
async fn a_parent_that_is_forbidden_keeps_no_others_from_being_read_and_is_read_later() {
    let app = App::with_companies(4);
    for company in ["c000", "c001", "c002", "c003"] {
        app.put_note(&format!("n-{company}"), company);
    }
    app.account().forbidden_parents = vec!["c001".into()];
    let report = app.sync(both()).await;
    assert_eq!(report["streams"][0]["status"], "partial");
    assert_eq!(app.sink.live("notes").len(), 3);
    app.account().forbidden_parents.clear();
    app.take_requests();
    let report = app.sync(both()).await;
    assert_eq!(report["streams"][0]["status"], "succeeded");
    assert_eq!(app.sink.live("notes").len(), 4);
    let asked = app.take_requests();
    assert_eq!(asked.iter().filter(|request| request.starts_with("notes")).count(), 1);
}

#[tokio::test]
async fn a_budget_leaves_parents_to_the_next_run() {
    let app = App::with_companies(5);
    app.sync(json!({"streams": ["companies"]})).await;
    let mut read = Vec::new();
    for _ in 0..4 {
        app.take_requests();
        app.sync(json!({"streams": ["notes"], "most_parents": 2})).await;
        read.push(app.take_requests().len());
    }
    assert_eq!(read, [2, 2, 1, 0]);
}

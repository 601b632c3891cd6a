//! Deletes: what a complete read did not see, and what keeps a row all the same.

use serde_json::json;

use crate::app::App;

async fn synced(count: usize) -> App {
    let app = App::with_companies(count);
    app.sync(json!({"streams": ["companies"]})).await;
    app
}

#[tokio::test]
async fn a_record_that_is_gone_is_marked_and_one_that_comes_back_is_live_again() {
    let app = synced(25).await;
    let gone = app.account().companies.remove("c007").unwrap();
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!((&report["status"], &report["streams"][0]["deleted"]), (&json!("succeeded"), &json!(1)));
    assert!(!app.sink.live("companies").contains(&"c007".to_owned()));

    app.account().companies.insert("c007".into(), gone);
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["updated"], 1);
    assert_eq!(app.sink.live("companies").len(), 25);
}

#[tokio::test]
async fn a_record_that_the_list_left_out_but_the_app_knows_is_kept() {
    let app = synced(25).await;
    app.account().hidden.push("c003".into());
    app.account().companies.remove("c004");
    let report = app.sync(json!({"streams": ["companies"]})).await;
    assert_eq!(report["streams"][0]["deleted"], 1);
    let live = app.sink.live("companies");
    assert!(live.contains(&"c003".to_owned()) && !live.contains(&"c004".to_owned()));
    assert!(report["streams"][0]["warnings"][0].as_str().unwrap().contains("missing from the list"));
}

#[tokio::test]
async fn so_many_deletes_that_it_looks_like_a_fault_need_somebodys_word() {
    let app = synced(60).await;
    app.account().companies.retain(|id, _| id.as_str() >= "c021");
    let (report, code) = app.run("sync", json!({"streams": ["companies"]})).await;
    assert_eq!((&report["status"], code), (&json!("partial"), 69));
    assert_eq!(report["streams"][0]["error"]["error_code"], "conflict");
    assert_eq!(app.sink.live("companies").len(), 60);

    let report = app.sync(json!({"streams": ["companies"], "allow_deletes": 21})).await;
    assert_eq!((&report["status"], &report["streams"][0]["deleted"]), (&json!("succeeded"), &json!(21)));
    assert_eq!(app.sink.live("companies").len(), 39);
}

#[tokio::test]
async fn a_record_without_a_key_keeps_every_row() {
    let app = App::default();
    app.account().users = vec![json!({"id": "u1"}), json!({"id": "u2"})];
    app.sync(json!({"streams": ["users"]})).await;
    app.account().users = vec![json!({"id": "u1"}), json!({"id": null})];
    let report = app.sync(json!({"streams": ["users"]})).await;
    assert_eq!((&report["streams"][0]["deleted"], &report["streams"][0]["rejected"]), (&json!(0), &json!(1)));
    assert_eq!(app.sink.live("users").len(), 2);
}

#[tokio::test]
async fn a_dry_run_deletes_nothing() {
    let app = synced(12).await;
    app.account().companies.remove("c001");
    let report = app.sync(json!({"streams": ["companies"], "dry_run": true})).await;
    assert_eq!(report["streams"][0]["deleted"], 1);
    assert_eq!(app.sink.live("companies").len(), 12);
}

#[tokio::test]
async fn a_module_that_the_account_does_not_have_fails_no_run() {
    let app = App::with_companies(3);
    app.account().forbidden = vec!["users"];
    let (report, code) = app.run("sync", json!({"streams": ["companies", "users"]})).await;
    assert_eq!((&report["status"], code), (&json!("succeeded"), 0));
    assert_eq!(report["streams"][1]["status"], "unavailable");
    app.account().forbidden = vec!["users", "companies"];
    let (report, code) = app.run("sync", json!({"streams": ["companies", "users"]})).await;
    assert_eq!((&report["status"], code), (&json!("failed"), 77));
    assert_eq!(app.sink.live("companies").len(), 3, "forbidden is not gone");
}

#[tokio::test]
async fn rows_that_may_be_another_connections_are_left_alone() {
    let app = App::with_companies(3);
    app.put_note("n1", "c000");
    app.put_note("n2", "c000");
    let both = json!({"streams": ["notes", "companies"], "mode": "full"});
    app.sync(both.clone()).await;
    app.account().companies.remove("c002");
    app.account().notes.remove("n1");
    app.sink.database().shared_with = Some("other".into());
    let report = app.sync(both.clone()).await;
    assert_eq!(report["status"], "succeeded");
    let warning = "deletes were left alone, since connection `other` writes to the same tables";
    for stream in report["streams"].as_array().unwrap() {
        let warnings = stream["warnings"].as_array().unwrap();
        let said = warnings.iter().filter(|said| **said == warning).count();
        assert_eq!((said, &stream["deleted"]), (1, &json!(0)), "{stream}");
    }
    assert_eq!((app.sink.live("companies").len(), app.sink.live("notes").len()), (3, 2));

    app.sink.database().shared_with = None;
    app.sync(both).await;
    assert_eq!((app.sink.live("companies").len(), app.sink.live("notes").len()), (2, 1));
}

#[tokio::test]
async fn an_empty_answer_of_a_list_that_cannot_be_asked_for_ids_is_believed_the_second_time() {
    let app = App::default();
    let users = vec![json!({"id": "u1"}), json!({"id": "u2"})];
    app.account().users.clone_from(&users);
    app.sync(json!({"streams": ["users"]})).await;
    app.account().users.clear();
    app.sync(json!({"streams": ["users"]})).await;
    assert_eq!(app.sink.live("users").len(), 2);
    app.account().users = users[..1].to_vec();
    app.sync(json!({"streams": ["users"]})).await;
    assert_eq!(app.sink.live("users"), ["u1"], "u2 was missing twice, u1 once");
}

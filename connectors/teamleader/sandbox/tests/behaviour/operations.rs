//! What is neither a list nor the info of a row.

use serde_json::{Value, json};

use crate::client::{Client, ids};

#[tokio::test]
async fn the_state_of_the_projects_is_switched() {
    let client = Client::with_records(1).await;
    let status = async || client.ok("/accounts.projects-v2-status", json!({})).await["data"].clone();
    assert_eq!(status().await, json!({"status": "projects-v2"}));
    client.control.switch(|switches| {
        switches.projects_status = "legacy".into();
        switches.projects_switched_on = Some("2027-01-01".into());
    });
    let expected = json!({"status": "legacy", "will_be_automatically_switched_on": "2027-01-01"});
    assert_eq!(status().await, expected);
}

#[tokio::test]
async fn a_module_that_is_off_is_forbidden_for_lists_and_all_else() {
    let client = Client::with_records(1).await;
    client.control.switch(|switches| switches.forbidden = vec!["projects".into(), "invoices".into()]);
    for path in ["/projects.list", "/projects.info", "/invoices.download"] {
        assert_eq!(client.post(path, json!({})).await.status(), 403, "{path}");
    }
    client.ok("/projects-v2/projects.list", json!({})).await;
}

#[tokio::test]
async fn rates_are_seen_from_the_currency_that_is_asked_for() {
    let client = Client::with_records(1).await;
    let rows = client.rows("/currencies.exchangeRates", json!({"base": "EUR"})).await;
    assert_eq!(rows.len(), 23);
    let dollar = rows.iter().find(|row| row["code"] == "USD").unwrap();
    assert_eq!(dollar, &json!({"code": "USD", "symbol": "$", "name": "US Dollar", "exchange_rate": 1.17}));
    let rows = client.rows("/currencies.exchangeRates", json!({"base": "USD"})).await;
    assert_eq!(rows.iter().find(|row| row["code"] == "EUR").unwrap()["exchange_rate"], 0.8547);
    assert_eq!(client.refused("/currencies.exchangeRates", json!({})).await.1, ["base must be present"]);
    assert_eq!(client.refused("/currencies.exchangeRates", json!({"base": "XXX"})).await.0, 400);
}

#[tokio::test]
async fn availability_of_the_days_adds_up_to_the_total() {
    let client = Client::with_records(10).await;
    let body = json!({"period": {"start_date": "2026-01-01", "end_date": "2026-01-31"}});
    let total = client.rows("/userAvailability.total", body.clone()).await;
    let daily = client.rows("/userAvailability.daily", body).await;
    assert_eq!((total.len(), daily.len()), (8, 8), "two of ten users left");
    for (total, daily) in total.iter().zip(&daily) {
        assert_eq!(total["user"], daily["user"]);
        let days = daily["availabilities"].as_array().unwrap();
        assert_eq!(days.len(), 31);
        for kind in ["gross_time_available", "net_time_available", "planned_time", "unplanned_time"] {
            let sum: u64 = days.iter().map(|day| day["availability"][kind]["value"].as_u64().unwrap()).sum();
            assert_eq!(total["availability"][kind], json!({"value": sum, "unit": "minutes"}), "{kind}");
        }
    }
}

#[tokio::test]
async fn availability_is_asked_for_a_period_and_for_some_users() {
    let client = Client::with_records(10).await;
    let user = client.rows("/users.list", json!({})).await.remove(2);
    let period = json!({"start_date": "2026-01-01", "end_date": "2026-01-02"});
    let rows = async |filter: Value, page: Value| {
        let body = json!({"period": period, "filter": filter, "page": page});
        client.rows("/userAvailability.total", body).await
    };
    let only = json!({"assignees": [{"type": "user", "id": user["id"]}]});
    assert_eq!(rows(only, json!({})).await[0]["user"]["id"], user["id"]);
    assert_eq!(rows(json!({}), json!({"size": 5, "number": 2})).await.len(), 3);
    let refused = async |body: Value| client.refused("/userAvailability.daily", body).await;
    assert_eq!(refused(json!({})).await.1, ["period must be present"]);
    assert_eq!(refused(json!({"period": {"start_date": "x"}})).await.1.len(), 2);
    let long = json!({"period": {"start_date": "2026-01-01", "end_date": "2026-12-31"}});
    assert_eq!(refused(long.clone()).await.0, 400);
    client.ok("/userAvailability.total", long).await;
}

#[tokio::test]
async fn a_timer_runs_or_does_not() {
    let client = Client::with_records(1).await;
    let me = client.ok("/users.me", json!({})).await["data"]["id"].clone();
    assert_eq!(client.ok("/timers.current", json!({})).await["data"]["user"]["id"], me);
    client.control.switch(|switches| switches.timer_runs = false);
    assert_eq!(client.post("/timers.current", json!({})).await.status(), 404);
}

#[tokio::test]
async fn old_numbers_become_ids_of_rows() {
    let client = Client::with_records(5).await;
    let all = ids(&client.control.records("companies").unwrap());
    let answer = client.ok("/migrate.id", json!({"type": "company", "id": 2})).await;
    assert_eq!(answer["data"], json!({"type": "company", "id": all[1]}));
    assert_eq!(client.refused("/migrate.id", json!({"type": "company", "id": 6})).await.0, 404);
    assert_eq!(client.refused("/migrate.id", json!({"type": "moon", "id": "x"})).await.1.len(), 2);
    let get = client.http.get(client.url("/migrate.id?type=company&id=1")).bearer_auth(&client.token);
    assert_eq!(get.send().await.unwrap().json::<Value>().await.unwrap()["data"]["id"], all[0]);
}

#[tokio::test]
async fn documents_have_a_page_in_the_cloud() {
    let client = Client::with_records(1).await;
    let id = ids(&client.control.records("invoices").unwrap()).remove(0);
    let answer = client.ok("/cloudPlatforms.url", json!({"type": "invoice", "id": id})).await;
    assert!(answer["data"]["url"].as_str().unwrap().starts_with("https://teamleader.cloud/"));
    let unknown = json!({"type": "invoice", "id": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(client.refused("/cloudPlatforms.url", unknown).await.0, 404);
    assert_eq!(client.refused("/cloudPlatforms.url", json!({"type": "deal"})).await.1.len(), 2);
}

#[tokio::test]
async fn operations_that_were_never_there_by_get_are_not() {
    let client = Client::with_records(1).await;
    let get = client.http.get(client.url("/webhooks.register")).bearer_auth(&client.token);
    assert_eq!(get.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn schedules_have_the_days_that_are_asked_for_and_no_more_than_seven() {
    let client = Client::with_records(10).await;
    let users = client.control.records("users").unwrap();
    let wanted = json!([users[1]["id"], users[9]["id"]]);
    let filter = |from: &str, until: &str| json!({"from": from, "until": until, "user_ids": wanted});
    let body = |filter: Value| json!({"filter": filter, "includes": "pagination"});
    let rows = client.rows("/userSchedules.list", body(filter("2026-01-05", "2026-01-11"))).await;
    assert_eq!(json!([rows[0]["user"]["id"], rows[1]["user"]["id"]]), wanted);
    for row in &rows {
        let days = row["schedule"].as_array().unwrap();
        let on_time =
            |day: &Value| day["date"].as_str().is_some_and(|day| ("2026-01-05".."2026-01-10").contains(&day));
        assert!(!days.is_empty() && days.iter().all(on_time), "{row}");
        assert!(days[0]["periods"][0]["start"]["time"].is_string(), "{row}");
    }
    for filter in
        [filter("2026-01-05", "2026-01-12"), filter("2026-01-05", "2026-01-04"), json!({"user_ids": wanted})]
    {
        assert_eq!(client.refused("/userSchedules.list", body(filter)).await.0, 400);
    }
    let nobody = json!({"from": "2026-01-05", "until": "2026-01-05"});
    assert_eq!(client.refused("/userSchedules.list", body(nobody)).await.1, ["user_ids must be present"]);
}

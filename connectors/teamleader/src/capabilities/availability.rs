//! How much time users have.

use connector_core::{Call, Result};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::id::Id;
use super::sent::Sent;
use crate::client;
use crate::resources::types::{Duration, Relation};
use crate::settings::Settings;

/// Days, and whose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetUserAvailability {
    period: Period,
    /// Whose availability; everybody's when empty.
    #[serde(default)]
    assignees: Vec<Assignee>,
}

/// From one day to another, both included. Teamleader takes at most 20,000 days for totals, and 100 day by day.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Period {
    start_date: Date,
    end_date: Date,
}

/// A user, or all users of a team.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assignee {
    r#type: AssigneeType,
    id: Id,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AssigneeType {
    Team,
    User,
}

/// A user's time in the whole period.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: answers stay as they were sent")]
pub(crate) struct TotalAvailability {
    user: Option<Relation>,
    availability: Option<Availability>,
}

/// A user's time day by day.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: answers stay as they were sent")]
pub(crate) struct DailyAvailability {
    user: Option<Relation>,
    availabilities: Option<Vec<Day>>,
}

/// A user's time on one day.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: answers stay as they were sent")]
struct Day {
    date: Option<Date>,
    availability: Option<Availability>,
}

/// Time to work and what it is meant for.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema of the type is used: answers stay as they were sent")]
struct Availability {
    /// By working hours.
    gross_time_available: Option<Duration>,
    /// The same without days off.
    net_time_available: Option<Duration>,
    planned_time: Option<Duration>,
    unplanned_time: Option<Duration>,
}

pub(crate) async fn get_total_user_availability(
    call: Call<Settings>,
    request: GetUserAvailability,
) -> Result<Vec<Sent<TotalAvailability>>> {
    let users = client::all(&call, "userAvailability.total", body(&request)).await?;
    Ok(users.into_iter().map(Sent::from).collect())
}

pub(crate) async fn get_daily_user_availability(
    call: Call<Settings>,
    request: GetUserAvailability,
) -> Result<Vec<Sent<DailyAvailability>>> {
    let users = client::all(&call, "userAvailability.daily", body(&request)).await?;
    Ok(users.into_iter().map(Sent::from).collect())
}

fn body(request: &GetUserAvailability) -> Value {
    let mut body = Map::from_iter([("period".to_owned(), json!(request.period))]);
    if !request.assignees.is_empty() {
        body.insert("filter".to_owned(), json!({"assignees": request.assignees}));
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::schema;

    fn sent(request: Value) -> Value {
        body(&schema::typed(request, "/request").unwrap())
    }

    #[test]
    fn assignees_are_a_filter_and_an_empty_list_is_none() {
        let period = json!({"start_date": "2024-01-01", "end_date": "2024-01-07"});
        assert_eq!(sent(json!({"period": period, "assignees": []})), json!({"period": period}));
        let assignees = json!([{"type": "team", "id": "66abace2-62af-0836-a927-fe3f44b9b47b"}]);
        assert_eq!(
            sent(json!({"period": period, "assignees": assignees})),
            json!({"period": period, "filter": {"assignees": assignees}})
        );
    }
}

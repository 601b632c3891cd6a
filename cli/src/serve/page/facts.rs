//! What is read for a page: bounded, and only what the caller may see.

use std::collections::BTreeMap;

use connector_core::Result;
use connector_core::oauth::{ConnectionState, ConnectionSummary};
use connector_store::{
    Counting, RunQuery, RunSummary, Schedule, StreamQuery, StreamSummary, SyncedConnection,
};

use super::access::Rights;
use crate::serve::access::Caller;
use crate::serve::syncs::RunView;
use crate::serve::{App, Server};

/// Connections on one page.
pub(super) const CONNECTIONS: usize = 50;
/// Streams on the overview; their rows are counted for it.
const STREAMS: u32 = 60;
/// Runs in the chart.
const RUNS: u32 = 30;

/// Which connections are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// This one only.
    pub(super) connection: Option<String>,
    /// Those with this in their names only.
    pub(super) find: String,
    /// From which page on, counted from 0.
    pub(super) page: usize,
}

/// What is known of a connector.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) app_id: String,
    /// The name for people.
    pub(super) app: String,
    /// Whether accounts can be connected by logging in.
    pub(super) has_login: bool,
    /// The connections of this page, those first that somebody should look at.
    pub(super) places: Vec<Place>,
    /// How many there are that fit what is wanted.
    pub(super) places_in_all: usize,
    pub(super) last_runs: Vec<RunSummary>,
    /// Last first.
    pub(super) runs: Vec<RunSummary>,
    pub(super) streams: Vec<StreamSummary>,
    /// There are more streams than these.
    pub(super) has_more_streams: bool,
    /// What starts by the clock.
    pub(super) schedules: Vec<Schedule>,
    /// Runs of this process that are under way.
    pub(super) under_way: Vec<RunView>,
}

/// A connection: tokens in the vault, rows in the database, or both.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) stored: Option<ConnectionSummary>,
    pub(super) synced: Option<SyncedConnection>,
    pub(super) rights: Rights,
}

impl Place {
    /// Its place in the order: first what needs somebody, then what may.
    fn urgency(&self) -> u8 {
        let is_wrong = |stored: &ConnectionSummary| {
            stored.state != ConnectionState::Active || stored.renewal.failures > 0
        };
        let last_status = self.synced.as_ref().and_then(|synced| synced.last_status.as_deref());
        if self.stored.as_ref().is_some_and(is_wrong) {
            0
        } else if matches!(last_status, Some("failed" | "partial")) {
            1
        } else {
            2
        }
    }
}

impl Facts {
    /// Reads what there is of a connector.
    pub(super) async fn read(server: &Server, app: &App, caller: &Caller, wanted: &Wanted) -> Result<Self> {
        let (app_id, store) = (app.integration.app_id(), &server.store);
        let connections = store.connections(app_id).await?;
        let synced = store.synced_connections(app_id).await?;
        let places = places(connections, synced, |name| Rights::of(caller, app_id, name));
        let has_limits = places.iter().any(|place| !place.rights.read);
        let places: Vec<_> = places.into_iter().filter(|place| fits(place, wanted)).collect();

        let readable = |places: &[Place]| -> Vec<String> {
            places.iter().filter(|place| place.rights.read).map(|place| place.name.clone()).collect()
        };
        // Runs of names that are gone from the store are told too, to whoever may see all.
        let of_runs =
            (has_limits || wanted.connection.is_some() || !wanted.find.is_empty()).then(|| readable(&places));
        let places_in_all = places.len();
        let shown: Vec<_> = places.into_iter().skip(wanted.page * CONNECTIONS).take(CONNECTIONS).collect();
        let names = readable(&shown);
        let query = StreamQuery {
            connections: Some(names.clone()),
            most: STREAMS + 1,
            counting: Counting::Bounded,
            ..StreamQuery::default()
        };
        let mut streams = store.chosen_streams(app_id, &query).await?;
        let has_more_streams = streams.len() > STREAMS as usize;
        streams.truncate(STREAMS as usize);
        Ok(Self {
            app_id: app_id.to_owned(),
            app: name_of(app),
            has_login: has_login(app),
            last_runs: store.last_runs(app_id, &names).await?,
            runs: store
                .chosen_runs(app_id, &RunQuery { connections: of_runs, most: RUNS, ..RunQuery::default() })
                .await?,
            streams,
            has_more_streams,
            schedules: store.schedules(app_id).await?.into_iter().map(|stored| stored.schedule).collect(),
            under_way: names.iter().filter_map(|name| server.runs.of_connection(app_id, name)).collect(),
            places: shown,
            places_in_all,
        })
    }
}

/// The app's name for people.
pub(super) fn name_of(app: &App) -> String {
    match app.integration.description().user_friendly_name.as_str() {
        "" => app.integration.app_id().to_owned(),
        name => name.to_owned(),
    }
}

fn has_login(app: &App) -> bool {
    app.integration.capability("get_authorization_url").is_some()
}

/// All connections there are, each with what the caller may do; those first that somebody should look at.
fn places(
    connections: Vec<ConnectionSummary>,
    synced: Vec<SyncedConnection>,
    rights: impl Fn(&str) -> Rights,
) -> Vec<Place> {
    let mut found: BTreeMap<String, (Option<ConnectionSummary>, Option<SyncedConnection>)> = BTreeMap::new();
    for connection in connections {
        let name = connection.name.clone();
        found.entry(name).or_default().0 = Some(connection);
    }
    for connection in synced {
        let name = connection.connection.clone();
        found.entry(name).or_default().1 = Some(connection);
    }
    let mut places: Vec<_> = found
        .into_iter()
        .map(|(name, (stored, synced))| {
            let rights = rights(&name);
            Place {
                stored: stored.filter(|_| rights.status),
                synced: synced.filter(|_| rights.read),
                name,
                rights,
            }
        })
        .collect();
    places.sort_by_key(Place::urgency);
    places
}

fn fits(place: &Place, wanted: &Wanted) -> bool {
    (place.rights.status || place.rights.read)
        && wanted.connection.as_ref().is_none_or(|name| *name == place.name)
        && place.name.to_lowercase().contains(&wanted.find.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::oauth::Renewal;
    use jiff::Timestamp;

    fn connection(name: &str, state: ConnectionState) -> ConnectionSummary {
        ConnectionSummary {
            name: name.to_owned(),
            account: None,
            state,
            renewal: Renewal::default(),
            generation: 1,
            expires_at: None,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_needs_somebody_comes_first() {
        let connections = vec![
            connection("a", ConnectionState::Active),
            connection("b", ConnectionState::ReauthorizationRequired),
            connection("c", ConnectionState::Active),
        ];
        let synced = ["a", "c"].map(|name| SyncedConnection {
            connection: name.to_owned(),
            streams: 1,
            updated_at: Timestamp::UNIX_EPOCH,
            last_status: Some(if name == "c" { "failed" } else { "succeeded" }.to_owned()),
        });
        let found = places(connections, synced.into(), |_| Rights::all());
        let names: Vec<_> = found.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["b", "c", "a"]);
    }

    #[test]
    fn what_may_not_be_seen_is_not_there() {
        let connections = ["acme", "globex"].map(|name| connection(name, ConnectionState::Active)).into();
        let found = places(connections, Vec::new(), |name| {
            if name == "acme" { Rights { status: true, ..Rights::default() } } else { Rights::default() }
        });
        let wanted = Wanted::default();
        let names: Vec<_> =
            found.iter().filter(|place| fits(place, &wanted)).map(|place| &place.name).collect();
        assert_eq!(names, ["acme"]);
        assert!(found.iter().all(|place| place.stored.is_some() == (place.name == "acme")));
    }

    #[test]
    fn connections_are_found_by_a_part_of_their_names() {
        let names = ["acme/north", "acme/south", "globex"];
        let connections = names.map(|name| connection(name, ConnectionState::Active)).into();
        let found = places(connections, Vec::new(), |_| Rights::all());
        let count = |wanted: Wanted| found.iter().filter(|place| fits(place, &wanted)).count();
        assert_eq!(count(Wanted { find: "ACME".to_owned(), ..Wanted::default() }), 2);
        assert_eq!(count(Wanted { connection: Some("globex".to_owned()), ..Wanted::default() }), 1);
        assert_eq!(count(Wanted { connection: Some("glob".to_owned()), ..Wanted::default() }), 0);
    }
}

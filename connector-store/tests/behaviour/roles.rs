//! The roles that the documentation recommends for PostgreSQL: its statements are run, and what each role may do is tried.

use std::sync::Arc;

use connector_core::oauth::TokenStore;
use connector_core::sync::Status;
use connector_store::{AuditEntry, SinkOptions, Store, StoreOptions};
use url::Url;
use uuid::Uuid;

use crate::vault::{access, connection, id};
use crate::world::{World, begin_in, companies, company, key, script, state};

const DOCUMENTATION: &str = include_str!("../../../docs/topics/roles.md");

/// Roles are the whole server's: those of this test have names of their own.
struct Roles {
    suffix: String,
    url: Url,
}

impl Roles {
    async fn new(world: &World) -> Self {
        let suffix = Uuid::new_v4().simple().to_string();
        let roles = Self { suffix: suffix[..8].to_owned(), url: Url::parse(&world.url).unwrap() };
        for block in DOCUMENTATION.split("```sql\n").skip(1) {
            let statements = roles.own(block.split("```").next().unwrap()).replace('…', "pass");
            script(&world.url, &statements).await.unwrap();
        }
        roles
    }

    /// The statements with the names of this test's roles.
    fn own(&self, statements: &str) -> String {
        ["connector_server", "connector_reports", "connector_acme"]
            .into_iter()
            .fold(statements.to_owned(), |text, role| text.replace(role, &format!("{role}_{}", self.suffix)))
    }

    fn url(&self, role: &str) -> String {
        let mut url = self.url.clone();
        url.set_username(&format!("{role}_{}", self.suffix)).unwrap();
        url.set_password(Some("pass")).unwrap();
        url.into()
    }

    fn store(&self, role: &str) -> Store {
        Store::open(&self.url(role), StoreOptions::default()).unwrap()
    }

    /// The code of the error that a statement ends with.
    async fn refused(&self, role: &str, statement: &str) -> Option<String> {
        let error = script(&self.url(role), statement).await.err()?;
        Some(error.as_database_error()?.code()?.into_owned())
    }
}

const NOT_ALLOWED: &str = "42501";

async fn write_company(store: &Store, schema: &str, connection: &str) {
    let run = begin_in(store, SinkOptions::new(schema), connection, false).await.unwrap();
    let mut stream = run.open(&companies()).await;
    stream.write(&[company(1, 1)], &state(1)).await.unwrap();
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
}

fn vault(store: &Store) -> Arc<dyn TokenStore> {
    store.vault(Some(key()))
}

#[tokio::test]
async fn a_server_works_with_no_more_rights_than_the_documentation_gives_it() {
    let world = World::postgres();
    vault(&world.store).save(&id("globex"), &connection(1)).await.unwrap();
    let roles = Roles::new(&world).await;
    let server = roles.store("connector_server");
    let tokens = vault(&server);
    tokens.save(&id("acme"), &connection(2)).await.unwrap();
    let home = id("acme");
    tokens.lock(&home).await.unwrap().commit(&connection(3)).await.unwrap();
    assert_eq!(access(tokens.load(&home).await.unwrap().as_ref()).unwrap(), "access-secret-3");
    assert_eq!(tokens.list("example").await.unwrap().len(), 2, "it serves all");
    assert!(tokens.delete(&home).await.unwrap());
    let log = server.audit_log();
    log.record(AuditEntry::default()).await.unwrap();
    assert_eq!(log.verify().await.unwrap().broken, None);
    write_company(&server, "crm", "globex").await;
    assert_eq!(server.streams("example").await.unwrap()[0].rows, Some(1));
    for statement in [
        "UPDATE connector.audit SET entry = 'another'",
        "DELETE FROM connector.audit",
        "DELETE FROM connector.audit_head",
        "DELETE FROM connector._migrations",
        "CREATE TABLE connector.own (id int)",
        "ALTER TABLE connector.connections DISABLE ROW LEVEL SECURITY",
    ] {
        assert_eq!(
            roles.refused("connector_server", statement).await.as_deref(),
            Some(NOT_ALLOWED),
            "{statement}"
        );
    }

    let reports = "connector_reports";
    assert_eq!(roles.refused(reports, "SELECT name FROM crm.companies").await, None);
    for statement in [
        "SELECT * FROM connector.connections",
        "SELECT * FROM connector.access_keys",
        "DELETE FROM crm.companies",
    ] {
        assert_eq!(roles.refused(reports, statement).await.as_deref(), Some(NOT_ALLOWED), "{statement}");
    }
}

#[tokio::test]
async fn a_customers_role_sees_and_changes_its_own_connections_alone() {
    let world = World::postgres();
    for name in ["acme", "acme/second", "acme-too", "globex"] {
        vault(&world.store).save(&id(name), &connection(1)).await.unwrap();
    }
    let roles = Roles::new(&world).await;
    let acme = roles.store("connector_acme");
    let tokens = vault(&acme);
    let names: Vec<_> = tokens.list("example").await.unwrap().into_iter().map(|known| known.name).collect();
    assert_eq!(names, ["acme", "acme/second"]);
    assert!(tokens.load(&id("globex")).await.unwrap().is_none());
    assert!(!tokens.delete(&id("globex")).await.unwrap());
    assert!(tokens.save(&id("globex"), &connection(2)).await.is_err());
    let home = id("acme/second");
    tokens.lock(&home).await.unwrap().commit(&connection(2)).await.unwrap();
    write_company(&acme, "acme", "acme").await;
    assert!(begin_in(&acme, SinkOptions::new("acme"), "globex", false).await.is_err());
    assert_eq!(acme.runs("example", 10).await.unwrap().len(), 1);
    for statement in ["SELECT * FROM connector.audit", "SELECT * FROM connector.access_keys"] {
        assert_eq!(
            roles.refused("connector_acme", statement).await.as_deref(),
            Some(NOT_ALLOWED),
            "{statement}"
        );
    }
    let globex = vault(&world.store).load(&id("globex")).await.unwrap();
    assert_eq!(access(globex.as_ref()).unwrap(), "access-secret-1", "nothing happened to it");
}

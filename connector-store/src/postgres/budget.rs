//! Request budgets in PostgreSQL: one row for each scope, locked for one short transaction, by the server's clock.

use std::sync::Arc;
use std::time::Duration;

use connector_core::Result;
use connector_core::http::{Admission, BudgetScope, RequestBudget, Urgency};
use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection, PgTransaction};
use tokio::sync::Mutex;

use super::Database;
use super::fault::class;
use crate::attempts::Attempts;
use crate::budget::Window;
use crate::fault::Class;

/// Nothing here is worth waiting for the disk: a server that crashes forgets the last few requests. A process that
/// stops inside its transaction loses the row soon.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'off', false), set_config('lock_timeout', '20s', false),
     set_config('idle_in_transaction_session_timeout', '5s', false), set_config('tcp_keepalives_idle', '20', false)";

/// The clock is read after the lock was waited for.
const READ: &str = "WITH locked AS MATERIALIZED (
         SELECT sent, closed_until, awaited_until FROM connector.budgets
         WHERE app_id = $1 AND client = $2 AND account = $3 FOR UPDATE)
     SELECT sent, closed_until, awaited_until, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM locked";

/// The budget of one scope.
pub(crate) struct PgBudget {
    pub(crate) database: Arc<Database>,
    pub(crate) scope: BudgetScope,
    /// Nobody of this process asks at the same time.
    pub(crate) connection: Mutex<Option<PgConnection>>,
}

impl PgBudget {
    async fn change<T>(&self, decide: impl Fn(&mut Window, i64) -> T + Send + Sync) -> Result<T> {
        let database = &self.database;
        database.migrate().await?;
        let mut kept = self.connection.lock().await;
        let mut attempts = Attempts::default();
        loop {
            let attempt = async {
                // A connection of a caller that gave up is not put back: its transaction ends with it.
                let mut connection = match kept.take() {
                    Some(connection) => connection,
                    None => database.connect_with(SETTINGS).await?,
                };
                let answer = self.transact(&mut connection, &decide).await?;
                *kept = Some(connection);
                Ok(answer)
            };
            match attempt.await {
                Err(error) if class(&error) == Class::Transient && attempts.next().await => {}
                outcome => {
                    return outcome.map_err(|error| database.explain(error).context("asking for a request"));
                }
            }
        }
    }

    async fn transact<T>(
        &self,
        connection: &mut PgConnection,
        decide: impl Fn(&mut Window, i64) -> T,
    ) -> sqlx::Result<T> {
        let mut transaction = connection.begin().await?;
        let mut found = self.read(&mut transaction).await?;
        if found.is_none() {
            self.create(&mut transaction).await?;
            found = self.read(&mut transaction).await?;
        }
        let (before, now) = found.ok_or(sqlx::Error::RowNotFound)?;
        let mut window = before.clone();
        let answer = decide(&mut window, now);
        if window != before {
            self.write(&mut transaction, &window).await?;
        }
        transaction.commit().await?;
        Ok(answer)
    }

    async fn read(&self, transaction: &mut PgTransaction<'_>) -> sqlx::Result<Option<(Window, i64)>> {
        let row: Option<(Vec<i64>, i64, i64, i64)> = sqlx::query_as(READ)
            .bind(&self.scope.app_id)
            .bind(&self.scope.client)
            .bind(&self.scope.account)
            .fetch_optional(&mut **transaction)
            .await?;
        Ok(row.map(|(sent, closed_until, awaited_until, now)| {
            (Window { sent, closed_until, awaited_until }, now)
        }))
    }

    async fn create(&self, transaction: &mut PgTransaction<'_>) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO connector.budgets (app_id, client, account, sent, closed_until, awaited_until)
             VALUES ($1, $2, $3, '{}', 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(&self.scope.app_id)
        .bind(&self.scope.client)
        .bind(&self.scope.account)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }

    async fn write(&self, transaction: &mut PgTransaction<'_>, window: &Window) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE connector.budgets SET sent = $4, closed_until = $5, awaited_until = $6
             WHERE app_id = $1 AND client = $2 AND account = $3",
        )
        .bind(&self.scope.app_id)
        .bind(&self.scope.client)
        .bind(&self.scope.account)
        .bind(&window.sent)
        .bind(window.closed_until)
        .bind(window.awaited_until)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}

impl RequestBudget for PgBudget {
    fn admit(&self, limit: u32, urgency: Urgency) -> BoxFuture<'_, Result<Admission>> {
        Box::pin(self.change(move |window, now| window.admit(now, limit, urgency)))
    }

    fn close(&self, wait: Duration) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.change(move |window, now| window.close(now, wait)))
    }
}

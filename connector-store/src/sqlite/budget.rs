//! Request budgets in SQLite: one row for each scope, in one short transaction, by the machine's clock.

use std::sync::Arc;
use std::time::Duration;

use connector_core::Result;
use connector_core::http::{Admission, BudgetScope, RequestBudget, Urgency};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection, SqliteTransaction};
use tokio::sync::Mutex;

use super::Database;
use super::fault::class;
use crate::attempts::Attempts;
use crate::budget::Window;
use crate::fault::Class;

/// The budget of one scope.
pub(crate) struct SqliteBudget {
    pub(crate) database: Arc<Database>,
    pub(crate) scope: BudgetScope,
    /// Nobody of this process asks at the same time.
    pub(crate) connection: Mutex<Option<SqliteConnection>>,
}

impl SqliteBudget {
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
                    None => database.connect().await?,
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
        connection: &mut SqliteConnection,
        decide: impl Fn(&mut Window, i64) -> T,
    ) -> sqlx::Result<T> {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        // After the lock was waited for.
        let now = Timestamp::now().as_microsecond();
        let before = self.read(&mut transaction).await?;
        let mut window = before.clone();
        let answer = decide(&mut window, now);
        if window != before {
            self.write(&mut transaction, &window).await?;
        }
        transaction.commit().await?;
        Ok(answer)
    }

    async fn read(&self, transaction: &mut SqliteTransaction<'_>) -> sqlx::Result<Window> {
        let row: Option<(String, i64, i64)> = sqlx::query_as(
            "SELECT sent, closed_until, awaited_until FROM connector_budgets
             WHERE app_id = ?1 AND client = ?2 AND account = ?3",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.client.clone())
        .bind(self.scope.account.clone())
        .fetch_optional(&mut **transaction)
        .await?;
        let Some((sent, closed_until, awaited_until)) = row else {
            return Ok(Window::default());
        };
        let sent = serde_json::from_str(&sent).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Window { sent, closed_until, awaited_until })
    }

    async fn write(&self, transaction: &mut SqliteTransaction<'_>, window: &Window) -> sqlx::Result<()> {
        let sent = serde_json::to_string(&window.sent).map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query(
            "INSERT INTO connector_budgets (app_id, client, account, sent, closed_until, awaited_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (app_id, client, account) DO UPDATE SET
                 sent = excluded.sent, closed_until = excluded.closed_until, awaited_until = excluded.awaited_until",
        )
        .bind(self.scope.app_id.clone())
        .bind(self.scope.client.clone())
        .bind(self.scope.account.clone())
        .bind(sent)
        .bind(window.closed_until)
        .bind(window.awaited_until)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}

impl RequestBudget for SqliteBudget {
    fn admit(&self, limit: u32, urgency: Urgency) -> BoxFuture<'_, Result<Admission>> {
        Box::pin(self.change(move |window, now| window.admit(now, limit, urgency)))
    }

    fn close(&self, wait: Duration) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.change(move |window, now| window.close(now, wait)))
    }
}

//! A client whose machine is gone: the server finds out within seconds, and lets go of what the session held.
//!
//! A process that dies needs none of this, since its machine closes the connection for it. A machine without power or
//! network closes nothing: silence is all that the server has to go by.

use sqlx::PgConnection;

/// After 5 seconds of silence the server asks every 2 seconds whether somebody is there, and gives up at the fourth
/// question, or when what it sent itself was not taken for 12 seconds: 13 seconds in all. Without the last of these an
/// answer on its way to the dead keeps the session for a quarter of an hour. What a server of another version does not
/// know is left out.
const SETTINGS: &str = "SELECT set_config(name, value, false) FROM (VALUES
         ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '4'),
         ('tcp_user_timeout', '12000'), ('idle_session_timeout', '0')) AS wanted(name, value)
     WHERE EXISTS (SELECT FROM pg_settings WHERE pg_settings.name = wanted.name)";

/// Lets the server watch over this connection.
pub(super) async fn watch(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(SETTINGS).execute(connection).await.map(|_| ())
}

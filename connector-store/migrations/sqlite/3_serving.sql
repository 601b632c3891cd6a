-- How renewing the tokens of a connection went.
ALTER TABLE connector_connections ADD COLUMN reason text;
ALTER TABLE connector_connections ADD COLUMN failures integer NOT NULL DEFAULT 0;
ALTER TABLE connector_connections ADD COLUMN failing_since text;
ALTER TABLE connector_connections ADD COLUMN failing_days integer NOT NULL DEFAULT 0;
ALTER TABLE connector_connections ADD COLUMN retry_after text;
ALTER TABLE connector_connections ADD COLUMN refreshed_at text;
ALTER TABLE connector_connections ADD COLUMN failed_at text;
ALTER TABLE connector_connections ADD COLUMN rejected_client text;

-- A refresh that is under way, written before its request leaves: a row that is found under the lock tells that a
-- process died with the answer open. No foreign key: it is written while another transaction holds the connection.
CREATE TABLE connector_refresh_attempts (
    app_id text NOT NULL,
    name text NOT NULL,
    attempt_id text NOT NULL,
    token_digest text NOT NULL,
    started_at text NOT NULL,
    PRIMARY KEY (app_id, name)
);

-- Authorizations that somebody was sent to agree to. Never in the place of the live tokens.
CREATE TABLE connector_authorizations (
    flow_id text PRIMARY KEY,
    state_digest blob NOT NULL UNIQUE,
    app_id text NOT NULL,
    connection text NOT NULL,
    key_id text NOT NULL,
    sealed blob NOT NULL,
    created_at text NOT NULL,
    expires_at text NOT NULL,
    used_at text
);

-- Secrets of our own that are the same for good, as the end of an address for webhooks: a new vault key seals them anew
-- and leaves them as they are.
CREATE TABLE connector_secrets (
    app_id text NOT NULL,
    connection text NOT NULL,
    purpose text NOT NULL,
    key_id text NOT NULL,
    sealed blob NOT NULL,
    created_at text NOT NULL,
    PRIMARY KEY (app_id, connection, purpose)
);

-- Keys to the HTTP server. `apps` and `connectors` are lists of patterns, `scopes` a list of names, each with spaces
-- between.
CREATE TABLE connector_access_keys (
    id text PRIMARY KEY,
    digest blob NOT NULL,
    label text NOT NULL,
    scopes text NOT NULL,
    apps text NOT NULL,
    connectors text NOT NULL,
    created_at text NOT NULL,
    expires_at text,
    revoked_at text,
    last_used_at text
);

-- Who was handed which token. `entry` is hashed as it stands, together with the hash of the row before.
CREATE TABLE connector_audit (
    seq integer PRIMARY KEY,
    entry text NOT NULL,
    hash blob NOT NULL
);

-- The end of the chain, locked by whoever adds to it; a row that is cut off the end shows against it.
CREATE TABLE connector_audit_head (
    only_one integer PRIMARY KEY CHECK (only_one = 1),
    seq integer NOT NULL,
    hash blob NOT NULL
);

CREATE TABLE connector_schedules (
    app_id text NOT NULL,
    connection text NOT NULL,
    name text NOT NULL,
    expression text NOT NULL,
    time_zone text NOT NULL,
    jitter_seconds integer NOT NULL,
    request text NOT NULL,
    enabled integer NOT NULL,
    next_at text,
    last_at text,
    last_run_id text,
    last_skipped text,
    updated_at text NOT NULL,
    PRIMARY KEY (app_id, connection, name)
);

-- The account whose rows a stream's table holds for a connection; absent where it was not known.
ALTER TABLE connector_cursors ADD COLUMN account text;

-- The latest run of each connection is shown.
CREATE INDEX connector_runs_of_connection ON connector_runs (app_id, connection, started_at DESC);

-- How renewing the tokens of a connection went.
ALTER TABLE connector.connections
    ADD COLUMN reason text,
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN failing_days integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_after timestamptz,
    ADD COLUMN refreshed_at timestamptz,
    ADD COLUMN failed_at timestamptz,
    ADD COLUMN rejected_client text;

-- A refresh that is under way, written before its request leaves: a row that is found under the lock tells that a
-- process died with the answer open. No foreign key: it is written while another transaction holds the connection.
CREATE TABLE connector.refresh_attempts (
    app_id text NOT NULL,
    name text NOT NULL,
    attempt_id uuid NOT NULL,
    token_digest text NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, name)
);

-- Authorizations that somebody was sent to agree to. Never in the place of the live tokens.
CREATE TABLE connector.authorizations (
    flow_id uuid PRIMARY KEY,
    state_digest bytea NOT NULL UNIQUE,
    app_id text NOT NULL,
    connection text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- Secrets of our own that are the same for good, as the end of an address for webhooks: a new vault key seals them anew
-- and leaves them as they are.
CREATE TABLE connector.secrets (
    app_id text NOT NULL,
    connection text NOT NULL,
    purpose text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, connection, purpose)
);

-- Keys to the HTTP server. `apps` and `connectors` are lists of patterns, `scopes` a list of names, each with spaces
-- between.
CREATE TABLE connector.access_keys (
    id text PRIMARY KEY,
    digest bytea NOT NULL,
    label text NOT NULL,
    scopes text NOT NULL,
    apps text NOT NULL,
    connectors text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- Who was handed which token. `entry` is hashed as it stands, together with the hash of the row before.
CREATE TABLE connector.audit (
    seq bigint PRIMARY KEY,
    entry text NOT NULL,
    hash bytea NOT NULL
);

-- The end of the chain, locked by whoever adds to it; a row that is cut off the end shows against it.
CREATE TABLE connector.audit_head (
    only_one integer PRIMARY KEY CHECK (only_one = 1),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE connector.schedules (
    app_id text NOT NULL,
    connection text NOT NULL,
    name text NOT NULL,
    expression text NOT NULL,
    time_zone text NOT NULL,
    jitter_seconds bigint NOT NULL,
    request jsonb NOT NULL,
    enabled boolean NOT NULL,
    next_at timestamptz,
    last_at timestamptz,
    last_run_id uuid,
    last_skipped text,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, connection, name)
);

-- The account whose rows a stream's table holds for a connection; absent where it was not known.
ALTER TABLE connector.cursors ADD COLUMN account text;

-- The latest run of each connection is shown.
CREATE INDEX runs_of_connection ON connector.runs (app_id, connection, started_at DESC);

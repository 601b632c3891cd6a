CREATE TABLE connector.runs (
    run_id uuid PRIMARY KEY,
    app_id text NOT NULL,
    connection text NOT NULL,
    schema text NOT NULL,
    status text NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    requests bigint,
    report jsonb
);
CREATE INDEX runs_latest ON connector.runs (app_id, started_at DESC);

CREATE TABLE connector.cursors (
    app_id text NOT NULL,
    connection text NOT NULL,
    schema text NOT NULL,
    stream text NOT NULL,
    state jsonb NOT NULL,
    run_id uuid NOT NULL,
    batch bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, connection, schema, stream)
);

CREATE TABLE connector.rejects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id uuid NOT NULL,
    app_id text NOT NULL,
    connection text NOT NULL,
    schema text NOT NULL,
    stream text NOT NULL,
    key text,
    digest bytea NOT NULL,
    payload text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    path text,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    UNIQUE (app_id, connection, schema, stream, digest)
);

CREATE TABLE connector.leases (
    app_id text NOT NULL,
    connection text NOT NULL,
    schema text NOT NULL,
    fence bigint NOT NULL,
    run_id uuid NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, connection, schema)
);

CREATE TABLE connector.connections (
    app_id text NOT NULL,
    name text NOT NULL,
    account text,
    state text NOT NULL,
    expires_at timestamptz,
    generation bigint NOT NULL,
    key_id text NOT NULL,
    tokens bytea NOT NULL,
    settings bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, name)
);

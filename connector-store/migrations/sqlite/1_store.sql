CREATE TABLE connector_runs (
    run_id TEXT PRIMARY KEY,
    app_id TEXT NOT NULL,
    connection TEXT NOT NULL,
    schema TEXT NOT NULL,
    status TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    requests INTEGER,
    report TEXT
);
CREATE INDEX connector_runs_latest ON connector_runs (app_id, started_at DESC);

CREATE TABLE connector_cursors (
    app_id TEXT NOT NULL,
    connection TEXT NOT NULL,
    schema TEXT NOT NULL,
    stream TEXT NOT NULL,
    state TEXT NOT NULL,
    run_id TEXT NOT NULL,
    batch INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (app_id, connection, schema, stream)
);

CREATE TABLE connector_rejects (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    connection TEXT NOT NULL,
    schema TEXT NOT NULL,
    stream TEXT NOT NULL,
    key TEXT,
    digest BLOB NOT NULL,
    payload TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    path TEXT,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    UNIQUE (app_id, connection, schema, stream, digest)
);

CREATE TABLE connector_leases (
    app_id TEXT NOT NULL,
    connection TEXT NOT NULL,
    schema TEXT NOT NULL,
    fence INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    taken_at TEXT NOT NULL,
    PRIMARY KEY (app_id, connection, schema)
);

CREATE TABLE connector_connections (
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    account TEXT,
    state TEXT NOT NULL,
    expires_at TEXT,
    generation INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    tokens BLOB NOT NULL,
    settings BLOB NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (app_id, name)
);

CREATE TABLE connector_budgets (
    app_id TEXT NOT NULL,
    client TEXT NOT NULL,
    account TEXT NOT NULL,
    sent TEXT NOT NULL,
    closed_until INTEGER NOT NULL,
    awaited_until INTEGER NOT NULL,
    PRIMARY KEY (app_id, client, account)
);

-- A hint that comes again while it is being followed gets a new id: whoever finishes the old one leaves the new one.
CREATE TABLE connector_hints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    connection TEXT NOT NULL,
    stream TEXT NOT NULL,
    record_id TEXT NOT NULL,
    added_at TEXT NOT NULL,
    taken_at TEXT,
    UNIQUE (app_id, connection, stream, record_id)
);
CREATE INDEX connector_hints_in_order ON connector_hints (app_id, connection, id);

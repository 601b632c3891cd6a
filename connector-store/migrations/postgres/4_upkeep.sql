-- Whoever takes a time of a schedule has until then to start its run; who dies meanwhile leaves it to the next.
ALTER TABLE connector.schedules ADD COLUMN claimed_until timestamptz;

-- Somebody wants the run to end, whichever process it is of.
ALTER TABLE connector.runs ADD COLUMN cancel_asked_at timestamptz;

-- Connections that somebody took out, until there is one of the name again.
CREATE TABLE connector.removed (
    app_id text NOT NULL,
    name text NOT NULL,
    removed_at timestamptz NOT NULL,
    PRIMARY KEY (app_id, name)
);

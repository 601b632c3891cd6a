-- Whoever takes a time of a schedule has until then to start its run; who dies meanwhile leaves it to the next.
ALTER TABLE connector_schedules ADD COLUMN claimed_until text;

-- Somebody wants the run to end, whichever process it is of.
ALTER TABLE connector_runs ADD COLUMN cancel_asked_at text;

-- Connections that somebody took out, until there is one of the name again.
CREATE TABLE connector_removed (
    app_id text NOT NULL,
    name text NOT NULL,
    removed_at text NOT NULL,
    PRIMARY KEY (app_id, name)
);

"""The capability `sync` of the connector for notes: all of them or what changed, into SQLite, a page at a time."""
import json, time
import notes
from notes import TEXT, Refused

TABLES = """CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, _doc TEXT NOT NULL, _deleted_at TEXT);
            CREATE TABLE IF NOT EXISTS cursors (stream TEXT PRIMARY KEY, cursor INTEGER)"""
PAGE = 3
PASSING = {"rate_limit", "bad_gateway", "service_error", "connection_closed", "invalid_response"}
TRIES = 3


def patiently(envelope, path):
    """Asks again where that may help."""
    for left in reversed(range(TRIES)):
        try:
            return notes.ask(envelope, path)
        except Refused as refused:
            if refused.code not in PASSING or not left:
                raise
            time.sleep(refused.wait or 0.02)


def put(database, note, counts):
    """Writes a row where it differs."""
    text = json.dumps(note)
    row = database.execute("SELECT _doc, _deleted_at FROM notes WHERE id = ?", [note["id"]]).fetchone()
    if row != (text, None):
        counts["updated" if row else "inserted"] += 1
        database.execute("REPLACE INTO notes VALUES (?, ?, NULL)", [note["id"], text])


def delete(database, id, counts):
    gone = database.execute("UPDATE notes SET _deleted_at = datetime() WHERE id = ? AND _deleted_at IS NULL", [id])
    counts["deleted"] += gone.rowcount


def keep_cursor(database, cursor):
    database.execute("REPLACE INTO cursors VALUES ('notes', ?)", [cursor])


def read_all(envelope, database, counts):
    """What is not there at the end has been deleted; the cursor is from before the first page."""
    start, cursor, seen = 0, None, set()
    while True:
        page = patiently(envelope, f"/notes?from={start}&size={PAGE}")
        cursor = page["changes"] if cursor is None else cursor
        for note in page["notes"]:
            put(database, note, counts)
            seen.add(note["id"])
        start += PAGE
        if start >= page["total"]:
            break
        database.commit()
    for (id,) in database.execute("SELECT id FROM notes WHERE _deleted_at IS NULL").fetchall():
        if id not in seen:
            delete(database, id, counts)
    keep_cursor(database, cursor)


def read_changes(envelope, database, cursor, counts):
    answer = patiently(envelope, f"/changes?after={cursor}")
    for change in answer["changed"]:
        if change["note"]:
            put(database, change["note"], counts)
        else:
            delete(database, change["id"], counts)
    keep_cursor(database, answer["changes"])


def sync(envelope):
    import sqlite3
    request, counts = envelope["request"], {"inserted": 0, "updated": 0, "deleted": 0}
    if "sink" not in request:
        raise Refused("integration_missing_parameter", "/request/sink is missing")
    database = sqlite3.connect(request["sink"]["url"].removeprefix("sqlite://"))
    database.executescript(TABLES)
    cursor = database.execute("SELECT cursor FROM cursors").fetchone()
    if request.get("mode") == "full" or not cursor:
        read_all(envelope, database, counts)
    else:
        read_changes(envelope, database, cursor[0], counts)
    database.commit()
    return {"status": "succeeded", "streams": [{"stream": "notes", "status": "succeeded", "error": None} | counts]}, None


notes.CAPABILITIES["sync"] = (sync, {"type": "object", "additionalProperties": False, "properties": {
    "streams": {"type": "array", "items": TEXT}, "mode": TEXT,
    "sink": {"type": "object", "required": ["url"], "properties": {"url": TEXT}, "additionalProperties": False}}},
    {"type": "object"})

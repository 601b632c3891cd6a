"""What connectors do wrong in a sync."""
import os, signal
import notes, sync
from fault import found_by, instead_of


@found_by("sync.rows")
def a_record_is_never_written():
    @instead_of(sync.put)
    def put(right, database, note, counts):
        if note["id"] != "2":
            right(database, note, counts)


@found_by("sync.rows")
def rows_are_cut():
    @instead_of(sync.put)
    def put(right, database, note, counts):
        right(database, note | {"text": note["text"][:5]}, counts)


@found_by("sync.repeated")
def every_row_is_written_each_time():
    @instead_of(sync.put)
    def put(right, database, note, counts):
        database.execute("DELETE FROM notes WHERE id = ?", [note["id"]])
        right(database, note, counts)


@found_by("sync.repeated", "sync.incremental")
def a_sync_without_changes_loses_a_row():
    @instead_of(sync.read_changes)
    def read_changes(right, envelope, database, cursor, counts):
        database.execute("UPDATE notes SET _deleted_at = datetime() WHERE id = '1'")
        right(envelope, database, cursor, counts)


@found_by("sync.faults")
def trouble_costs_a_page():
    @instead_of(sync.patiently)
    def patiently(right, envelope, path):
        try:
            return notes.ask(envelope, path)
        except notes.Refused as refused:
            if refused.code not in sync.PASSING:
                raise
        return right(envelope, path) | {"notes": []}


@found_by("sync.faults")
def one_try_is_enough():
    sync.TRIES = 1


@found_by("sync.faults")
def a_sync_that_fails_says_success():
    sync.TRIES = 1

    @instead_of(sync.read_all)
    def read_all(right, envelope, database, counts):
        try:
            right(envelope, database, counts)
        except notes.Refused:
            database.commit()


@found_by("sync.interrupted")
def the_cursor_is_kept_before_the_rows():
    @instead_of(sync.read_all)
    def read_all(right, envelope, database, counts):
        sync.keep_cursor(database, sync.patiently(envelope, "/notes?from=0&size=1")["changes"])
        database.commit()
        right(envelope, database, counts)


@found_by("sync.interrupted")
def a_sync_that_is_interrupted_exits_with_0():
    @instead_of(sync.sync)
    def sync_(right, envelope):
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        return right(envelope)


@found_by("sync.incremental")
def what_is_deleted_stays():
    @instead_of(sync.delete)
    def delete(right, database, id, counts):
        pass


@found_by("sync.incremental")
def the_last_change_is_missed():
    @instead_of(sync.patiently)
    def patiently(right, envelope, path):
        answer = right(envelope, path)
        if "changed" in answer:
            answer["changed"] = answer["changed"][:-1]
        return answer

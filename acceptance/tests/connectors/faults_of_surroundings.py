"""What connectors do wrong with all that is around a call: secrets, files, signals, an app in trouble."""
import os, signal, sys
import notes
from fault import found_by, instead_of
from notes import Refused


@found_by("secrets.printed")
def the_token_is_logged():
    @instead_of(notes.ask)
    def ask(right, envelope, *request):
        print("asking with", envelope["auth"]["token"]["token"], file=sys.stderr)
        return right(envelope, *request)


@found_by("secrets.printed")
def what_the_app_says_is_passed_on():
    @instead_of(notes.read)
    def read(right, status, wait, body):
        try:
            return right(status, wait, body)
        except Refused as refused:
            refused.message += ": " + body.decode()
            raise


@found_by("secrets.provoked", "faults.codes")
def an_app_that_refuses_is_an_empty_app():
    @instead_of(notes.ask)
    def ask(right, envelope, *request):
        try:
            return right(envelope, *request)
        except Refused as refused:
            if refused.code != "unauthorized":
                raise
            return {"total": 0, "notes": []}


@found_by("secrets.files")
def the_token_is_kept():
    @instead_of(notes.ask)
    def ask(right, envelope, *request):
        with open(os.path.join(os.environ["HOME"], "token"), "w") as file:
            file.write(envelope["auth"]["token"]["token"])
        return right(envelope, *request)


@found_by("secrets.marked")
def secrets_are_not_marked():
    del notes.AUTH["properties"]["token"]["properties"]["token"]["x-secret"]


@found_by("input.working_folder")
def it_writes_where_it_is_started():
    open("cache", "w").close()


@found_by("signals.terminate")
def sigterm_is_ignored():
    @instead_of(notes.ask)
    def ask(right, envelope, *request):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return right(envelope, *request)


@found_by("signals.interrupt")
def sigint_exits_with_1():
    @instead_of(notes.ask)
    def ask(right, envelope, *request):
        signal.signal(signal.SIGINT, lambda *_: os._exit(1))
        return right(envelope, *request)


@found_by("input.stdin")
def stdin_is_not_read():
    @instead_of(notes.text_of)
    def text_of(right, flags):
        if flags.get("--json-file") == "-":
            raise Refused("bad_request", "the request cannot be read")
        return right(flags)


@found_by("input.file")
def a_line_break_at_the_end_of_a_file_is_too_much():
    @instead_of(notes.text_of)
    def text_of(right, flags):
        text = right(flags)
        if text.endswith("\n"):
            raise Refused("bad_request", "the request ends with a line break")
        return text


@found_by("input.large")
def large_input_is_cut():
    @instead_of(notes.text_of)
    def text_of(right, flags):
        return right(flags)[:1 << 20]


@found_by("input.garbage")
def no_envelope_is_taken_for_an_empty_one():
    @instead_of(notes.parse)
    def parse(right, text):
        return right(text if text.strip() else "{}")


@found_by("input.result_file")
def the_result_file_is_not_written():
    @instead_of(notes.arguments)
    def arguments(right, words):
        flags = right(words)
        flags.pop("--result-file-path", None)
        return flags


@found_by("faults.rows")
def trouble_loses_a_record():
    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        try:
            return right(envelope)
        except Refused as refused:
            if refused.code != "service_error":
                raise
        records, page = right(envelope)
        return records[1:], page


@found_by("faults.codes")
def the_time_to_wait_is_lost():
    @instead_of(notes.ask)
    def ask(right, envelope, *request):
        try:
            return right(envelope, *request)
        except Refused as refused:
            refused.wait = None
            raise

"""What connectors do wrong in the calls of capabilities."""
import os, signal, sys
import notes
from fault import found_by, instead_of
from notes import Refused


@found_by("envelopes.one_line")
def two_lines():
    if "--output" not in sys.argv and "--help" not in sys.argv:
        print("{}")


@found_by("envelopes.success")
def no_page_in_a_success():
    @instead_of(notes.success)
    def success(right, response, page=None):
        envelope = right(response, page)
        return envelope if page else {"response": response, "raw_data": None}


@found_by("envelopes.error")
def an_error_with_a_response():
    @instead_of(notes.failure)
    def failure(right, name, refused):
        return right(name, refused) | {"response": None}


@found_by("envelopes.error")
def an_error_of_the_caller_is_the_apps():
    notes.CODES["bad_request"] = (400, 64, "upstream", "client", "")


@found_by("envelopes.unknown_keys")
def unknown_keys_are_refused():
    @instead_of(notes.parse)
    def parse(right, text):
        envelope = right(text)
        if "from_the_future" in envelope and len(text) < 1 << 20:
            raise Refused("unknown_value", "/from_the_future is not known here")
        return envelope


@found_by("envelopes.order")
def auth_before_the_request():
    @instead_of(notes.call)
    def call(right, name, envelope):
        if "unknown_to_all" in envelope.get("auth", {}):
            raise Refused("invalid_value", "/auth does not have the form that is expected")
        return right(name, envelope)


@found_by("exit_codes.match")
def it_exits_with_0_whatever_happens():
    @instead_of(notes.main)
    def main(right, words):
        right(words)
        return 0


@found_by("exit_codes.exit_zero")
def exit_zero_is_ignored():
    @instead_of(notes.main)
    def main(right, words):
        code = right(words)
        return 64 if "--exit-zero" in words else code


@found_by("exit_codes.usage")
def unknown_flags_are_ignored():
    @instead_of(notes.arguments)
    def arguments(right, words):
        return right([word for word in words if word != "--there-is-no-such-flag"])


@found_by("exit_codes.ends", "input.large")
def it_dies_of_large_inputs():
    @instead_of(notes.parse)
    def parse(right, text):
        if len(text) > 1 << 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return right(text)


@found_by("info.shape")
def capabilities_out_of_order():
    @instead_of(notes.info)
    def info(right):
        info = right()
        return info | {"capabilities": info["capabilities"][::-1]}


@found_by("info.schemas")
def a_schema_that_is_none():
    notes.AUTH["properties"]["token"]["properties"]["comment"] = {"type": "sting"}


@found_by("info.streams")
def a_key_that_no_record_has():
    @instead_of(notes.info)
    def info(right):
        info = right()
        return info | {"streams": [info["streams"][0] | {"primary_key": ["number"]}]}


@found_by("info.streams")
def a_stream_whose_schema_lies():
    @instead_of(notes.info)
    def info(right):
        info, lie = right(), {"type": "object", "properties": {"text": {"type": "integer"}}}
        return info | {"streams": [info["streams"][0] | {"schema": lie}]}


@found_by("info.answers")
def a_response_that_breaks_its_schema():
    @instead_of(notes.get_note)
    def get_note(right, envelope):
        note, page = right(envelope)
        return note | {"text": 5}, page


@found_by("info.answers")
def a_capability_that_does_not_answer():
    @instead_of(notes.get_note)
    def get_note(right, envelope):
        raise Refused("unsupported_operation", "not yet")


@found_by("info.writes")
def what_is_written_is_not_told():
    @instead_of(notes.add_note)
    def add_note(right, envelope):
        right(envelope)
        return {}, None


@found_by("info.help")
def help_is_missing():
    del notes.FLAGS["--help"]


@found_by("paging.complete")
def a_record_comes_twice():
    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        records, page = right(envelope)
        if (envelope.get("page") or {}).get("token"):
            records = records[:-1] + [{"id": "1", "text": "Note 1"}]
        return records, page


@found_by("paging.complete")
def a_page_comes_for_ever():
    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        records, page = right(envelope)
        if envelope.get("page") and "--all-pages" not in sys.argv:
            page = {"token": "0." + notes.sign(0), "size": 3}
        return records, page


@found_by("paging.complete")
def it_stops_after_one_page():
    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        records, page = right(envelope)
        return records, None


@found_by("paging.complete")
def a_short_page_is_the_end():
    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        records, page = right(envelope)
        return records, page if page and len(records) == page["size"] else None


@found_by("paging.complete")
def the_list_never_answers():
    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        raise Refused("service_error", "not today")


@found_by("paging.all_pages")
def all_pages_are_too_few():
    @instead_of(notes.answer)
    def answer(right, name, flags, write):
        envelope = right(name, flags, write)
        if "--all-pages" in flags and envelope["response"] and "size" in flags["--json"]:
            envelope["response"] = envelope["response"][:-1]
        return envelope


@found_by("paging.ndjson")
def ndjson_loses_a_record():
    @instead_of(notes.answer)
    def answer(right, name, flags, write):
        lines = []
        envelope = right(name, flags, lines.append)
        for line in lines[1:]:
            write(line)
        return envelope


@found_by("paging.tampered")
def forged_tokens_are_taken():
    notes.sign = lambda number: "x"

    @instead_of(notes.list_notes)
    def list_notes(right, envelope):
        page = envelope.get("page") or {}
        if page.get("token") is not None:
            number = "".join(digit for digit in page["token"].split(".")[0] if digit.isdigit()) or "0"
            envelope["page"]["token"] = f"{number}.x"
        return right(envelope)


@found_by("validation.names_field")
def fields_are_not_named():
    @instead_of(notes.check)
    def check(right, schema, value, at):
        try:
            right(schema, value, at)
        except Refused as refused:
            if at == "/request":
                refused.message = "/request is wrong"
            raise


@found_by("validation.envelope")
def pages_of_nothing_are_taken():
    @instead_of(notes.parse)
    def parse(right, text):
        return right(text.replace('"size":0', '"size":1'))


@found_by("validation.auth")
def credentials_are_wrong_somewhere():
    @instead_of(notes.check)
    def check(right, schema, value, at):
        try:
            right(schema, value, at)
        except Refused as refused:
            if at.startswith("/auth/token"):
                refused.message = "the credentials are wrong"
            raise


@found_by("validation.settings")
def unknown_settings_are_taken():
    @instead_of(notes.check)
    def check(right, schema, value, at):
        right(schema, {"api_url": value.get("api_url")} if at == "/settings" else value, at)


@found_by("validation.echoes_nothing")
def values_are_echoed():
    @instead_of(notes.check)
    def check(right, schema, value, at):
        try:
            right(schema, value, at)
        except Refused as refused:
            if at == "/request":
                refused.message += f", and not {value}"
            raise

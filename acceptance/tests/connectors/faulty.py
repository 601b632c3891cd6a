#!/usr/bin/env python3
"""The connector for notes with one fault, named by the variable of its wrapper: each is about one check."""
import os, signal, sys
import notes

FAULT = sys.argv.pop(1)
right = {name: getattr(notes, name) for name in ["success", "failure", "parse", "call", "list_notes", "get_note",
                                                  "info", "main", "ask", "check", "arguments", "text_of", "answer"]}


def wrong(name):
    """Puts a function in the place of one of the connector's."""
    def put(function):
        setattr(notes, name, function)
        for entry, (run, *schemas) in list(notes.CAPABILITIES.items()):
            if run.__name__ == name:
                notes.CAPABILITIES[entry] = (function, *schemas)
    return put


def two_lines():
    if "--output" not in sys.argv:
        print("{}")


def exits_with_0():
    @wrong("main")
    def main(words):
        right["main"](words)
        return 0


def no_page_in_a_success():
    @wrong("success")
    def success(response, page=None):
        envelope = right["success"](response, page)
        if page is None:
            del envelope["page"]
        return envelope


def an_error_with_a_response():
    @wrong("failure")
    def failure(name, refused):
        return right["failure"](name, refused) | {"response": None}


def a_code_of_its_own():
    notes.CODES["unauthorized"] = (401, 78, "caller", "client", "")


def unknown_keys_are_refused():
    @wrong("parse")
    def parse(text):
        envelope = right["parse"](text)
        if "from_the_future" in envelope and len(text) < 1 << 20:
            raise notes.Refused("unknown_value", "/from_the_future is not known here")
        return envelope


def auth_before_the_request():
    @wrong("call")
    def call(name, envelope):
        if "unknown_to_all" in envelope.get("auth", {}):
            raise notes.Refused("invalid_value", "/auth does not have the form that is expected")
        return right["call"](name, envelope)


def exit_zero_is_ignored():
    @wrong("main")
    def main(words):
        code = right["main"](words)
        return 64 if "--exit-zero" in words else code


def capabilities_out_of_order():
    @wrong("info")
    def info():
        info = right["info"]()
        return info | {"capabilities": info["capabilities"][::-1]}


def a_response_that_breaks_its_schema():
    @wrong("get_note")
    def get_note(envelope):
        note, page = right["get_note"](envelope)
        return note | {"text": 5}, page


def a_capability_that_does_not_answer():
    @wrong("get_note")
    def get_note(envelope):
        raise notes.Refused("unsupported_operation", "not yet")


def a_page_comes_twice():
    @wrong("list_notes")
    def list_notes(envelope):
        records, page = right["list_notes"](envelope)
        if (envelope.get("page") or {}).get("token"):
            records = records[:-1] + [{"id": "1", "text": "Note 1"}]
        return records, page


def it_stops_after_one_page():
    @wrong("list_notes")
    def list_notes(envelope):
        records, page = right["list_notes"](envelope)
        return records, None


def all_pages_are_too_few():
    @wrong("answer")
    def answer(name, flags, write):
        envelope = right["answer"](name, flags, write)
        if "--all-pages" in flags and envelope["response"] and "size" in flags["--json"]:
            envelope["response"] = envelope["response"][:-1]
        return envelope


def forged_tokens_are_taken():
    notes.sign = lambda number: "x"
    @wrong("list_notes")
    def list_notes(envelope):
        page = envelope.get("page") or {}
        if page.get("token") is not None:
            number = "".join(digit for digit in page["token"].split(".")[0] if digit.isdigit()) or "0"
            envelope["page"]["token"] = f"{number}.x"
        return right["list_notes"](envelope)


def ndjson_loses_a_record():
    @wrong("answer")
    def answer(name, flags, write):
        lines = []
        envelope = right["answer"](name, flags, lines.append)
        for line in lines[1:]:
            write(line)
        return envelope


def fields_are_not_named():
    @wrong("check")
    def check(schema, value, at):
        try:
            right["check"](schema, value, at)
        except notes.Refused as refused:
            if at == "/request":
                refused.message = "/request is wrong"
            raise


def values_are_echoed():
    @wrong("check")
    def check(schema, value, at):
        try:
            right["check"](schema, value, at)
        except notes.Refused as refused:
            if at == "/request":
                refused.message += f", and not {value}"
            raise


def the_token_is_logged():
    @wrong("ask")
    def ask(envelope, path):
        print("asking with", envelope["auth"]["token"]["token"], file=sys.stderr)
        return right["ask"](envelope, path)


def the_token_is_kept():
    @wrong("ask")
    def ask(envelope, path):
        with open(os.path.join(os.environ["HOME"], "token"), "w") as file:
            file.write(envelope["auth"]["token"]["token"])
        return right["ask"](envelope, path)


def secrets_are_not_marked():
    del notes.AUTH["properties"]["token"]["properties"]["token"]["x-secret"]


def it_writes_where_it_is_started():
    open("cache", "w").close()


def sigterm_is_ignored():
    @wrong("ask")
    def ask(envelope, path):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return right["ask"](envelope, path)


def sigint_exits_with_1():
    @wrong("ask")
    def ask(envelope, path):
        signal.signal(signal.SIGINT, lambda *_: os._exit(1))
        return right["ask"](envelope, path)


def stdin_is_not_read():
    @wrong("text_of")
    def text_of(flags):
        if flags.get("--json-file") == "-":
            raise notes.Refused("bad_request", "the request cannot be read")
        return right["text_of"](flags)


def large_input_is_cut():
    @wrong("text_of")
    def text_of(flags):
        return right["text_of"](flags)[:1 << 20]


def no_envelope_is_taken_for_an_empty_one():
    @wrong("parse")
    def parse(text):
        return right["parse"](text if text.strip() else "{}")


def the_result_file_is_not_written():
    @wrong("arguments")
    def arguments(words):
        flags = right["arguments"](words)
        flags.pop("--result-file-path", None)
        return flags


def trouble_loses_a_record():
    @wrong("list_notes")
    def list_notes(envelope):
        try:
            return right["list_notes"](envelope)
        except notes.Refused as refused:
            if refused.code != "service_error":
                raise
        records, page = right["list_notes"](envelope)
        return records[1:], page


def the_time_to_wait_is_lost():
    @wrong("ask")
    def ask(envelope, path):
        try:
            return right["ask"](envelope, path)
        except notes.Refused as refused:
            refused.wait = None
            raise


def help_is_missing():
    notes.FLAGS = {flag: value for flag, value in notes.FLAGS.items() if flag != "--help"}


if __name__ == "__main__":
    if sys.argv[1:2] != ["sandbox"]:
        globals()[FAULT]()
    sys.exit(notes.main(sys.argv[1:]))

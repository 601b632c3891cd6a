#!/usr/bin/env python3
"""A connector for an app with notes, in Python and without any library: what the contract asks for, and no more."""
import json, os, signal, sys

TEXT = {"type": "string"}
NOTE = {"type": "object", "properties": {"id": TEXT, "text": TEXT}, "required": ["id", "text"]}
AUTH = {"type": "object", "required": ["token"], "additionalProperties": False, "properties": {
    "token": {"type": "object", "required": ["token"], "additionalProperties": False, "properties": {
        "token": {"type": "string", "x-secret": True}}}}}
SETTINGS = {"type": "object", "required": ["api_url"], "additionalProperties": False, "properties": {"api_url": TEXT}}
PARTS = {"request": dict, "auth": dict, "settings": dict, "page": dict, "credentials": list, "include_raw_data": bool}
NAMES = {dict: "object", list: "array", str: "string", int: "integer", bool: "boolean"}
KINDS = {name: kind for kind, name in NAMES.items()}
#        code: status, exit code, fault, category, (retryable, throttled, refreshable)
CODES = {"bad_request": (400, 64, "caller", "client", ""), "invalid_value": (400, 64, "caller", "client", ""),
         "unknown_value": (400, 64, "caller", "client", ""), "invalid_page_token": (400, 64, "caller", "client", ""),
         "integration_missing_parameter": (400, 64, "caller", "client", ""),
         "not_found": (404, 69, "caller", "client", ""), "conflict": (409, 69, "caller", "client", ""),
         "unauthorized": (401, 78, "upstream", "authentication", "refreshable"),
         "creds_revoked": (401, 78, "upstream", "authentication", ""),
         "permission_denied": (403, 77, "upstream", "authorization", ""),
         "rate_limit": (429, 75, "upstream", "transient", "retryable throttled"),
         "request_timeout": (408, 75, "upstream", "transient", "retryable"),
         "bad_gateway": (502, 75, "upstream", "transient", "retryable"),
         "service_error": (503, 75, "upstream", "transient", "retryable"),
         "connection_closed": (503, 75, "infrastructure", "transient", "retryable"),
         "connection_rejected": (503, 75, "infrastructure", "transient", "retryable"),
         "unsupported_operation": (501, 64, "connector", "internal", ""),
         "invalid_response": (502, 70, "connector", "internal", "")}
STATUS = {401: "unauthorized", 403: "permission_denied", 404: "not_found", 408: "request_timeout", 409: "conflict",
          422: "bad_request", 429: "rate_limit", 500: "bad_gateway", 501: "unsupported_operation", 502: "bad_gateway",
          503: "service_error"}


class Refused(Exception):
    def __init__(self, code, message, wait=None):
        self.code, self.message, self.wait = code, message, wait


def send(envelope, method, path, headers, body=None):
    """The app's answer, whatever it is."""
    # By hand: to import http.client takes longer than all the rest of a run.
    import socket
    host, _, port = envelope["settings"]["api_url"].removeprefix("http://").partition(":")
    body = (body or "").encode()
    headers |= {"host": f"{host}:{port}", "content-length": len(body), "connection": "close"}
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
    try:
        with socket.create_connection((host, int(port)), timeout=25) as connection, connection.makefile("rb") as file:
            connection.sendall("\r\n".join(lines + ["", ""]).encode() + body)
            head, _, body = file.read().partition(b"\r\n\r\n")
    except ConnectionRefusedError:
        raise Refused("connection_rejected", "nobody listens at /settings/api_url")
    except OSError:
        raise Refused("connection_closed", "the app broke off")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    if len(body) < int(headers.get("content-length", 1)):
        raise Refused("connection_closed", "the app broke off")
    return int(status.split()[1]), headers.get("retry-after"), body


def read(status, wait, body):
    """What an answer says; each kind of trouble has its code."""
    if status != 200:
        raise Refused(STATUS.get(status, "invalid_response"), f"the app answered {status}", wait and int(wait))
    try:
        return json.loads(body)
    except ValueError:
        raise Refused("invalid_response", "the app's answer is no JSON")


def ask(envelope, path, method="GET", body=None):
    headers = {"authorization": "Bearer " + envelope["auth"]["token"]["token"]}
    return read(*send(envelope, method, path, headers, body))


def sign(number):
    import hashlib
    return hashlib.sha256(f"notes {number} list_notes".encode()).hexdigest()[:12]


def list_notes(envelope):
    page = envelope.get("page") or {}
    size, start = page.get("size") or 10, 0
    if page.get("token") is not None:
        try:
            number, mark = page["token"].split(".")
            start = int(number)
        except ValueError:
            raise Refused("invalid_page_token", "/page/token is none of this list")
        if sign(number) != mark:
            raise Refused("invalid_page_token", "/page/token is none of this list")
    notes = ask(envelope, f"/notes?from={start}&size={size}")
    end = start + len(notes["notes"])
    return notes["notes"], {"token": f"{end}.{sign(end)}", "size": size} if end < notes["total"] else None


def get_note(envelope):
    import urllib.parse
    return ask(envelope, "/notes/" + urllib.parse.quote(envelope["request"]["id"], safe="")), None


def add_note(envelope):
    return ask(envelope, "/notes", "POST", json.dumps({"text": envelope["request"]["text"]})), None


CAPABILITIES = {
    "add_note": (add_note, {"type": "object", "required": ["text"], "properties": {"text": TEXT},
                            "additionalProperties": False}, NOTE),
    "get_note": (get_note, {"type": "object", "required": ["id"], "properties": {"id": TEXT},
                            "additionalProperties": False}, NOTE),
    "list_notes": (list_notes, {"type": "object", "properties": {}, "additionalProperties": False},
                   {"type": "array", "items": NOTE}),
}
WRITING = {"add_note"}
WITHOUT_AUTH = set()


def info():
    schema = {name: {"argument": argument, "output": output, "display_name": name, "description": name,
                     "effect": "write" if name in WRITING else "read"}
              for name, (_, argument, output) in CAPABILITIES.items()}
    schema["info"] = {"argument": {"type": "object"}, "output": {"type": "object"}, "display_name": "Info",
                      "description": "Prints everything about the connector."}
    return {"app_id": "notes", "version": "1", "user_friendly_name": "Notes", "description": "An app with notes.",
            "categories": [], "logo_url": None, "capabilities": sorted(schema), "capability_schema": schema,
            "authentication_schema": AUTH, "credentials_schema": [], "request_settings_schema": SETTINGS,
            "oauth_scopes": [], "resource_types": [], "entitlement_types": [], "streams": [
                {"name": "notes", "primary_key": ["id"], "cursor": None, "schema": NOTE, "table": "notes",
                 "list": "list_notes", "get": "get_note"}]}


def check(schema, value, at):
    """The few words of JSON Schema that are used above."""
    if not isinstance(value, KINDS[schema["type"]]):
        raise Refused("invalid_value", f"{at} must be of type {schema['type']}")
    if schema["type"] == "object":
        for name in schema.get("required", []):
            if name not in value:
                raise Refused("bad_request", f"{at}/{name} is missing")
        for name, part in value.items():
            if name in schema.get("properties", {}):
                check(schema["properties"][name], part, f"{at}/{name}")
            elif not schema.get("additionalProperties", True):
                raise Refused("unknown_value", f"{at}/{name} is not known here")


def parse(text):
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("bad_request", "the request is not valid JSON")
    if not isinstance(envelope, dict):
        raise Refused("bad_request", "the request must be a JSON object")
    envelope = {name: part for name, part in envelope.items() if part is not None}
    for name, kind in PARTS.items():
        if name in envelope and not isinstance(envelope[name], kind):
            raise Refused("invalid_value", f"/{name} must be of type {NAMES[kind]}")
    page = envelope.get("page", {})
    if page.get("token") is not None and not isinstance(page["token"], str):
        raise Refused("invalid_value", "/page/token must be of type string")
    if page.get("size") is not None and (not isinstance(page["size"], int) or page["size"] < 1):
        raise Refused("invalid_value", "/page/size must be at least 1")
    return envelope


def call(name, envelope):
    run, argument, _ = CAPABILITIES[name]
    check(argument, envelope.setdefault("request", {}), "/request")
    if name not in WITHOUT_AUTH:
        if "auth" not in envelope:
            raise Refused("integration_missing_parameter", "/auth is missing")
        check(AUTH, envelope["auth"], "/auth")
    check(SETTINGS, envelope.setdefault("settings", {}), "/settings")
    return run(envelope)


def success(response, page=None):
    return {"response": response, "raw_data": None, "page": page}


def failure(name, refused):
    status, _, fault, category, traits = CODES[refused.code]
    raised_by = "".join(word.capitalize() for word in refused.code.split("_"))
    metadata = {"fault": fault, "category": category, "hint": None, "retry_after_seconds": refused.wait}
    metadata |= {trait: trait in traits for trait in ["retryable", "throttled", "refreshable"]}
    return {"is_error": True, "raw_data": None, "page": None, "error": {
        "message": refused.message, "status_code": status, "error_code": refused.code, "app_error_code": None,
        "app_id": "notes", "raised_by": raised_by, "raised_in": f"notes::notes:{name}", "error_metadata": metadata}}


FLAGS = {"--json": True, "--json-file": True, "--result-file-path": True, "--output": True, "--all-pages": False,
         "--exit-zero": False, "--help": False}


def arguments(words):
    if not words:
        raise Refused("bad_request", "a capability is missing")
    if words[0] not in CAPABILITIES and words[0] != "info":
        raise Refused("unsupported_operation", "there is no such capability")
    flags, words = {}, iter(words[1:])
    for flag in words:
        if flag not in FLAGS:
            raise Refused("bad_request", "a flag is not known here")
        flags[flag] = next(words, None) if FLAGS[flag] else True
        if flags[flag] is None:
            raise Refused("bad_request", f"{flag} has no value")
    return flags


def text_of(flags):
    source = flags.get("--json-file")
    if flags.get("--json") == "-" or source == "-":
        source = "/dev/stdin"
    if source is None:
        return flags.get("--json", "{}")
    try:
        with open(source, "rb") as file:
            return file.read().decode()
    except (OSError, UnicodeDecodeError):
        raise Refused("bad_request", "the request cannot be read")


def answer(name, flags, write):
    envelope = parse(text_of(flags))
    if name == "info":
        return success(info())
    response, page = call(name, envelope)
    while page and "--all-pages" in flags:
        envelope["page"] = page
        following, page = call(name, envelope)
        response = response + following
    if flags.get("--output") == "ndjson":
        for record in response if isinstance(response, list) else [response]:
            write(json.dumps(record))
        response = None
    return success(response, page)


def main(words):
    name, flags, code, write = (words or ["command_line"])[0], {}, 0, print

    def stop(number, _):
        print(json.dumps(success({"status": "interrupted"})), flush=True)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if name == "sandbox":
        from stand_in import serve
        return serve()
    try:
        flags = arguments(words)
        if "--help" in flags:
            print(f"Example:\n  notes {name} --json '{{}}'")
            return 0
        envelope = answer(name, flags, write)
        if "--result-file-path" in flags:
            import gzip
            path = flags["--result-file-path"]
            with (gzip.open if path.endswith(".gz") else open)(path, "wt") as file:
                file.write(json.dumps(envelope))
            envelope = success(None)
    except Refused as refused:
        envelope, code = failure(name, refused), CODES[refused.code][1]
    print(json.dumps(envelope), flush=True)
    return 0 if "--exit-zero" in words or os.environ.get("CONNECTOR_EXIT_ZERO") == "1" else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""An agent for their connectors drives ours unchanged: subprocess, files, exit codes, pages, OAuth, time."""

import contextlib
import gzip
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

import connector_sdk_types.generated as theirs
import httpx
from wire import AUTH, DIRECTORY, TEAMLEADER, call, run


def accounts(**parts):
    return theirs.ListAccountsRequest(auth=AUTH, request=theirs.ListAccounts(), **parts)


def to_file(program, capability, envelope, *flags, environment=None):
    """As their agent on somebody's own machine does it: the answer goes to a compressed file."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "result.gz")
        command = [program, capability, "--json", envelope.model_dump_json(), "--result-file-path", path, *flags]
        done = subprocess.run(command, capture_output=True, timeout=120, env={**os.environ, **(environment or {})})
        return done.returncode, json.loads(gzip.decompress(path.read_bytes()))


class Silent(http.server.BaseHTTPRequestHandler):
    """An app that answers what its server says, or not at all until the test is over."""

    def do_GET(self):
        if self.server.retry_after is None:
            self.server.over.wait()
            return
        self.send_response(429)
        self.send_header("Retry-After", str(self.server.retry_after))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def app(retry_after=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    server.retry_after, server.over = retry_after, threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def sandbox():
    command = [TEAMLEADER, "sandbox", "--port", "0", "--records", "25"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield json.loads(process.stdout.readline())["settings"]
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
        process.stdin.close()


class Subprocess(unittest.TestCase):
    def test_answers_and_errors_go_to_a_compressed_file(self):
        code, answered = to_file(DIRECTORY, "list_accounts", accounts())
        self.assertEqual(code, 0)
        self.assertEqual(len(theirs.ListAccountsResponse.from_dict(answered).response), 5)
        code, answered = to_file(DIRECTORY, "list_accounts", accounts(page=theirs.Page(token="4")))
        self.assertEqual((code, answered["error"]["error_code"]), (64, "invalid_page_token"))

    def test_agents_that_read_the_envelope_alone_see_success_always(self):
        for flags, environment in [(["--exit-zero"], {}), ([], {"CONNECTOR_EXIT_ZERO": "1"})]:
            page = accounts(page=theirs.Page(token="4"))
            code, answered = to_file(DIRECTORY, "list_accounts", page, *flags, environment=environment)
            self.assertEqual((code, answered["is_error"]), (0, True))

    def test_a_list_is_read_to_its_end_with_tokens_sent_back_as_they_came(self):
        page, ids = theirs.Page(size=2), []
        while page is not None:
            answered = call(DIRECTORY, "list_accounts", accounts(page=page))
            answer = theirs.ListAccountsResponse.from_dict(answered)
            ids += [account.integration_specific_id for account in answer.response]
            page = answer.page
        self.assertEqual(ids, ["0", "1", "2", "3", "4"])

    def test_credentials_may_come_in_either_place_with_or_without_an_id(self):
        named = theirs.AuthCredential(id="directory", token=theirs.TokenCredential(token="any"))
        for parts in ({"auth": named}, {"credentials": [named]}):
            request = theirs.ListAccountsRequest(request=theirs.ListAccounts(), **parts)
            self.assertEqual(len(call(DIRECTORY, "list_accounts", request)["response"]), 5)


class Time(unittest.TestCase):
    def request(self, url, **limit):
        return theirs.GetLastActivityRequest(
            auth=AUTH,
            request=theirs.GetLastActivity(account_ids=["0"]),
            settings={"api_url": url},
            page=theirs.Page(size=7),
            rate_limit=theirs.RateLimitRequestInfo(**limit),
        )

    def exhausted(self, envelope):
        answered = call(DIRECTORY, "get_last_activity", envelope, expect=75)
        error = theirs.ErrorResponse.from_dict(answered)
        self.assertEqual(error.error.error_code, theirs.ConnectorErrorCode.BUDGET_EXHAUSTED)
        self.assertTrue(error.error.error_metadata.retryable)
        return error

    def test_the_time_that_the_caller_gives_is_kept(self):
        with app() as url:
            error = self.exhausted(self.request(url, max_execution_time=1))
        # Where the same request goes on.
        self.assertEqual(error.page.size, 7)

    def test_a_wait_that_is_too_long_is_not_begun(self):
        with app(retry_after=30) as url:
            error = self.exhausted(self.request(url, max_execution_time=20))
        self.assertEqual(error.error.error_metadata.retry_after_seconds, 30)

    def test_what_is_left_of_the_limit_goes_back_and_forth(self):
        state = {"directory": theirs.RateLimitStateSnapshot(remaining=3, source="api_headers")}
        limit = theirs.RateLimitRequestInfo(last_known_state=state, caller_override_mode="enforce_no_retry")
        answered = call(DIRECTORY, "list_accounts", accounts(rate_limit=limit))
        told = theirs.RateLimitResponseInfo.from_dict(answered["rate_limit"]).current_state["directory"]
        self.assertEqual(told.remaining, 3)
        self.assertNotIn("rate_limit", call(DIRECTORY, "list_accounts", accounts()))


class OAuth(unittest.TestCase):
    def test_an_account_is_connected_read_and_refreshed(self):
        redirect = "http://127.0.0.1:8765/callback"
        with sandbox() as settings:
            client = {name: settings[name] for name in ("client_id", "client_secret")}

            def ask(name, model, request):
                return call(TEAMLEADER, name, model(request=request, settings=settings))["response"]

            begun = ask(
                "get_authorization_url",
                theirs.GetAuthorizationUrlRequest,
                theirs.GetAuthorizationUrl(
                    client_id=client["client_id"], scopes=[], redirect_uri=redirect, state="s1", form_data={}
                ),
            )
            address = self.agree(begun["authorization_url"], redirect)
            self.assertEqual(urllib.parse.parse_qs(urllib.parse.urlparse(address).query)["state"], ["s1"])

            callback = theirs.HandleAuthorizationCallback(
                **client, redirect_uri_with_code=address, state="another", code_verifier=begun["code_verifier"]
            )
            envelope = theirs.HandleAuthorizationCallbackRequest(request=callback, settings=settings)
            refused = call(TEAMLEADER, "handle_authorization_callback", envelope, expect=64)
            self.assertIsNotNone(theirs.ErrorResponse.from_dict(refused))

            callback.state = "s1"
            tokens = ask("handle_authorization_callback", theirs.HandleAuthorizationCallbackRequest, callback)
            credentials = theirs.OauthCredentials.model_validate(tokens)
            self.assertEqual(self.companies(settings, credentials.access_token), 25)

            refresh = theirs.RefreshAccessToken(**client, refresh_token=credentials.refresh_token, state="s1")
            again = ask("refresh_access_token", theirs.RefreshAccessTokenRequest, refresh)
            renewed = theirs.OauthCredentials.model_validate(again)
            self.assertNotEqual(renewed.access_token, credentials.access_token)
            self.assertEqual(self.companies(settings, renewed.access_token), 25)

    def agree(self, address, redirect):
        """Follows the browser's way until it would come back."""
        with httpx.Client() as browser:
            while not address.startswith(redirect):
                answer = browser.get(address)
                self.assertTrue(answer.is_redirect, answer.text)
                address = str(answer.next_request.url)
        return address

    def companies(self, settings, token):
        auth = theirs.AuthCredential(oauth=theirs.OAuthCredential(access_token=token))
        envelope = {"auth": auth.model_dump(), "settings": settings, "request": {}}
        return len(run(TEAMLEADER, "list_companies", "--json", json.dumps(envelope), "--all-pages")["response"])


if __name__ == "__main__":
    unittest.main()

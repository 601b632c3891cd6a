"""What connectors do wrong with OAuth."""
import sys
import notes, oauth
from fault import found_by, instead_of


@found_by("oauth.authorization_url")
def the_challenge_is_the_verifier():
    import urllib.parse
    @instead_of(oauth.get_authorization_url)
    def get_authorization_url(right, envelope):
        made, page = right(envelope)
        address, _, query = made["authorization_url"].partition("?")
        query = dict(urllib.parse.parse_qsl(query)) | {"code_challenge": made["code_verifier"]}
        return made | {"authorization_url": f"{address}?{urllib.parse.urlencode(query)}"}, page


@found_by("oauth.authorization_url")
def the_state_does_not_go_out():
    @instead_of(oauth.get_authorization_url)
    def get_authorization_url(right, envelope):
        made, page = right(envelope)
        return made | {"authorization_url": made["authorization_url"].replace("state=", "state_=")}, page


@found_by("oauth.callback")
def the_verifier_does_not_go_out():
    @instead_of(oauth.post)
    def post(right, envelope, fields):
        return right(envelope, {name: value for name, value in fields.items() if name != "code_verifier"})


@found_by("oauth.callback", "oauth.refresh")
def the_expiry_is_lost():
    @instead_of(oauth.post)
    def post(right, envelope, fields):
        return right(envelope, fields) | {"expires_at": None}


@found_by("oauth.callback", "oauth.refresh")
def the_expiry_is_off_by_an_hour():
    import time
    now = time.time()
    oauth.time = type("Clock", (), {"time": lambda: now + 3600, "gmtime": time.gmtime, "strftime": time.strftime})


@found_by("oauth.state")
def another_state_is_taken():
    import urllib.parse
    @instead_of(oauth.code_of)
    def code_of(right, redirect, state):
        said = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect).query)
        return right(redirect, said.get("state", [None])[0] if "code" in said else state)


@found_by("oauth.denied")
def a_denial_is_not_seen():
    @instead_of(oauth.code_of)
    def code_of(right, redirect, state):
        return right(redirect.replace("error=access_denied", "code="), state) if "error=" not in redirect else ""


@found_by("oauth.two_codes")
def of_two_codes_the_first_is_taken():
    @instead_of(oauth.code_of)
    def code_of(right, redirect, state):
        return right(redirect.replace("&code=another", ""), state)


@found_by("oauth.refresh")
def the_old_refresh_token_is_lost():
    @instead_of(oauth.refresh_access_token)
    def refresh_access_token(right, envelope):
        tokens, page = right(envelope)
        old = envelope["request"]["refresh_token"]
        return tokens | ({"refresh_token": None} if tokens["refresh_token"] == old else {}), page


@found_by("oauth.refresh")
def the_new_refresh_token_is_lost():
    @instead_of(oauth.refresh_access_token)
    def refresh_access_token(right, envelope):
        tokens, page = right(envelope)
        return tokens | {"refresh_token": envelope["request"]["refresh_token"]}, page


@found_by("oauth.revoked")
def revoked_credentials_are_to_be_tried_again():
    @instead_of(oauth.post)
    def post(right, envelope, fields):
        try:
            return right(envelope, fields)
        except notes.Refused as refused:
            if refused.code == "creds_revoked":
                refused.code = "service_error"
            raise


@found_by("oauth.nonsense")
def a_page_is_taken_for_tokens():
    @instead_of(notes.read)
    def read(right, status, wait, body):
        if status == 200 and body.startswith(b"<") and b"Sign in" in body:
            return {"access_token": body.decode(), "token_type": "Bearer", "expires_in": 3600}
        return right(status, wait, body)


@found_by("oauth.client_credentials")
def the_client_asks_for_a_code():
    @instead_of(oauth.handle_client_credentials_request)
    def handle_client_credentials_request(right, envelope):
        return oauth.post(envelope, {"grant_type": "authorization_code", "code": ""}), None


@found_by("secrets.printed", shown_by=["oauth"])
def the_tokens_are_logged():
    @instead_of(oauth.post)
    def post(right, envelope, fields):
        tokens = right(envelope, fields)
        print("got", tokens, file=sys.stderr)
        return tokens


@found_by("secrets.printed", shown_by=["oauth"])
def the_client_secret_is_logged_in_base64():
    import base64
    @instead_of(oauth.post)
    def post(right, envelope, fields):
        print(base64.b64encode(envelope["request"]["client_secret"].encode()).decode(), file=sys.stderr)
        return right(envelope, fields)

"""The OAuth capabilities of the connector for notes: with state and PKCE, and nothing is posted that should not be."""
import json, time
import notes
from notes import TEXT, Refused

PATH = "/oauth/token"
SCOPES = {"type": "array", "items": TEXT}


def get_authorization_url(envelope):
    import base64, hashlib, secrets, urllib.parse
    request, verifier = envelope["request"], secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {"response_type": "code", "client_id": request["client_id"], "redirect_uri": request["redirect_uri"],
             "scope": " ".join(request.get("scopes", [])), "state": request["state"],
             "code_challenge": challenge, "code_challenge_method": "S256"}
    address = envelope["settings"]["api_url"] + "/oauth/authorize?" + urllib.parse.urlencode(query)
    return {"authorization_url": address, "code_verifier": verifier}, None


def code_of(redirect, state):
    """The code in an address that the provider sent somebody to, which has to be the answer to our question."""
    import urllib.parse
    said = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect).query)
    if said.get("state") != [state]:
        raise Refused("invalid_value", "/request/redirect_uri_with_code has another state")
    if "error" in said:
        raise Refused("permission_denied", "the provider says that nobody agreed")
    if len(said.get("code", [])) != 1:
        raise Refused("invalid_value", "/request/redirect_uri_with_code does not have one code")
    return said["code"][0]


def handle_authorization_callback(envelope):
    request = envelope["request"]
    code = code_of(request["redirect_uri_with_code"], request["state"])
    tokens = post(envelope, {"grant_type": "authorization_code", "code": code,
                             "redirect_uri": request["redirect_uri_with_code"].split("?")[0],
                             "code_verifier": request["code_verifier"]})
    return tokens | {"state": request["state"]}, None


def refresh_access_token(envelope):
    old = envelope["request"]["refresh_token"]
    tokens = post(envelope, {"grant_type": "refresh_token", "refresh_token": old})
    return tokens | {"refresh_token": tokens["refresh_token"] or old}, None


def handle_client_credentials_request(envelope):
    scope = " ".join(envelope["request"].get("scopes", []))
    return post(envelope, {"grant_type": "client_credentials", "scope": scope}), None


def post(envelope, fields):
    import urllib.parse
    fields |= {name: envelope["request"][name] for name in ["client_id", "client_secret"]}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, wait, body = notes.send(envelope, "POST", PATH, headers, urllib.parse.urlencode(fields))
    if status == 400 and b"invalid_grant" in body:
        raise Refused("creds_revoked", "the provider does not know these credentials any more")
    told = notes.read(status, wait, body)
    expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + told["expires_in"]))
    return {"access_token": told["access_token"], "refresh_token": told.get("refresh_token"),
            "token_type": told["token_type"], "expires_in": told["expires_in"], "expires_at": expires_at,
            "scope": told.get("scope"), "state": None}


def takes(required, **optional):
    properties = {name: TEXT for name in required.split()} | optional
    return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": False}


CLIENT = "client_id client_secret"
CAPABILITIES = {
    "get_authorization_url": (get_authorization_url, takes("client_id redirect_uri state", scopes=SCOPES)),
    "handle_authorization_callback": (handle_authorization_callback,
                                      takes(CLIENT + " redirect_uri_with_code state code_verifier")),
    "handle_client_credentials_request": (handle_client_credentials_request, takes(CLIENT, scopes=SCOPES)),
    "refresh_access_token": (refresh_access_token, takes(CLIENT + " refresh_token")),
}
notes.CAPABILITIES |= {name: (*entry, {"type": "object"}) for name, entry in CAPABILITIES.items()}
notes.WITHOUT_AUTH |= set(CAPABILITIES)

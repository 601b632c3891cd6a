"""Several credentials: told as their framework tells them, and taken as their agents send them."""

import asyncio
import json
import unittest

import connector_sdk_types.generated as theirs
from connector.oai.integration import DescriptionData, Integration
from connector_sdk_types.oai.modules.credentials_module_types import AuthModel, CredentialConfig
from wire import TWO_CREDENTIALS, accepts, call, run

# The same declaration in their framework.
THEIRS = Integration(
    app_id="two_credentials",
    version="1",
    exception_handlers=[],
    description_data=DescriptionData(user_friendly_name="Two credentials", categories=[]),
    credentials=[
        CredentialConfig(id="app", type=AuthModel.OAUTH1, description="The app itself.", optional=False),
        CredentialConfig(id="reports", type=AuthModel.JWT, description="Its reports.", optional=True),
    ],
)
APP = theirs.AuthCredential(
    id="app",
    oauth1=theirs.OAuth1Credential(
        consumer_key="the-consumer", consumer_secret="secret-1", token_id="t", token_secret="secret-2"
    ),
)
CLAIMS = {name: "x" for name in ("sub", "aud", "jti", "act", "client_id", "may_act")}
HEADERS = {name: "x" for name in ("alg", "jku", "jwk", "typ", "kid", "x5u", "x5c", "x5t", "x5t#S256", "cty")}
REPORTS = theirs.AuthCredential(
    id="reports",
    jwt=theirs.JWTCredential(
        headers=theirs.JWTHeaders.model_validate({**HEADERS, "crit": []}),
        claims=theirs.JWTClaims(**CLAIMS, iss="the-issuer", exp=1, nbf=1, iat=1, scope=[]),
        secret="secret-3",
    ),
)


def envelope(*credentials):
    return {"request": {}, "credentials": [one.model_dump(by_alias=True) for one in credentials]}


def secrets(schema):
    return {name for name, field in schema["properties"].items() if field.get("x-secret")}


class Credentials(unittest.TestCase):
    maxDiff = None

    def test_info_tells_them_in_their_form(self):
        answered = run(TWO_CREDENTIALS, "info")
        self.assertIsNone(accepts(theirs.InfoResponse, answered))
        ours = answered["response"]["credentials_schema"]
        expected = THEIRS.get_credentials_json_schema()
        self.assertEqual(len(ours), len(expected))
        for told, their in zip(ours, expected):
            for key in ("id", "type", "description", "x-optional", "x-credential-type", "field_order"):
                self.assertEqual(told[key], their[key], key)
            self.assertEqual(set(told["required"]), set(their["required"]))
            self.assertEqual(set(told["properties"]), set(their["properties"]))
            # Theirs leaves the secret of a JWT unmarked.
            self.assertLessEqual(secrets(their), secrets(told))
        self.assertEqual(secrets(ours[1]), {"secret"})

    def test_app_info_tells_which_belong_together(self):
        request = theirs.AppInfoRequest(request=theirs.AppInfoRequestPayload())
        ours = call(TWO_CREDENTIALS, "app_info", request)["response"]["app_schema"]
        their = json.loads(asyncio.run(THEIRS.dispatch("app_info", '{"request":{}}')))["response"]["app_schema"]
        for key in ("x-multi-credential", "x-allowed-credentials"):
            self.assertEqual(ours["info"][key], their["info"][key])

        def told(document):
            items = document["components"]["schemas"]["Credentials"]["items"]
            # Theirs says `allOf`, which no credential can be.
            return [(one["required"], one["properties"]["id"]) for one in items.get("anyOf") or items["allOf"]]

        self.assertEqual(told(ours), told(their))

    def test_both_are_taken_as_their_models_write_them(self):
        answered = call(TWO_CREDENTIALS, "whose", envelope(REPORTS, APP))
        self.assertEqual(answered["response"], {"consumer": "the-consumer", "issuer": "the-issuer"})
        answered = call(TWO_CREDENTIALS, "whose", envelope(APP))
        self.assertEqual(answered["response"], {"consumer": "the-consumer", "issuer": None})

    def test_one_that_is_missing_or_of_another_kind_is_named_and_no_secret_repeated(self):
        swapped = theirs.AuthCredential(id="app", jwt=REPORTS.jwt)
        for sent, code, words in [
            (envelope(REPORTS), "integration_missing_parameter", "`app`"),
            (envelope(swapped), "unknown_value", "`oauth1`"),
        ]:
            with self.subTest(code):
                answered = call(TWO_CREDENTIALS, "whose", sent, expect=64)
                self.assertIsNone(accepts(theirs.ErrorResponse, answered))
                self.assertEqual(answered["error"]["error_code"], code)
                self.assertIn(words, answered["error"]["message"])
                self.assertNotIn("secret-", json.dumps(answered))


if __name__ == "__main__":
    unittest.main()

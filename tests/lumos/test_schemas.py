"""What their callers may send, we take; what we answer, they read; what they require, we require."""

import unittest
import warnings

import hypothesis
import jsonschema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis_jsonschema import from_schema
from wire import DIRECTORY, TEAMLEADER, accepts, capabilities, run, spec

# The same instances in every run: a test that fails now and then helps nobody.
SETTINGS = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# The framework's answers about a connector, which have no request.
WITHOUT_SCHEMA = {"app_info", "connected_info", "info"}


def schemas():
    """Our schemas of every standard capability: the directory's, and those of OAuth, which Teamleader has."""
    found = {}
    for program in (DIRECTORY, TEAMLEADER):
        for name, schema in run(program, "info")["response"]["capability_schema"].items():
            found.setdefault(name, schema)
    return found


OURS = schemas()
SHARED = {name: models for name, models in capabilities().items() if name in OURS and name not in WITHOUT_SCHEMA}


def draw(schema, check):
    @SETTINGS
    @given(from_schema(schema))
    def drawn(value):
        check(value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn()


class Schemas(unittest.TestCase):
    def test_every_standard_capability_is_there(self):
        names = {path.rsplit("/", 1)[1] for path in spec()["paths"] if "{connector_id}" in path}
        # Theirs asks for the info of one account; ours is the same for all. Teamleader has no client credentials.
        self.assertEqual(names - set(OURS), {"connected_info", "handle_client_credentials_request"})
        self.assertEqual(len(SHARED), len(names) - 4)

    def test_what_their_callers_send_is_taken(self):
        for name, (request, _) in SHARED.items():
            ours = jsonschema.Draft202012Validator(OURS[name]["argument"])

            def check(value):
                if accepts(request, value) is None:
                    # An empty token is refused by name, which theirs sends to the app.
                    errors = [error for error in ours.iter_errors(value) if error.validator != "minLength"]
                    refused = [error.message for error in errors]
                    self.assertEqual(refused, [], value)

            with self.subTest(name):
                draw(request.model_json_schema(), check)

    def test_what_they_require_is_required(self):
        for name, (request, _) in SHARED.items():
            required = [field for field, declared in request.model_fields.items() if declared.is_required()]
            # Ours come from the settings where a caller leaves them out, which contract and login rely on.
            from_settings = {"client_id", "client_secret", "redirect_uri", "scopes", "state"}
            missing = set(required) - set(OURS[name]["argument"].get("required", [])) - from_settings
            with self.subTest(name):
                self.assertEqual(missing, set())

    def test_what_is_answered_is_read(self):
        for name, (_, answer) in SHARED.items():

            def check(value):
                self.assertIsNone(accepts(answer, {"response": value, "raw_data": None, "page": None}), value)

            schema = OURS[name]["output"]
            if "token_type" in schema.get("properties", {}):
                # Authorization servers may have other types, which their enum has no word for.
                schema["properties"]["token_type"] = {"const": "bearer"}
            with self.subTest(name):
                draw(schema, check)

    def test_fields_mean_the_same(self):
        for name, (request, _) in SHARED.items():
            theirs = request.model_json_schema().get("properties", {})
            ours = OURS[name]["argument"].get("properties", {})
            for field, schema in theirs.items():
                marks = {key: value for key, value in schema.items() if key.startswith("x-")}
                told = ours.get(field, {})
                with self.subTest(f"{name}.{field}"):
                    self.assertIn(field, ours)
                    self.assertEqual({key: told.get(key) for key in marks}, marks)



if __name__ == "__main__":
    unittest.main()

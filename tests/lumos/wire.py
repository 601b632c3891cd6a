"""The connectors under test, run as agents run them, and Lumos' models of what they take and answer."""

import importlib.resources
import json
import os
import subprocess

import connector_sdk_types.generated as theirs
import yaml

TEAMLEADER = os.environ["TEAMLEADER"]
DIRECTORY = os.environ["DIRECTORY"]
TWO_CREDENTIALS = os.environ["TWO_CREDENTIALS"]

AUTH = theirs.AuthCredential(token=theirs.TokenCredential(token="any"))


def run(program, *arguments, expect=0):
    """Runs a connector; its one line as JSON."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def call(program, capability, envelope, expect=0):
    """Calls a capability with an envelope, which may be one of their models: those write every absent part as null."""
    text = envelope.model_dump_json() if hasattr(envelope, "model_dump_json") else json.dumps(envelope)
    return run(program, capability, "--json", text, expect=expect)


def spec():
    """The document that `connector spec` prints."""
    return yaml.safe_load(importlib.resources.files("connector").joinpath("spec/openapi.yaml").read_text())


def capabilities():
    """Their names of capabilities, each with the models of its request and its answer, where they have such."""
    # Two names differ from those of their types.
    stems = {"create_account": "CreateAccount", "update_account": "UpdateAccount"}
    requests = {
        "create_account": "CreatableAccount",
        "update_account": "UpdateableAccount",
        "handle_client_credentials_request": "HandleClientCredentials",
    }
    answers = {
        "handle_client_credentials_request": "HandleClientCredentialsResponse",
        # Neither of their ways to read the type of its own takes any answer: see `accepts`.
        "list_applications_activity_records": "ListActivityRecordsResponse",
    }
    found = {}
    for name in (member.value for member in theirs.StandardCapabilityName):
        stem = stems.get(name) or "".join(word.capitalize() for word in name.split("_"))
        request = getattr(theirs, requests.get(name, stem), None)
        answer = getattr(theirs, answers.get(name, f"{stem}Response"), None)
        if request and answer:
            found[name] = (request, answer)
    return found


def accepts(model, value):
    """Why their model does not take a value, if so. They have two ways to read: one loses `application_instance_id`, the
    other takes no values of several types."""
    errors = []
    for read in (model.from_dict, model.model_validate):
        try:
            read(value)
            return None
        except Exception as error:  # they raise what they like
            errors.append(f"{type(error).__name__}: {error}")
    return errors

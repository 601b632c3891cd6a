"""Their models read our envelopes."""

import unittest

import connector_sdk_types.generated as theirs
from wire import AUTH, DIRECTORY, TEAMLEADER, accepts, call, capabilities, run

ACCOUNT = {"account_id": "0"}
APPLICATION = {"application_instance_id": "wiki"}
ENTITLEMENT = {
    "account_integration_specific_id": "0",
    "resource_integration_specific_id": "staff",
    "resource_type": "group",
    "entitlement_type": "role",
    "entitlement_integration_specific_id": "admin",
}
ACTIVITY = {"since_date": "2026-01-01", "actors": [ACCOUNT]}

# What each capability needs; nothing where a name is absent.
REQUESTS = {
    **dict.fromkeys(
        [
            "activate_account",
            "deactivate_account",
            "delete_account",
            "downgrade_license",
            "get_account",
            "get_account_entitlement_associations",
            "release_resources",
        ],
        ACCOUNT,
    ),
    **dict.fromkeys(["assign_entitlement", "unassign_entitlement"], ENTITLEMENT),
    **dict.fromkeys(
        ["assign_application_entitlement", "unassign_application_entitlement"], ENTITLEMENT | APPLICATION
    ),
    **dict.fromkeys(["assign_application", "unassign_application", "get_application_account"], ACCOUNT | APPLICATION),
    **dict.fromkeys(["list_activity_records", "list_applications_activity_records"], ACTIVITY),
    "create_account": {"entitlements": []},
    "fulfill_arbitrary_endpoint": {"url": "../secret"},
    "get_application": APPLICATION,
    "get_last_activity": {"account_ids": ["0"]},
    "list_expenses": {"filters": {}},
    "transfer_data": {"source_account_id": "0", "target_account_id": "1"},
    "update_account": {"id": "0"},
    "validate_credential_config": {"credential": {"token": {"token": "any"}}},
}
# Theirs to answer without an app, or about OAuth, which the directory has not.
ELSEWHERE = {
    "app_info",
    "connected_info",
    "get_authorization_url",
    "get_last_activity",
    "handle_authorization_callback",
    "handle_client_credentials_request",
    "info",
    "refresh_access_token",
}
WRITES = {"activate", "assign", "create", "deactivate", "delete", "downgrade", "release", "transfer", "unassign", "update"}


class Models(unittest.TestCase):
    maxDiff = None

    def assert_read(self, model, envelope):
        self.assertIsNone(accepts(model, envelope), envelope)

    def test_info_is_read_and_nothing_is_lost(self):
        for program in (TEAMLEADER, DIRECTORY):
            with self.subTest(program):
                envelope = run(program, "info")
                info = theirs.InfoResponse.from_dict(envelope).response
                ours = envelope["response"]
                self.assertEqual(info.capabilities, sorted(ours["capabilities"]))
                self.assertEqual(set(info.capability_schema), set(ours["capabilities"]))
                self.assertEqual(info.oauth_scopes, ours["oauth_scopes"])
                self.assertEqual([category.value for category in info.categories], ours["categories"])
        self.assertEqual(info.entitlement_types[0].resource_type_id, info.resource_types[0].type_id)

    def test_scopes_are_told_for_each_capability(self):
        scopes = run(TEAMLEADER, "info")["response"]["oauth_scopes"]
        self.assertIn("companies", scopes["list_companies"].split())
        self.assertNotIn("get_authorization_url", scopes)
        self.assertEqual(run(DIRECTORY, "info")["response"]["oauth_scopes"], {})

    def test_app_info_is_an_openapi_document_with_what_agents_look_for(self):
        for program in (TEAMLEADER, DIRECTORY):
            with self.subTest(program):
                envelope = call(program, "app_info", theirs.AppInfoRequest(request=theirs.AppInfoRequestPayload()))
                self.assert_read(theirs.AppInfoResponse, envelope)
                schema = envelope["response"]["app_schema"]
                document = theirs.OpenAPISpecification.model_validate(schema)
                self.assertEqual(document.info.x_app_id, envelope["response"]["app_id"])
                self.assertIn("validate_credentials", document.info.x_capabilities)

    def test_every_answer_is_read_by_its_model(self):
        called = set()
        for name, (_, answer) in capabilities().items():
            if name in ELSEWHERE:
                continue
            with self.subTest(name):
                envelope = {"auth": AUTH.model_dump(), "request": REQUESTS.get(name, {})}
                answered = call(DIRECTORY, name, envelope)
                self.assert_read(answer, answered)
                is_write = name.split("_")[0] in WRITES
                self.assertEqual("execution_summary" in answered, is_write)
                if is_write:
                    summary = theirs.ExecutionSummary.model_validate(answered["execution_summary"])
                    self.assertEqual(summary.effect.kind, answered["execution_summary"]["effect"]["kind"])
                called.add(name)
        everything = {member.value for member in theirs.StandardCapabilityName}
        self.assertEqual(called | ELSEWHERE, everything)

    def test_errors_are_read_with_code_fault_and_category(self):
        auth = AUTH.model_dump()
        for name, envelope, code, exit_code in [
            ("get_account", {"auth": auth, "request": {"account_id": "99"}}, "not_found", 69),
            ("get_account", {"auth": auth, "request": {}}, "bad_request", 64),
            ("list_accounts", {"auth": auth, "page": {"token": "4"}}, "invalid_page_token", 64),
            ("list_accounts", {}, "integration_missing_parameter", 64),
            ("list_shadows", {}, "unsupported_operation", 64),
            ("get_last_activity", {"auth": auth, "request": {"account_ids": []}}, "connection_rejected", 75),
        ]:
            with self.subTest(code):
                answered = call(DIRECTORY, name, envelope, expect=exit_code)
                self.assert_read(theirs.ErrorResponse, answered)
                error = theirs.ErrorResponse.from_dict(answered).error
                self.assertEqual(error.error_code, theirs.ConnectorErrorCode(code))
                told = error.error_metadata.model_dump(mode="json")
                self.assertEqual(told, answered["error"]["error_metadata"])


if __name__ == "__main__":
    unittest.main()

"""The probe of a connector that has none of its own says what theirs says about the same app."""

import asyncio
import json
import unittest

import connector_sdk_types.generated as theirs
from connector.oai.integration import DescriptionData, Integration
from connector_sdk_types.oai.modules.credentials_module_types import TokenCredential
from wire import AUTH, DIRECTORY, TEAMLEADER, accepts, call, run

ASKED = theirs.ProbeIntegrationRequest(auth=AUTH, request=theirs.ProbeIntegration())
# What both find out; words and times are everybody's own.
COMPARED = (
    "check",
    "status",
    "source",
    "capability",
    "observed_count",
    "samples",
    "entitlement_types",
    "custom_attributes",
)


def ask(capability, request, **settings):
    envelope = {"auth": AUTH.model_dump(), "request": request, "settings": settings, "page": {"size": 10}}
    return call(DIRECTORY, capability, envelope)


def mirrored(**settings):
    """An integration of theirs whose lists are those of our directory."""
    entitlement_types = run(DIRECTORY, "info")["response"]["entitlement_types"]
    integration = Integration(
        app_id="directory",
        version="1",
        auth=TokenCredential,
        exception_handlers=[],
        description_data=DescriptionData(user_friendly_name="Directory", categories=[]),
        entitlement_types=[theirs.EntitlementType.model_validate(one) for one in entitlement_types],
    )

    def register(name, request, answer):
        async def listed(args: request) -> answer:
            told = ask(name, args.request.model_dump(exclude_none=True), **settings)
            return answer.model_validate({"response": told["response"]})

        integration.register_capability(theirs.StandardCapabilityName(name))(listed)

    for name, stem in [
        ("list_accounts", "ListAccounts"),
        ("list_custom_attributes_schema", "ListCustomAttributesSchema"),
        ("list_entitlements", "ListEntitlements"),
        ("find_entitlement_associations", "FindEntitlementAssociations"),
        ("get_account_entitlement_associations", "GetAccountEntitlementAssociations"),
    ]:
        register(name, getattr(theirs, f"{stem}Request"), getattr(theirs, f"{stem}Response"))
    return integration


def probed(**settings):
    envelope = {**ASKED.model_dump(), "settings": settings}
    answered = call(DIRECTORY, "probe_integration", envelope)
    assert accepts(theirs.ProbeIntegrationResponse, answered) is None, answered
    return theirs.ProbeIntegrationResponse.model_validate(answered).response


class Probe(unittest.TestCase):
    maxDiff = None

    def assert_same(self, ours, **settings):
        answered = asyncio.run(mirrored(**settings).dispatch("probe_integration", ASKED.model_dump_json()))
        their = theirs.ProbeIntegrationResponse.model_validate_json(answered).response
        self.assertEqual(ours.status, their.status)
        told = [[getattr(check, key) for key in COMPARED] for check in ours.checks]
        self.assertEqual(told, [[getattr(check, key) for key in COMPARED] for check in their.checks])

    def test_all_lists_work(self):
        ours = probed()
        self.assertEqual([check.status.value for check in ours.checks], ["passed"] * 3)
        self.assert_same(ours)

    def test_an_account_without_accounts_fails(self):
        ours = probed(accounts=0)
        self.assertEqual(ours.status, theirs.ProbeStatus.FAILED)
        self.assert_same(ours, accounts=0)

    def test_a_part_can_be_asked_for(self):
        envelope = {**ASKED.model_dump(), "request": {"checks": ["entitlements"]}}
        checks = call(DIRECTORY, "probe_integration", envelope)["response"]["checks"]
        self.assertEqual([check["status"] for check in checks], ["skipped", "passed", "skipped"])

    def test_a_connector_without_standard_lists_offers_none(self):
        self.assertNotIn("probe_integration", run(TEAMLEADER, "info")["response"]["capabilities"])


if __name__ == "__main__":
    unittest.main()

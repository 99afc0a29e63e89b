"""Which smoke tests an incident's policy names for it, ready to be run by somebody outside."""

from dataclasses import replace
from urllib.parse import quote

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.runbook.smoke_tests import SmokeTest

SERVICE = "{service}"


def smoke_tests(incident: Incident, policy: Policy) -> tuple[SmokeTest, ...]:
    """Those for its category and service, in the order of the runbook, with their addresses.

    One whose address needs a service is left out where the incident names none.
    """
    return tuple(
        replace(test, url=test.url.replace(SERVICE, quote(incident.service or "", safe="")))
        for test in policy.smoke_tests
        if _applies(test, incident)
    )


def _applies(test: SmokeTest, incident: Incident) -> bool:
    if test.categories is not None and incident.category not in test.categories:
        return False
    if test.services is not None and incident.service not in test.services:
        return False
    return incident.service is not None or SERVICE not in test.url

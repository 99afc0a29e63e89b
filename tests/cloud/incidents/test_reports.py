"""The deployed form: what a stranger sends pages, and the address they confirm hears what came."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from botocore.credentials import Credentials

from tocsin.runtime.api_client import ApiClient

if TYPE_CHECKING:
    from tests.harness.cloud.local_cloud import Deployed, Expectations

SECURITY = ("page", "security-primary")


def asked(url: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """A page, as a browser without a script gets it."""
    data = None if form is None else urlencode(form).encode()
    try:
        with urllib.request.urlopen(url, data, timeout=20) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def test_what_a_stranger_reports_pages_and_nobody_takes_more_than_five(
    stage: Deployed, inbox: Expectations
) -> None:
    keys = stage.as_person("ana")
    credentials = Credentials(keys.access, keys.secret, keys.token)
    api = ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)
    url = f"{stage.outputs['api_url']}/report"

    assert "Report a problem" in asked(url)[1]
    given = {"title": "I see <b>invoices</b> of others", "reporter": "customer"}
    status, page = asked(url, given | {"exposure": "yes", "contact": "kim@example.com"})
    assert status == 200
    number = re.findall(r"R-[0-9]{8}-[0-9]{6}-[0-9A-Z]{6}", page)[0]
    stage.advance(timedelta(minutes=1))
    report = api.get(f"/v1/reports/{number}")
    opened = api.get(f"/v1/incidents/{report['incident']}")
    assert (opened["title"], opened["severity"]) == (given["title"], "high")
    assert opened["opened_at"] == report["received_at"]
    came = inbox.expect(
        ("opened", "stakeholders"), ("page", "commander-primary"), SECURITY, ("contact", "kim")
    )
    question = next(one for one in came if one.to == "kim")
    link = re.findall(r"https?://\S+/report/confirm/\S+", question.text)[0]
    assert "Was this your report" in asked(link)[1]
    assert asked(link[:-1] + ("0" if link[-1] != "0" else "1"), {})[0] == 404
    assert asked(link, {})[0] == 200
    api.post(f"/v1/reports/{number}/answer", {"outcome": "fixed"})
    stage.advance(timedelta(minutes=1))
    (outcome,) = inbox.expect(("contact", "kim"))
    assert "it is fixed" in outcome.text

    statuses = [asked(url, given)[0] for _ in range(6)]
    assert sorted(statuses) == [200] * 4 + [429] * 2
    waiting = api.get("/v1/reports", state="waiting")["reports"]
    assert len(waiting) == 4
    for one in waiting:
        api.post(f"/v1/reports/{one['reference']}/answer", {"outcome": "spam"})
    assert api.get("/v1/reports", state="waiting")["reports"] == []

    found = asked(f"{stage.outputs['api_url']}/.well-known/security.txt")
    assert found[0] == 200
    assert "Contact: https://" in found[1]

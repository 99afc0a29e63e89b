"""A page on a telephone, its link followed as a browser would, on the deployed stage."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import urllib3

from tests.harness.cloud.local_cloud import Deployed, Expectations, eventually
from tocsin.local.stage import seed
from tocsin.runtime.api_client import ApiClient, session_credentials

if TYPE_CHECKING:
    from tocsin.local.look.inbox import Message

KIM, LEE = "commander-primary", "mitigation-primary"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+/a/[a-z2-7]{24}")


def api(stage: Deployed, person: str) -> ApiClient:
    keys = stage.as_person(person)
    credentials = session_credentials(keys.access, keys.secret, keys.token)
    return ApiClient(stage.outputs["api_url"], stage.outputs["region"], credentials)


def opened(stage: Deployed, inbox: Expectations, severity: str = "critical") -> tuple[str, Any]:
    """An incident of that severity, and what the first people got, by person."""
    seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
    body = {"title": "Checkout is down", "severity": severity, "category": "production"}
    incident = api(stage, "senior-engineer").post("/v1/incidents", body)["id"]
    kind = "page" if severity == "critical" else "opened"
    got = inbox.expect(("opened", "stakeholders"), (kind, KIM), (kind, LEE))
    return incident, {one.to: one for one in got}


def visit(method: str, url: str) -> tuple[int, str, str]:
    answer = urllib3.request(method, url, redirect=False, retries=False)
    return answer.status, answer.data.decode(), answer.headers.get("x-tocsin-code", "")


def link_in(message: Message) -> str:
    found = LINK.search(message.text)
    assert found, message.text
    return found[0]


def test_a_page_by_text_message_is_acknowledged_by_its_link(
    stage: Deployed, inbox: Expectations
) -> None:
    incident, got = opened(stage, inbox)
    assert {got[KIM].channel, got[LEE].channel} == {"sms"}
    assert len(got[KIM].text) <= 160
    url = link_in(got[LEE])

    for method in ("HEAD", "GET", "GET"):
        assert visit(method, url)[0] == 200
    assert api(stage, KIM).get(f"/v1/incidents/{incident}")["state"] == "open"

    status, page, code = visit("POST", url)
    assert (status, code, f"<b>{LEE}</b>" in page) == (200, "done", True)
    view = api(stage, KIM).get(f"/v1/incidents/{incident}")
    assert (view["state"], view["roles"]["incident_commander"]) == ("acknowledged", LEE)
    inbox.expect(("acknowledged", KIM))

    assert visit("POST", url)[::2] == (409, "link_used")
    status, page, code = visit("POST", link_in(got[KIM]))
    assert (status, code, f"{LEE}</b> has it since" in page) == (409, "link_stale", True)
    assert visit("POST", url[:-1] + ("b" if url[-1] != "b" else "c"))[::2] == (404, "link_invalid")
    after = api(stage, KIM).get(f"/v1/incidents/{incident}")
    assert after["version"] == view["version"]


def test_a_mail_carries_three_links_and_one_of_them_acknowledges(
    stage: Deployed, inbox: Expectations
) -> None:
    incident, got = opened(stage, inbox, severity="medium")
    assert got[KIM].channel == "mail"
    assert got[KIM].subject.startswith("[MEDIUM] ")
    links = LINK.findall(got[KIM].text)
    assert [url.rpartition("/")[2][0] for url in links] == ["a", "e", "h"]
    assert visit("POST", links[0])[::2] == (200, "done")
    view = api(stage, KIM).get(f"/v1/incidents/{incident}")
    assert view["state"] == "acknowledged"
    inbox.expect(("acknowledged", LEE))


def test_a_way_is_added_and_confirmed_by_the_code_that_arrives(
    stage: Deployed, inbox: Expectations
) -> None:
    kim = api(stage, KIM)
    missed = {one["person"] for one in kim.get("/v1/reachability")["unreachable"]}
    assert KIM in missed
    for kind, address in (("sms", "+12025550190"), ("mail", f"{KIM}@tocsin.example")):
        way = kim.post("/v1/contacts", {"kind": kind, "address": address})
        assert way["state"] == "pending"
        (message,) = inbox.expect(("contact", KIM))
        code = re.search(r"\b\d{6}\b", message.text)
        assert code
        kim.post(f"/v1/contacts/{way['way']}/confirm", {"code": code[0]})
    missed = {one["person"] for one in kim.get("/v1/reachability")["unreachable"]}
    assert KIM not in missed


def test_a_page_outlives_a_stream_that_is_off_and_a_notifier_that_cannot_be_told(
    stage: Deployed, inbox: Expectations
) -> None:
    """The mapping is off for a simulated day; the sweep finds every message and sends it once."""
    seed.contacts(stage.clients, stage.outputs["tables"]["operations"])
    functions = stage.clients.functions
    name = stage.outputs["functions"]["notifier"]
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        body = {"title": "Quiet", "severity": "medium", "category": "production"}
        incident = api(stage, "senior-engineer").post("/v1/incidents", body)["id"]
        inbox.nothing_more()
        stage.advance(timedelta(hours=24))
        got = eventually(
            lambda: {one.message_id for one in inbox.fresh() if one.incident == incident},
            lambda seen: sum("/opened/" in one for one in seen) >= 3,
        )
        everything = [one for one in inbox.fresh() if one.incident == incident]
        assert len(everything) == len({one.message_id for one in everything}), "none twice"
        first = {f"person:{KIM}", f"person:{LEE}", "audience:stakeholders"}
        assert {one.rpartition("/")[2] for one in got if "/opened/" in one} == first
        inbox.taken |= {one.message_id for one in everything}
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

"""Group by verb by restricted over HTTP, each as a person with the credentials of their group."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from tests.harness.models import group_table as table
from tocsin.errors import RemoteError
from tocsin.incidents.timeline.entry import format_time, parse_time
from tocsin.incidents.vocabulary import Group
from tocsin.runtime.api_client import ApiClient, session_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.harness.cloud.local_cloud import Deployed


class People:
    """Everybody's client of the deployed API; each signed in once."""

    def __init__(self, stage: Deployed) -> None:
        self.stage = stage
        self.clients: dict[tuple[str, Group], ApiClient] = {}

    def client(self, person: str, group: Group) -> ApiClient:
        if (person, group) not in self.clients:
            keys = self.stage.as_person(person, group)
            credentials = session_credentials(keys.access, keys.secret, keys.token)
            outputs = self.stage.outputs
            self.clients[person, group] = ApiClient(
                outputs["api_url"], outputs["region"], credentials
            )
        return self.clients[person, group]

    def opened(self, *, restricted: bool) -> str:
        wish = {
            "title": "checkout is down",
            "severity": "medium",
            "category": "security" if restricted else "production",
            "restricted": restricted,
        }
        made = self.client("ana", Group.RESPONDER).post("/v1/incidents", wish)
        return str(made["id"])


def outcome(call: Callable[[], Mapping[str, Any]]) -> str:
    try:
        call()
    except RemoteError as error:
        # What the gateway itself refuses has no code of ours.
        return table.outcome(error.http_status, error.answered)
    return "allowed"


def ask_everything(people: People, group: Group, *, restricted: bool) -> None:
    asking = people.client(f"a-{group.value}", group)
    leader = people.client(table.COMMANDER, Group.SECURITY)
    incident, other = (people.opened(restricted=restricted) for _ in range(2))
    found, wanted = {}, {}
    for (verb, step), ask in table.VERBS.items():
        if (verb, step) in table.SETUP:
            said, words = table.SETUP[verb, step]
            outcome(partial(leader.post, f"/v1/incidents/{incident}/{said}", words))
        body = {name: other if value == table.OTHER else value for name, value in ask.body.items()}
        if step:
            body["step"] = step
        path = f"/v1/incidents/{incident}/{verb}"
        found[verb, step] = outcome(partial(asking.post, path, body))
        wanted[verb, step] = table.expected(ask, group, restricted=restricted)
        if group is Group.VIEWER:
            wanted[verb, step] = "refused"  # by the gateway: a viewer's role may only GET
        if verb == "restrict" and not restricted and found[verb, step] == "allowed":
            incident = people.opened(restricted=False)
    assert found == wanted


@pytest.fixture
def people(stage: Deployed) -> People:
    return People(stage)


@pytest.mark.parametrize("group", [Group.VIEWER, Group.RESPONDER])
def test_a_viewer_and_a_responder_may_do_what_the_table_says(people: People, group: Group) -> None:
    ask_everything(people, group, restricted=False)


@pytest.mark.full
@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("group", Group)
def test_each_group_may_do_what_the_table_says(
    people: People, group: Group, *, restricted: bool
) -> None:
    ask_everything(people, group, restricted=restricted)


@pytest.mark.parametrize("restricted", [False, True])
def test_everybody_reads_what_exists_for_them(people: People, *, restricted: bool) -> None:
    incident = people.opened(restricted=restricted)
    large = {"title": "the log", "text": table.LARGE}
    people.client(table.COMMANDER, Group.SECURITY).post(f"/v1/incidents/{incident}/evidence", large)
    for group in Group:
        client = people.client(f"a-{group.value}", group)
        for key in table.READS:
            path = key.partition(" ")[2].replace("{sha256}", table.LARGE_SHA256)
            path = path.replace("{id}", incident)
            found = outcome(partial(client.get, path, to="critical", service="checkout"))
            hidden = restricted and "{id}" in key and group is not Group.SECURITY
            assert found == ("hidden" if hidden else "allowed"), (key, group)
        listed = {one["id"] for one in client.get("/v1/incidents")["incidents"]}
        assert (incident in listed) == (not restricted or group is Group.SECURITY)


@pytest.mark.full
@pytest.mark.parametrize("group", Group)
def test_each_group_may_say_who_is_on_call_and_how_they_are_reached_as_the_table_says(
    people: People, group: Group
) -> None:
    asker = f"a-{group.value}"
    role = "/v1/oncall/communications_owner"
    chief = people.client("chief", Group.COMMANDER)
    now = parse_time(chief.get("/v1/oncall")["at"])
    later = format_time(now + timedelta(hours=1))
    wish = {"person": table.COLLEAGUE, "ends_at": later}
    made = chief.post(f"{role}/overrides", wish)
    put_in = {table.ASKER: asker, table.OVERRIDE: made["id"], table.LATER: later}
    asking = people.client(asker, group)
    found, wanted = {}, {}
    for number, ask in enumerate(table.PEOPLE):
        path, _, query = ask.path.partition("?")
        path = path.replace("incident_commander", "communications_owner")
        body = {name: put_in.get(str(value), value) for name, value in ask.body.items()}
        reads = ask.key.startswith("GET")
        call: Callable[[], Any] = (
            partial(asking.get, path, **dict(parse_qsl(query)))
            if reads
            else partial(asking.post, path, body)
        )
        if path.endswith("/calendar"):
            continue  # no JSON: its own test reads it
        found[number, ask.path] = outcome(call)
        allowed = table.letter(group) in ask.allowed and (reads or group is not Group.VIEWER)
        wanted[number, ask.path] = "allowed" if allowed else "refused"
    assert found == wanted
    for each in chief.get(role)["overrides"]:
        chief.post(f"{role}/end-override", {"override": each["id"]})

"""Links in messages, followed as a telephone and a mail scanner would, and attacked.

Everything here goes through the HTTP front. Each attack gets its coded answer and changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from functions.public_intake.pages import HEADERS, STYLE
from tests.harness.worlds.world import BASE, World
from tocsin.adapters.people.forms import link_of, link_text
from tocsin.errors import StoreUnavailable
from tocsin.incidents.vocabulary import ClockName, Role
from tocsin.people.links import Keyring, LinkAction, handle_of, token

if TYPE_CHECKING:
    from tocsin.incidents.model.incident import Incident
    from tocsin.people.links import Link

KIM, LEE = "commander-primary", "mitigation-primary"


@pytest.fixture
def paged(world: World) -> Incident:
    """A critical incident whose first pages arrived by mail, with their links."""
    world.reachable()
    incident = world.alarm()
    assert incident is not None
    return incident


def links(world: World, person: str) -> dict[str, str]:
    """The links of the newest page to the person, by what they do."""
    pages = [one for one in world.inbox.all if (one.kind, one.to) == ("page", person)]
    message = pages[-1].message
    world.inbox.take_all()
    found = re.findall(rf"{re.escape(BASE)}/a/(\w+)", message.text)
    return {text[0]: f"{BASE}/a/{text}" for text in found}


def entries(world: World, incident: Incident) -> int:
    return len(world.timeline(incident))


STATUS = {"link_invalid": 404, "link_used": 409, "link_stale": 409, "link_expired": 410}


def refused(world: World, incident: Incident, method: str, url: str, code: str) -> str:
    """The link is refused with that code and nothing has changed."""
    before = (entries(world, incident), len(world.inbox.all))
    found, page, headers = world.visit(method, url)
    assert (found, headers.get("x-tocsin-code")) == (STATUS[code], code), page
    assert (entries(world, incident), len(world.inbox.all)) == before
    return page


def changed(link: Link, field: str, value: object) -> Link:
    changes: dict[str, Any] = {field: value}
    return replace(link, **changes)


class Markup(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def forms(self) -> list[str]:
        return [str(attrs["action"]) for tag, attrs in self.tags if tag == "form"]


def test_i14_the_link_acknowledges_as_the_person_it_was_sent_to(
    world: World, paged: Incident
) -> None:
    url = links(world, LEE)["a"]
    status, page, _ = world.visit("GET", url)
    assert (status, "Nobody has it yet" in page, f"<b>{LEE}</b>" in page) == (200, True, True)
    status, page, headers = world.visit("POST", url)
    assert (status, headers["x-tocsin-code"]) == (200, "done")
    after = world.store.load(paged.id)
    assert after is not None
    assert after.round is not None
    assert (after.round.acknowledged_by, after.commander) == (LEE, LEE)
    assert not after.clocks[ClockName.ACKNOWLEDGE].running
    entry = next(one for one in world.timeline(paged) if one.type == "acknowledged")
    assert entry.actor_ref == f"person:{LEE}"


def test_the_text_message_carries_the_same_link_as_the_mail(world: World, paged: Incident) -> None:
    short = next(one for one in world.inbox.all if one.to == KIM).message.short
    assert short.endswith(links(world, KIM)["a"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_that_opens_every_link_changes_nothing(
    world: World, paged: Incident, method: str
) -> None:
    found = links(world, KIM)
    before = entries(world, paged)
    for _ in range(3):
        for url in found.values():
            status, page, _ = world.visit(method, url)
            assert (status == 200) == (url[len(BASE) + 3] != "h")
            assert (page == "") == (method == "HEAD")
    assert entries(world, paged) == before
    world.inbox.expect_nothing_more()
    assert world.visit("POST", found["a"])[0] == 200


def test_a_link_works_once(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]
    world.visit("POST", url)
    for method in ("POST", "GET"):
        page = refused(world, paged, method, url, "link_used")
        assert f"<b>{KIM}</b> has it since Tue 2026-09-08 10:00 EDT" in page


def test_a_link_used_twice_at_once_acts_once(world: World, paged: Incident) -> None:
    """Both requests look before either acts: the second meets the first one's command."""
    url = links(world, KIM)["a"]
    desk, text = world.public.desk, url.rpartition("/")[2]
    seen = desk.look(text)
    assert seen.refusal is None
    first = desk.execute(desk._command(seen, "one"))
    second = desk.execute(desk._command(seen, "two"))
    assert (bool(first.entries), second.repeated, second.entries) == (True, True, ())


@pytest.mark.parametrize("action", ["a", "e"])
def test_a_link_that_is_too_old_is_refused_whatever_the_incident_clock_says(
    world: World, paged: Incident, action: str
) -> None:
    url = links(world, KIM)[action]
    world.wall.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert world.visit("GET", url)[0] == 200
    world.wall.advance(timedelta(seconds=1))
    refused(world, paged, "GET", url, "link_expired")
    refused(world, paged, "POST", url, "link_expired")


def test_no_letter_of_a_link_can_be_changed(world: World, paged: Incident) -> None:
    good = links(world, KIM)["a"].rpartition("/")[2]
    for place in range(len(good)):
        letter = "b" if good[place] != "b" else "c"
        altered = good[:place] + letter + good[place + 1 :]
        refused(world, paged, "POST", f"{BASE}/a/{altered}", "link_invalid")


@pytest.mark.parametrize("text", ["", "a", "a" * 23, "a" * 25, "A" * 24, "../../v1/incidents", "é"])
def test_what_was_never_a_link_is_refused(world: World, paged: Incident, text: str) -> None:
    world.inbox.take_all()
    refused(world, paged, "POST", f"{BASE}/a/{text}".replace("../", ".."), "link_invalid")


def test_a_link_cannot_be_made_into_another_persons(world: World, paged: Incident) -> None:
    """Neither by mixing two links nor by changing what is stored of one."""
    kim = links(world, KIM)["a"].rpartition("/")[2]
    lee = next(one for one in world.inbox.all if one.to == LEE).message.short[-24:]
    assert lee != kim
    for mixed in (kim[:11] + lee[11:], lee[:11] + kim[11:]):
        refused(world, paged, "POST", f"{BASE}/a/{mixed}", "link_invalid")
    stored = link_of(world.links.texts[kim[1:11]])
    world.links.texts[kim[1:11]] = link_text(replace(stored, person=LEE))
    refused(world, paged, "POST", f"{BASE}/a/{kim}", "link_invalid")


def test_one_action_is_no_other_and_one_incident_is_no_other(world: World, paged: Incident) -> None:
    ack = links(world, KIM)["a"].rpartition("/")[2]
    refused(world, paged, "POST", f"{BASE}/a/e{ack[1:]}", "link_invalid")
    refused(world, paged, "POST", f"{BASE}/a/h{ack[1:]}", "link_invalid")
    for field, value in (("incident", "INC-OTHER"), ("round", 9), ("step", 9), ("kid", "2")):
        stored = link_of(world.links.texts[ack[1:11]])
        world.links.texts[ack[1:11]] = link_text(changed(stored, field, value))
        refused(world, paged, "POST", f"{BASE}/a/{ack}", "link_invalid")
        world.links.texts[ack[1:11]] = link_text(stored)


def test_a_link_of_an_earlier_round_is_refused(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]
    world.acknowledge(paged, KIM)
    world.advance(31)  # forgotten: people are asked anew
    world.inbox.take_all()
    refused(world, paged, "POST", url, "link_stale")
    assert world.visit("POST", links(world, KIM)["a"])[0] == 200


def test_whoever_comes_late_is_told_who_has_it(world: World, paged: Incident) -> None:
    url = links(world, LEE)["a"]
    world.jump(3, sweep=False)
    world.acknowledge(paged, KIM)
    page = refused(world, paged, "POST", url, "link_stale")
    assert f"{KIM} has it already".capitalize() in page
    assert f"<b>{KIM}</b> has it since Tue 2026-09-08 10:03 EDT (14:03 UTC)" in page
    refused(world, paged, "GET", url, "link_stale")


def test_a_closed_incident_is_not_acknowledged(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]
    world.acknowledge(paged, KIM)
    body = {"resolution": "false_positive", "reason": "a test of ours"}
    for person in (KIM, LEE):
        world.request(
            "POST", f"/v1/incidents/{paged.id}/close", body, person=person, group="commander"
        )
    world.inbox.take_all()
    refused(world, paged, "POST", url, "link_stale")


def test_escalate_pages_the_backup_and_leaves_the_round_open(world: World, paged: Incident) -> None:
    url = links(world, KIM)["e"]
    assert world.visit("POST", url)[0] == 200
    world.expect("page", "engineering-lead", "senior-engineer", at="10:00")
    after = world.store.load(paged.id)
    assert after is not None
    assert after.round is not None
    assert after.round.open
    refused(world, paged, "POST", url, "link_used")


def test_escalate_is_refused_once_more_people_were_paged(world: World, paged: Incident) -> None:
    url = links(world, KIM)["e"]
    world.advance(5)
    world.inbox.take_all()
    page = refused(world, paged, "POST", url, "link_stale")
    assert "More people were paged since" in page


def test_hand_over_passes_the_role_to_the_backup(world: World, paged: Incident) -> None:
    found = links(world, KIM)
    refused(world, paged, "POST", found["h"], "link_stale")
    world.visit("POST", found["a"])
    assert "Hand my role over" in world.visit("GET", found["h"])[1]
    assert world.visit("POST", found["h"])[0] == 200
    asked = world.store.load(paged.id)
    assert asked is not None
    assert asked.roles[Role.INCIDENT_COMMANDER] == KIM, "until the next one takes it"
    refused(world, paged, "POST", found["h"], "link_used")
    taking = links(world, "engineering-lead")
    assert "I take it" in world.visit("GET", taking["a"])[1]
    assert "You have the role." in world.visit("POST", taking["a"])[1]
    after = world.store.load(paged.id)
    assert after is not None
    assert after.roles[Role.INCIDENT_COMMANDER] == "engineering-lead"
    world.expect("reminder", KIM, subject="NO LONGER incident commander")


def test_somebody_who_was_excluded_can_no_longer_act(
    world: World, paged: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = links(world, KIM)["a"]
    stored = world.store.load(paged.id)
    assert stored is not None
    excluded = replace(stored, access=replace(stored.access, excluded=(KIM,)))
    monkeypatch.setattr(world.store, "load", lambda _id: excluded)
    status, _, headers = world.visit("POST", url)
    monkeypatch.undo()
    assert (status, headers["x-tocsin-code"]) == (404, "link_invalid")


def test_a_key_can_be_rotated_while_its_links_live_and_taken_away(
    world: World, paged: Incident
) -> None:
    url = links(world, KIM)["a"]
    old = world.keys.keys["1"]
    world.keys = Keyring("2", {"1": old, "2": b"n" * 32})
    assert world.visit("GET", url)[0] == 200
    world.keys = Keyring("2", {"2": b"n" * 32})
    refused(world, paged, "POST", url, "link_invalid")


def test_another_key_of_the_same_name_seals_nothing_here(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]
    world.keys = Keyring("1", {"1": b"x" * 32})
    refused(world, paged, "POST", url, "link_invalid")


def test_a_repeat_carries_the_same_links_even_after_a_rotation(
    world: World, paged: Incident
) -> None:
    page = next(one for one in world.store.all_outbox() if one.target == f"person:{KIM}")
    minter = world.delivery.router.minter
    first = minter.links(page, page=True)
    world.keys = Keyring("2", {**world.keys.keys, "2": b"n" * 32})
    stored = link_of(world.links.texts[handle_of(page.message_id)])
    assert stored.kid == "1"
    assert first == minter.links(page, page=True)
    assert first is not None
    assert first.acknowledge.endswith(token(stored, LinkAction.ACKNOWLEDGE, world.keys))
    world.inbox.take_all()


def test_the_page_is_whole_in_itself_and_forbids_everything_else(
    world: World, paged: Incident
) -> None:
    status, page, headers = world.visit("GET", links(world, KIM)["a"])
    markup = Markup(page)
    names = {tag for tag, _ in markup.tags}
    assert status == 200
    assert not names & {"script", "img", "link", "iframe", "svg", "input"}
    assert not [attrs for _, attrs in markup.tags if {"src", "href", "style"} & set(attrs)]
    assert page.count("<style>") == 1
    assert STYLE in page
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert HEADERS.items() <= headers.items()
    assert 'name="viewport" content="width=device-width' in page
    assert len(markup.forms()) == 2, "acknowledge and escalate; no role to hand over yet"
    assert all(re.fullmatch(r"[a-z2-7]{24}", action) for action in markup.forms())


def test_what_a_source_wrote_is_text_and_no_markup(world: World) -> None:
    world.reachable()
    world.alarm("<script>alert(1)</script>")
    _, page, _ = world.visit("GET", links(world, KIM)["a"])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_address_is_in_no_log(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]
    world.visit("GET", url)
    world.visit("POST", url)
    world.visit("POST", url)
    assert url.rpartition("/")[2] not in world.log.getvalue()
    refusals = [line for line in world.logged if line["message"] == "link.refused"]
    assert [line["code"] for line in refusals] == ["link_used"]


def test_a_page_that_does_not_exist_says_so(world: World) -> None:
    event = {
        "routeKey": "GET /secret",
        "headers": {},
        "requestContext": {"http": {"method": "GET", "path": "/secret"}},
    }
    response = world.public.respond(event)
    assert (response["statusCode"], response["headers"]["x-tocsin-code"]) == (404, "unknown_name")


def test_a_bug_tells_the_visitor_nothing(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]

    def broken(_handle: str) -> None:
        raise RuntimeError("the inside of the machine")

    world.links.find = broken  # type: ignore[method-assign,assignment]
    status, page, _ = world.visit("GET", url)
    assert status == 500
    assert "inside of the machine" not in page


def test_the_page_says_what_is_wrong_and_what_changed(world: World) -> None:
    world.reachable()
    body = {
        "title": "checkout is down",
        "severity": "critical",
        "category": "production",
        "service": "checkout",
        "detail": "5xx at 40% <b>since</b> 09:58",
    }
    shipped = "2026-09-08T13:50:00Z"
    flag = {"kind": "flag", "service": "checkout", "release": "new-tax=on", "regular": False}
    flag |= {"cut_at": shipped, "shipped_at": shipped}
    assert world.request("POST", "/v1/releases", flag, person="ana")[0] == 201
    assert world.request("POST", "/v1/incidents", body, person="ana")[0] == 201
    _, page, _ = world.visit("GET", links(world, KIM)["a"])
    assert "Service checkout, production." in page
    assert "5xx at 40% &lt;b&gt;since&lt;/b&gt; 09:58" in page
    assert "<h2>What changed</h2><ul><li>flag new-tax=on of checkout, Tue 2026-09-08 09:50" in page
    assert "INC-1<br>" in page


def test_after_you_have_it_come_next_steps_the_room_and_the_hand_over(
    world: World, paged: Incident
) -> None:
    room = {"channel": "chat", "address": "https://chat.example/incident-1"}
    path = f"/v1/incidents/{paged.id}/channel"
    assert world.request("POST", path, room, person=LEE)[0] == 200
    url = links(world, KIM)["a"]
    _, page, _ = world.visit("POST", url)
    assert page.index("<h1>You have it.</h1>") < page.index("<h2>Next</h2><ol><li>")
    assert "Contain: action done, logs, smoke test, targeted check" in page
    assert "chat: https://chat.example/incident-1" in page
    assert "<code>tocsin first INC-1</code>" in page
    (hand_over,) = Markup(page).forms()
    assert hand_over.startswith("h")
    world.inbox.take_all()
    status, page, _ = world.visit("POST", f"{BASE}/a/{hand_over}")
    assert status == 200, page
    world.inbox.take_all()


def test_a_second_tap_says_that_you_have_it_and_what_is_next(world: World, paged: Incident) -> None:
    pages = [one for one in world.inbox.all if (one.kind, one.to) == ("page", LEE)]
    (lee, *_) = re.findall(rf"{re.escape(BASE)}/a/a\w+", pages[-1].message.text)
    url = links(world, KIM)["a"]
    world.visit("POST", url)
    world.inbox.take_all()
    for method in ("GET", "POST"):
        page = refused(world, paged, method, url, "link_used")
        assert "<h1>You have it.</h1>" in page
        assert "Nothing was changed" not in page
        assert "<h2>Next</h2>" in page
    other = refused(world, paged, "GET", lee, "link_stale")
    assert "<h1>Nothing was changed</h1>" in other, "somebody else has it"


def test_i14_what_is_overdue_says_so_between_two_sweeps_too(world: World, paged: Incident) -> None:
    url = links(world, KIM)["a"]
    world.jump(16, sweep=False)
    assert "<b>OVERDUE since Tue 2026-09-08 10:15 EDT" in world.visit("GET", url)[1]


def test_a_restricted_page_says_none_of_it(world: World) -> None:
    world.reachable()
    body = {
        "title": "keys are out",
        "severity": "critical",
        "category": "security",
        "service": "vault",
        "detail": "found in a log",
        "restricted": True,
    }
    assert world.request("POST", "/v1/incidents", body, person="ana")[0] == 201
    url = links(world, "security-primary")["a"]
    for page in (world.visit("GET", url)[1], world.visit("POST", url)[1]):
        words = ("vault", "found in", "keys are", "What changed")
        assert not [word for word in words if word in page]
    assert "sign in to see what is next" in page
    world.inbox.take_all()


def test_a_page_without_its_facts_is_still_a_page(
    world: World, paged: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("no answer")

    url = links(world, KIM)["a"]
    monkeypatch.setattr(world.store, "entries", broken)
    status, page, _ = world.visit("GET", url)
    monkeypatch.undo()
    assert (status, "I have it" in page) == (200, True)

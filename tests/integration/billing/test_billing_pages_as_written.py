"""The commands of billing's pages, typed as they are written, one after the other.

What needs workers, a provider's list or an account is marked with the reason and where it is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.documented import ROOT, Documented, documented
from tests.harness.transcripts import InProcess
from tests.harness.worlds.billing_office import BillingOffice
from tests.harness.worlds.world import a_world
from tocsin.billing.subscription import Status
from tocsin.cli import main
from tocsin.cli.terminal import api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.incidents.vocabulary import Group

OUTAGE = {"title": "Stripe is down", "severity": "high", "category": "operational"}
WORKERS = "takes workers over a provider's list: tests/cloud and the demo run it"
TABLES = "reads whole tables with the operator's own rights: tests/cloud/billing runs it"
ACCOUNT = "needs an AWS account: tests/cloud/stage plays it against the emulator"
QUARANTINE = "needs the stage's queue: test_billing_transcripts types it"
GATE = "the gate of an outage needs its replay and reconciliation: the demo closes one"
NOT_HERE = {
    ("replay",): WORKERS,
    ("billing", "reconcile"): WORKERS,
    ("billing", "quarantine"): QUARANTINE,
    ("billing", "corrections", "verify"): TABLES,
    ("billing", "reproject"): TABLES,
    ("billing", "erase"): TABLES,
    ("billing", "checkout"): "sells: tests/cloud/billing/test_checkout_slice.py runs it",
    ("close",): GATE,
    ("init",): ACCOUNT,
    ("deploy",): ACCOUNT,
    ("destroy",): ACCOUNT,
    ("doctor",): ACCOUNT,
}
"""Commands that are not run from here, and why."""

EXITS = {"tocsin billing exit INC-… --check": main.FAILED_CHECK}
"""What ends otherwise than with 0, as its page says: nothing is proven yet."""

PAGES = ("correct-a-subscription", "the-provider-is-down")
ALL = list(documented())


def marked(one: Documented) -> str:
    """Why a command is not run here; empty if it is."""
    return next((why for words, why in NOT_HERE.items() if one.words[: len(words)] == words), "")


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BillingOffice]:
    """Two subscriptions; whoever types is a commander unless the page names somebody."""
    with a_world() as world:
        made = BillingOffice(world)
        made.has(Status.SUSPENDED, workspace="ws_northwind")
        made.has(Status.ACTIVE, workspace="ws_pune", name="sub_2")

        def connect(person: str, group: Group) -> InProcess:
            return InProcess(made, person, group.value)

        monkeypatch.setattr(api, "_local", connect)
        monkeypatch.setenv("TOCSIN_PERSON", "commander-primary:commander")
        monkeypatch.chdir(tmp_path)
        yield made
        world.inbox.take_all()


def outage(office: BillingOffice) -> str:
    """An open one with an update, under the person who types."""
    world = office.world
    who = {"person": "commander-primary", "group": "commander"}
    _, opened, _ = world.request("POST", "/v1/incidents", OUTAGE, **who)
    first = {"impact": "checkouts fail", "mitigation": "failed over", "eta": "unknown"}
    told = {"update": "u1", "audience": "internal", "text": "Down.", "accepted": True, **first}
    path = f"/v1/incidents/{opened['id']}"
    assert world.request("POST", f"{path}/acknowledge", **who)[0] == 200
    assert world.request("POST", f"{path}/update", told, **who)[0] == 200
    return str(opened["id"])


def lines(page: str) -> list[Documented]:
    """Those of a page that are shown to be typed and can be run in this process."""
    found = [one for one in ALL if one.page == f"docs/how-to/{page}.md" and one.shown]
    return [one for one in found if not marked(one)]


def typed(one: Documented, incident: str, **places: str) -> int:
    """Types a line with what there is in the place of its placeholders; its exit code."""
    words = [word.replace("INC-…", incident) for word in one.words]
    return main.run([places.get(word, word) for word in words])


def test_a_correction_is_made_listed_and_lifted_as_the_page_says(office: BillingOffice) -> None:
    until = f"{office.world.clock.now:%Y-%m-%d}T23:00:00Z"
    places = {"2026-09-09T12:00:00Z": until, "ana": "engineering-lead"}
    incident = ""
    found = lines("correct-a-subscription")
    assert len(found) == 7
    for one in found:
        if one.words[:2] == ("billing", "approve"):  # from here on an incident is open
            incident = outage(office)
        words = dict(places)
        if "--approval" in one.words:
            entries = office.world.store.entries(incident)
            seq = next(each.seq for each in reversed(entries) if each.type == "act_authorized")
            words["INC-…:17"] = f"{incident}:{seq}"
            said = [words.get(word, word) for word in one.words]
            assert main.run([*said, "--as", "engineering-lead"]) == 0, str(one)
            continue
        assert typed(one, incident, **words) == 0, str(one)


def test_the_way_back_from_an_outage_is_typed_as_the_page_says(
    office: BillingOffice, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    incident = outage(office)
    found = lines("the-provider-is-down")
    assert [one.words[:2] for one in found] == [
        ("first", "INC-…"),
        ("billing", "impact"),
        ("billing", "doubles"),
        ("billing", "exit"),
        ("billing", "final"),
        ("billing", "final"),
    ]
    for one in found:
        capsys.readouterr()
        more = ["--provider", "stripe"] if one.words[:2] == ("billing", "exit") else []
        words = [word.replace("INC-…", "INC-1") for word in one.words]
        assert main.run([*words, *more]) == EXITS.get(one.line, 0), f"{one}: {incident}"
        if one.words[:2] == ("billing", "final") and "--send" not in one.words:
            (tmp_path / "final.md").write_text(capsys.readouterr().out)


def test_every_command_of_billing_on_a_page_is_run_or_marked_with_a_reason() -> None:
    groups = ("billing", "replay", "init", "deploy", "destroy")
    ours = [one for one in ALL if one.shown and one.words and one.words[0] in groups]
    run = {one for page in PAGES for one in lines(page)}
    assert len(ours) > 15
    assert [str(one) for one in ours if one not in run and not marked(one)] == []
    assert all(len(why) > 20 for why in NOT_HERE.values())
    assert (ROOT / "docs/how-to/the-provider-is-down.md").exists()

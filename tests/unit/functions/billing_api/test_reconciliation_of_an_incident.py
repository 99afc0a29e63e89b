"""What a reconciliation and its incident know of each other: the window, the report, the gate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.billing_office import IDENTITY
from tests.unit.functions.billing_api.test_reconciliation_api import Bench
from tests.unit.functions.billing_api.test_replay_window import HOUR, MINUTE, arrived, bought, iso
from tocsin.billing.identity import Identity
from tocsin.incidents.commands.billing import RecordReplay
from tocsin.incidents.model.billing import ReplayCounts, ReplayKind
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from tests.harness.worlds.world import World

DAY = 24 * HOUR


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


def replayed(bench: Bench, incident: str, start: int) -> None:
    bench.world.application.execute(
        RecordReplay(
            incident_id=incident,
            command_id="replay-RPL-1",
            actor=Actor(ActorKind.RULE, "replay"),
            correlation_id="RPL-1",
            replay="RPL-1",
            kind=ReplayKind.EVENTS,
            provider="stripe",
            account="acct_1#live",
            start=datetime.fromtimestamp(start, UTC),
            end=datetime.fromtimestamp(start + HOUR, UTC),
            counts=ReplayCounts(listed=1, duplicate=1, inserted=0, unreadable=0),
            proven=True,
            checksums=("a", "a", "a"),
        )
    )


class TestWindow:
    """Every workspace the outage touched, always (semantics 12)."""

    @pytest.mark.parametrize("scope", ["recent", "sample", "full"])
    def test_it_begins_where_the_outage_does(self, bench: Bench, scope: str) -> None:
        incident, office = bench.declare(), bench.office
        began = office.now
        bench.world.jump(5 * 60, sweep=False)
        arrived(office, began - 20 * MINUTE)
        arrived(office, began + HOUR, "evt_of_the_outage")
        found = bench.start(incident=incident, scope=scope)
        assert (found["start"], found["end"]) == (iso(began - 35 * MINUTE), iso(office.now))

    def test_without_anything_good_it_begins_before_harm_did(self, bench: Bench) -> None:
        incident, began = bench.declare(), bench.office.now
        bench.world.jump(5 * 60, sweep=False)
        assert bench.start(incident=incident)["start"] == iso(began - 15 * MINUTE)

    def test_a_window_that_was_replayed_earlier_than_that_counts(self, bench: Bench) -> None:
        incident, began = bench.declare(), bench.office.now
        replayed(bench, incident, began - 7 * HOUR)
        assert bench.start(incident=incident)["start"] == iso(began - 7 * HOUR)

    def test_the_oldest_of_every_account_it_may_concern_counts(self, bench: Bench) -> None:
        incident, office, began = bench.declare(), bench.office, bench.office.now
        office.identities = (IDENTITY, Identity("razorpay", "acc_1", "live"))
        arrived(office, began - 3 * HOUR)
        bought(office, began - HOUR)
        assert bench.start(incident=incident)["start"] == iso(began - 3 * HOUR - 15 * MINUTE)

    def test_an_hour_is_the_least_and_what_is_said_is_taken(self, bench: Bench) -> None:
        incident, now = bench.declare(), bench.office.now
        arrived(bench.office, now - MINUTE)
        assert bench.start(incident=incident)["start"] == iso(now - HOUR)
        said = iso(now - 2 * HOUR)
        assert bench.start(incident=incident, start=said)["start"] == said
        assert bench.start()["start"] == iso(now - HOUR), "without an incident"

    def test_it_is_never_longer_than_a_window_may_be(self, bench: Bench) -> None:
        incident, now = bench.declare(), bench.office.now
        replayed(bench, incident, now - 60 * DAY)
        assert bench.start(incident=incident)["start"] == iso(now - 31 * DAY)

    def test_an_incident_nobody_knows_is_refused(self, bench: Bench) -> None:
        assert bench.start(ok=404, incident="INC-NONE")["code"] == "unknown_incident"
        assert bench.office.reconciliations.cursors == {}


def test_the_postmortem_and_the_gate_name_the_report_that_was_published(bench: Bench) -> None:
    incident = bench.declare()
    found = bench.start(incident=incident)

    def command(verb: str, body: dict[str, Any]) -> None:
        status, shown, _ = bench.world.request(
            "POST", f"/v1/incidents/{incident}/{verb}", body, person="kim", group="commander"
        )
        assert status == 200, shown
        bench.world.inbox.take_all()

    def read(what: str) -> dict[str, Any]:
        _, shown, _ = bench.world.request(
            "GET", f"/v1/incidents/{incident}{what}", person="kim", group="commander"
        )
        return shown

    def gate() -> dict[str, Any]:
        criteria = read("/gate")["criteria"]
        return next(one for one in criteria if one["code"] == "postmortem_published")

    work = {"text": "probe it", "owner": "kim", "due_at": "2035-01-01T00:00:00.000Z"}
    learnt = {"url": "https://example.com/pm", "root_cause": "502", "actions": [work]}
    command("postmortem", learnt)
    assert gate()["status"] == "met"

    bench.ask(f"/{found['id']}/sign-off", {})
    bench.pump()
    assert gate()["status"] == "unmet", "it refers to the report before anybody signed"
    assert found["id"] in gate()["next_step"]

    command("postmortem", learnt)
    told = bench.told(incident)[-1]["evidence"]
    published = read("")["postmortem"]
    assert (published["reconciliation"], published["report"]) == (found["id"], told)
    kept = bench.archive.contents[published["report"]["key"]]
    assert b'"signed_off_by": "ana"' in kept
    assert kept.decode() == bench.ask(f"/{found['id']}/report", method="GET")["document"]
    assert gate()["status"] == "met"
    assert f"sha256 {told['sha256']}" in gate()["evidence"]

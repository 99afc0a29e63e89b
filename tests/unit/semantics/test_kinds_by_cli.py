"""Drills, backfilled records and restricted incidents (semantics 11), typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, DI, SAM, T0, Told
from tocsin.incidents.vocabulary import WayKind

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal
    from tests.harness.worlds.world import World

FIRST = ("--impact", "nobody can pay", "--mitigation", "rolling back", "--eta", "unknown")


def texts(world: World) -> list[str]:
    return [received.message.text for received in world.inbox.all]


def drill(terminal: Terminal, severity: str = "critical") -> Told:
    return Told(terminal).open(T0, severity, "--kind", "drill")


def test_a_drill_has_its_own_prefix_and_says_so_first_in_every_text(terminal: Terminal) -> None:
    told = drill(terminal)
    told.until("09-08 10:10")
    assert told.id.startswith("DRL-")
    assert len(texts(terminal.world)) > 2
    assert all(text.startswith("[DRILL]") for text in texts(terminal.world))
    shorts = [received.message.short for received in terminal.world.inbox.all]
    assert all(short.startswith("[DRILL]") for short in shorts)
    told.until("09-08 10:16")
    assert told.result("acknowledge") == "missed"


def test_customers_never_hear_of_a_drill(terminal: Terminal) -> None:
    told = drill(terminal)
    told.acknowledge(T0, DI)
    tell = ("customers", told.id, "--tell", "--reason", "they are hit", "--as", DI)
    assert terminal.refused(*tell)[1] == "illegal_transition"
    update = ("update", told.id, "u1", "customers", "news", "--accepted", *FIRST, "--as", DI)
    assert terminal.refused(*update)[1] == "illegal_transition"
    assert told.show()["communication"]["wording"] is None


def test_a_drills_freeze_is_only_reported_and_it_is_in_no_metric(terminal: Terminal) -> None:
    told = drill(terminal)
    status, frozen, _ = terminal.world.request(
        "GET", "/v1/freeze", person="ana", query={"service": "checkout"}
    )
    assert status == 200
    assert frozen["frozen"] is False
    assert [each["incident"] for each in frozen["drills"]] == [told.id]
    found = terminal.json("metrics", told.id)
    assert (found["counted"], found["attained"]) == (False, False)


def test_a_real_signal_never_joins_a_drill(terminal: Terminal) -> None:
    told = drill(terminal, "high")
    incident = terminal.world.alarm("api-5xx-high")
    assert incident is not None
    assert incident.id.startswith("INC-")
    assert incident.id != told.id


@pytest.mark.parametrize("raised", [False, True])
def test_a_real_critical_stops_a_drill_and_its_people_are_told(
    terminal: Terminal, *, raised: bool
) -> None:
    told = drill(terminal)
    told.acknowledge("09-08 10:01", DI)
    real = Told(terminal)
    real.id = opened(terminal, "high" if raised else "critical")
    told.until("09-08 10:02")
    if raised:
        assert told.show()["state"] == "acknowledged"
        real.say("09-08 10:02", ANA, "severity", "critical")
        told.until("09-08 10:03")
    assert (told.show()["state"], told.show()["resolution"]) == ("closed", None)
    stopped = terminal.json("timeline", told.id)[-1]
    assert (stopped["type"], stopped["content"]["real"]) == ("drill_stopped", real.id)
    asked = [one.to for one in terminal.world.inbox.all if "STOPPED FOR" in one.message.subject]
    assert sorted(asked) == ["ana", "di"]
    count = len(terminal.json("timeline", told.id))
    told.until("09-08 13:00")
    assert len(terminal.json("timeline", told.id)) == count
    assert real.show()["state"] == "open"


def test_no_other_incident_stops_a_drill(terminal: Terminal) -> None:
    told = drill(terminal)
    opened(terminal, "high")
    opened(terminal, "critical", "--kind", "drill")
    opened(terminal, "critical", "--kind", "backfilled", "--as", DI)
    told.until("09-08 10:02")
    assert told.show()["state"] == "open"


def opened(terminal: Terminal, severity: str, *words: str) -> str:
    given = words if "--as" in words else (*words, "--as", ANA)
    found: dict[str, Any] = terminal.json("open", "it is bad", "--severity", severity, *given)
    return str(found["id"])


def test_a_backfilled_record_has_no_clocks_and_is_counted_but_not_attained(
    terminal: Terminal,
) -> None:
    told = Told(terminal)
    told.begin(T0)
    told.id = opened(terminal, "critical", "--kind", "backfilled", "--as", DI)
    told.until("09-08 16:00")
    assert terminal.clocks(told.id) == {}
    assert texts(terminal.world) == []
    found = terminal.json("metrics", told.id)
    assert (found["counted"], found["attained"]) == (True, False)
    assert set(found["cycles"][0]["attainment"].values()) == {"not_applicable"}


def test_possible_exposure_restricts_a_security_incident_and_hides_it(terminal: Terminal) -> None:
    terminal.world.reachable("eve", kinds=(WayKind.MAIL,))
    told = Told(terminal).open(T0, "critical", "--category", "security")
    told.acknowledge(T0, DI)
    told.say(T0, DI, "impact", "tenants see each other", "--exposure", "possible")
    assert told.show()["restricted"] is True
    assert terminal.refused("show", told.id, "--as", "eve:viewer") == (5, "unknown_incident")
    assert terminal.json("board", "--as", "eve:viewer") == []
    assert [one["id"] for one in terminal.json("board", "--as", SAM)] == [told.id]
    before = len(texts(terminal.world))
    told.until("09-08 14:01")
    later = texts(terminal.world)[before:]
    assert later
    assert not any("checkout is down" in text or "tenants" in text for text in later)
    assert all(told.id in text for text in later)
    told.say("09-08 14:02", SAM, "access", "eve", "--allowed", "--reason", "knows the system")
    assert terminal.json("show", told.id, "--as", "eve:viewer")["id"] == told.id
    told.say("09-08 14:03", SAM, "access", "eve", "--not-allowed", "--reason", "not needed")
    assert terminal.refused("show", told.id, "--as", "eve:viewer")[0] == 5
    told.say("09-08 14:04", SAM, "lift", "--reason", "nothing leaked", step="restriction")
    assert told.show()["restricted"] is True
    told.say("09-08 14:05", DI, "lift", "--reason", "nothing leaked", step="restriction")
    assert told.show()["restricted"] is False

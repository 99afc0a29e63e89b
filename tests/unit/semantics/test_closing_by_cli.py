"""Monitoring, closing, waivers, reopening, and what is measured (semantics 9), typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.worlds.told import ANA, BO, DI, ED, SAM, T0, Told

if TYPE_CHECKING:
    from tests.harness.worlds.terminal import Terminal

FIRST = ("--impact", "nobody can pay", "--mitigation", "rolling back", "--eta", "unknown")
LAST = ("--final", "--residual", "none")
HOUR = 3600
NOTHING_REAL = ("--reason", "a test alarm")


def acknowledged(terminal: Terminal, severity: str, *words: str) -> Told:
    told = Told(terminal).open(T0, severity, *words)
    told.acknowledge(T0, DI)
    return told


def fixed(terminal: Terminal, severity: str) -> Told:
    """Contained 11:00, fixed 12:00."""
    told = acknowledged(terminal, severity)
    told.contain("09-08 11:00")
    told.repair("09-08 12:00")
    return told


def communicate(told: Told, at: str, *, postmortem: bool = True) -> None:
    told.say(at, DI, "customers", "--not-tell", "--reason", "nobody noticed")
    told.say(at, DI, "update", "u1", "internal", "news", "--accepted", *FIRST)
    told.say(at, DI, "update", "u2", "internal", "over", "--accepted", *LAST)
    if postmortem:
        work = ("--actions", "add a test | cy | 2026-10-01T00:00Z")
        url = "https://example.com/pm"
        told.say(at, DI, "postmortem", url, "a missing check", *work)


def gate(told: Told) -> dict[str, str]:
    found = told.terminal.json("gate", told.id)["criteria"]
    return {one["code"]: one["status"] for one in found}


def metrics(told: Told) -> dict[str, Any]:
    found: dict[str, Any] = told.terminal.json("metrics", told.id)
    return found


@pytest.mark.parametrize(
    ("severity", "ends"),
    [
        ("critical", "09-11 12:00"),
        ("high", "09-09 12:00"),
        ("medium", "09-09 12:00"),
        ("low", "09-08 16:00"),
    ],
)
def test_the_window_after_the_fix(terminal: Terminal, severity: str, ends: str) -> None:
    told = fixed(terminal, severity)
    assert told.wall(told.show()["window"]["ends_at"]) == ends


def test_gate_check_ends_with_one_while_something_is_unmet_and_with_nought_after(
    terminal: Terminal,
) -> None:
    told = fixed(terminal, "low")
    communicate(told, "09-08 12:05")
    code, _, err = terminal.run("gate", told.id, "--check")
    assert (code, "fix_deployed_and_monitored" in err) == (1, True)
    assert terminal.run("gate", told.id)[0] == 0
    assert terminal.refused("close", told.id, "resolved", "--as", DI) == (6, "gate_unmet")
    told.until("09-08 16:00")
    assert terminal.run("gate", told.id, "--check")[0] == 0
    told.say("09-08 16:00", DI, "close", "resolved")
    assert told.show()["state"] == "closed"


def test_a_flag_off_is_containment_and_no_fix(terminal: Terminal) -> None:
    told = acknowledged(terminal, "high")
    told.contain("09-08 11:00")
    assert (told.result("contain"), told.result("fix")) == ("met", "running")
    assert told.show()["window"] is None


def test_a_fix_before_containment_starts_the_window_when_containment_is_verified(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal, "high")
    told.repair("09-08 11:00")
    assert (told.result("contain"), told.result("fix")) == ("running", "met")
    assert told.show()["window"] is None
    told.contain("09-08 12:00")
    assert told.wall(told.show()["window"]["ends_at"]) == "09-09 12:00"


def test_false_positive_of_a_high_takes_a_second_person_and_skips_the_rest(
    terminal: Terminal,
) -> None:
    told = acknowledged(terminal, "high")
    told.say(T0, DI, "close", "false_positive", *NOTHING_REAL)
    assert told.show()["waiting"][0]["what"] == "close as false_positive"
    again = ("close", told.id, "false_positive", *NOTHING_REAL)
    assert terminal.refused(*again, "--as", DI)[1] == "second_person_required"
    told.say(T0, BO, "close", "false_positive", *NOTHING_REAL)
    assert told.show()["resolution"] == "false_positive"
    assert told.result("fix") == "not_applicable"
    assert [one["id"] for one in terminal.json("board", "--status", "closed", "--month", "202609")]


@pytest.mark.parametrize("exposure", ["possible", "confirmed"])
def test_false_positive_never_after_exposure(terminal: Terminal, exposure: str) -> None:
    told = acknowledged(terminal, "low")
    told.say(T0, DI, "impact", "two tenants", "--exposure", exposure)
    words = ("close", told.id, "false_positive", *NOTHING_REAL, "--as", DI)
    assert terminal.refused(*words)[1] == "illegal_transition"


def impact(told: Told) -> dict[str, Any]:
    found: dict[str, Any] = told.show()["impact"]
    return found


COUNTS = ("--tenants", "3", "--users", "40", "--endpoints", "POST-/login", "--services", "login")
DATA = ("--data-categories", "emails", "--exposure", "confirmed", "--confirm")


def test_a_typo_put_right_in_the_summary_changes_nothing_else(terminal: Terminal) -> None:
    told = acknowledged(terminal, "low")
    told.say(T0, SAM, "impact", "mials were readable", *COUNTS, *DATA)
    before = impact(told)
    assert (before["exposure"], before["confirmed_by"], before["tenants"]) == (
        "confirmed",
        "sam",
        3,
    )
    told.say("09-08 10:05", ANA, "impact", "mails were readable")
    assert impact(told) == before | {"summary": "mails were readable"}
    told.say("09-08 10:06", ANA, "impact", "mails were readable", "--users", "50")
    assert impact(told) == before | {
        "summary": "mails were readable",
        "users": 50,
        "confirmed_by": None,
    }, "what nobody confirmed is suspected again"


def test_exposure_is_lowered_by_the_security_owner_with_a_reason(terminal: Terminal) -> None:
    told = acknowledged(terminal, "low")
    told.say(T0, SAM, "impact", "two tenants", "--exposure", "confirmed")
    lower = ("impact", told.id, "two tenants", "--exposure", "none")
    reason = ("--reason", "the log was of the test stage")
    assert terminal.refused(*lower, *reason, "--as", DI) == (4, "group_required")
    assert terminal.refused(*lower, "--as", SAM)[1] == "missing_reason"
    assert impact(told)["exposure"] == "confirmed"
    told.say("09-08 10:05", SAM, "impact", "two tenants", "--exposure", "none", *reason)
    assert (impact(told)["exposure"], impact(told)["ever"]) == ("none", "confirmed")
    told.say("09-08 10:06", ANA, "impact", "two tenants of one plan")
    words = ("close", told.id, "false_positive", *NOTHING_REAL, "--as", DI)
    assert terminal.refused(*words)[1] == "illegal_transition"


def test_a_release_keeps_what_a_later_report_leaves_out(terminal: Terminal) -> None:
    told = acknowledged(terminal, "low")
    told.release("R42", "--commit", "c0ffee", cut="09-09 12:00", planned="09-10 15:00")
    told.until("09-10 15:00")
    told.release("R42", cut="09-09 12:00", shipped="09-10 15:00")
    (kept,) = terminal.json("releases", "list", "checkout")
    assert (kept["commits"], told.wall(kept["planned_at"]), told.wall(kept["shipped_at"])) == (
        ["c0ffee"],
        "09-10 15:00",
        "09-10 15:00",
    )


def test_false_positive_not_after_an_action_that_is_not_undone(terminal: Terminal) -> None:
    told = acknowledged(terminal, "low")
    told.say(T0, ANA, "contain", "a0", "roll back", step="plan")
    told.say(T0, ANA, "contain", "a0", step="done")
    words = ("close", told.id, "false_positive", *NOTHING_REAL, "--as", DI)
    assert terminal.refused(*words)[1] == "illegal_transition"
    told.say(T0, ANA, "contain", "a0", "--reason", "not needed", step="undo")
    told.say(T0, DI, "close", "false_positive", *NOTHING_REAL)
    assert told.show()["state"] == "closed"


def test_a_duplicates_beginning_moves_to_its_target(terminal: Terminal) -> None:
    target = acknowledged(terminal, "low")
    copy = Told(terminal)
    words = ("--severity", "low", "--service", "checkout", "--as", ANA)
    began = ("--began-at", "2026-09-08T12:00Z")
    copy.id = terminal.json("open", "the same again", *words, *began)["id"]
    copy.say(T0, DI, "close", "duplicate", "--duplicate-of", target.id, *NOTHING_REAL)
    assert target.show()["began_at"] == "2026-09-08T12:00:00.000Z"
    assert copy.show()["duplicate_of"] == target.id


def test_a_duplicates_signals_and_evidence_move_to_its_target_on_merge(
    terminal: Terminal,
) -> None:
    world, target, copy = terminal.world, Told(terminal), Told(terminal)
    target.begin("09-08 10:00")
    target.id, copy.id = (
        str(incident.id) for incident in map(world.alarm, ("db-errors", "queue-age")) if incident
    )
    url = "https://example.com/graph"
    copy.say("09-08 10:05", ANA, "link", "evidence", url, "--title", "the graph")
    copy.say("09-08 10:05", ANA, "evidence", "the log", "502 after 502")
    for person in (DI, ED):
        if copy.show()["state"] != "closed":
            target.say("09-08 10:10", person, "merge", copy.id, "--reason", "one cause")
    assert (copy.show()["resolution"], copy.show()["duplicate_of"]) == ("duplicate", target.id)

    absorbed = next(
        one for one in terminal.json("timeline", target.id) if one["type"] == "duplicate_absorbed"
    )
    (key,) = absorbed["content"]["keys"]
    assert (key.endswith("queue-age"), absorbed["content"]["firing"]) == (True, [key])
    linked, recorded = absorbed["content"]["evidence"]
    assert linked == {"url": url, "title": "the graph"}
    assert recorded["title"] == "the log"
    path, _, query = recorded["url"].partition("?")
    _, there, _ = world.request(
        "GET", path, person="ana", query=dict(part.split("=") for part in query.split("&"))
    )
    assert [one["content"]["text"] for one in there["entries"]] == ["502 after 502"]

    before = len(terminal.json("timeline", target.id))
    world.alarm("queue-age", state="OK")
    later = terminal.json("timeline", target.id)[before:]
    assert [one["type"] for one in later] == ["signals_merged"], "its signals are the target's now"


def test_a_waiver_is_asked_by_one_commander_and_approved_by_another(terminal: Terminal) -> None:
    told = fixed(terminal, "low")
    communicate(told, "09-08 12:05", postmortem=False)
    asked = ("waive", told.id, "postmortem_published")
    why = ("--reason", "the author is ill")
    assert terminal.refused(*asked, "15", *why, "--as", DI)[0] == 3
    told.say("09-08 12:06", DI, "waive", "postmortem_published", "14", *why)
    assert gate(told)["postmortem_published"] == "unmet"
    approve = ("approve", told.id, "postmortem_published", "--as")
    assert terminal.refused(*approve, DI)[1] == "second_person_required"
    assert terminal.refused(*approve, BO)[0] == 4
    told.say("09-08 12:07", ED, "approve", "postmortem_published")
    assert gate(told)["postmortem_published"] == "waived"
    told.say("09-08 16:00", DI, "close", "resolved")
    told.until("09-22 12:07")
    noticed = [one["type"] for one in terminal.json("timeline", told.id)]
    assert noticed.count("waiver_expired") == 1
    told.until("09-23 12:08")
    told.until("09-24 12:09")
    noticed = [one["type"] for one in terminal.json("timeline", told.id)]
    assert noticed.count("waiver_expired") == 3
    assert told.show()["state"] == "closed"


def test_a_waiver_that_ran_out_is_told_daily_to_two_and_weekly_to_the_security_owner(
    terminal: Terminal,
) -> None:
    """It ends Thu 09-10 12:07; the next week begins Mon 09-14 09:00."""
    told = fixed(terminal, "low")
    communicate(told, "09-08 12:05", postmortem=False)
    told.say("09-08 12:06", DI, "waive", "postmortem_published", "2", "--reason", "she is ill")
    told.say("09-08 12:07", ED, "approve", "postmortem_published")
    told.say("09-08 16:00", DI, "close", "resolved")
    for day in range(10, 19):
        told.until(f"09-{day} 12:10")
    heard: dict[str, list[str]] = {}
    for one in terminal.world.inbox.all:
        if "WAIVER OVER" in one.message.subject:
            heard.setdefault(one.to, []).append(told.wall_at(one.at))
    daily = [f"09-{day} 12:10" for day in range(10, 19)]
    assert heard == {
        "di": daily,
        "ed": daily,
        "security-primary": ["09-10 12:10", "09-14 12:10"],
    }


@pytest.mark.parametrize("criterion", ["timeline_intact", "containment_verified"])
def test_never_waivable_of_a_critical(terminal: Terminal, criterion: str) -> None:
    told = acknowledged(terminal, "critical")
    words = ("waive", told.id, criterion, "3", "--reason", "we want to go home", "--as", DI)
    assert terminal.refused(*words)[1] == "not_allowed"


def test_a_reopened_incident_is_counted_once_with_its_first_containment_and_last_fix(
    terminal: Terminal,
) -> None:
    told = fixed(terminal, "low")
    communicate(told, "09-08 12:05")
    told.say("09-08 16:00", DI, "close", "resolved")
    first = metrics(told)
    assert (first["time_to_contain"], first["time_to_fix"]) == (HOUR, 2 * HOUR)
    assert first["phases"] == {
        "to_acknowledge": 0,
        "to_contain": HOUR,
        "to_fix": HOUR,
        "to_close": 4 * HOUR,
    }
    told.say("09-09 09:00", ANA, "reopen", "--reason", "it is back", "--severity", "critical")
    assert told.show()["postmortem"] is None
    told.acknowledge("09-09 09:20", BO)
    told.contain("09-09 13:10")
    told.repair("09-09 14:00")
    found = metrics(told)
    assert found["counted"] is True
    assert (found["reopened"], found["time_to_acknowledge"]) == (1, 0)
    assert (found["time_to_contain"], found["time_to_fix"]) == (HOUR, 28 * HOUR)
    assert found["time_to_close"] is None
    results = [cycle["attainment"] for cycle in found["cycles"]]
    assert [one["contain"] for one in results] == ["met", "missed"]
    assert [one["acknowledge"] for one in results] == ["met", "missed"]
    assert "reopened 1 times" in terminal.text("metrics", told.id)


def test_late_on_raise_is_reported_apart_from_missed(terminal: Terminal) -> None:
    told = acknowledged(terminal, "medium")
    told.say("09-08 18:00", DI, "note", "still looking")
    told.say("09-09 16:00", DI, "severity", "high")
    results = metrics(told)["cycles"][0]["attainment"]
    assert results["contain"] == "late_on_raise"
    assert results["fix"] == "running"


def test_a_matching_signal_within_seven_days_reopens_and_later_opens_a_linked_one(
    terminal: Terminal,
) -> None:
    world, told = terminal.world, Told(terminal)
    told.begin("09-08 10:00")
    incident = world.alarm("api-5xx-high")
    assert incident is not None
    told.id = incident.id
    told.acknowledge("09-08 10:01", DI)
    world.alarm("api-5xx-high", state="OK")
    for person in (DI, BO):
        told.say("09-08 10:02", person, "close", "false_positive", *NOTHING_REAL)
    told.until("09-15 10:01")
    world.alarm("api-5xx-high")
    assert (told.show()["state"], told.show()["cycle"]) == ("open", 2)
    told.acknowledge("09-15 10:02", DI)
    world.alarm("api-5xx-high", state="OK")
    for person in (DI, BO):
        told.say("09-15 10:03", person, "close", "false_positive", *NOTHING_REAL)
    told.until("09-22 10:04")
    other = world.alarm("api-5xx-high")
    assert other is not None
    assert other.id != told.id
    assert told.show()["state"] == "closed"
    linked = terminal.json("timeline", other.id, "--as", SAM)[0]["content"]
    assert told.id in str(linked)


def reminded(told: Told, person: str) -> list[str]:
    """What the person was asked to agree to, in the text."""
    return [
        one.message.text
        for one in told.world.inbox.all
        if one.to == person and " AGREE TO " in one.message.subject
    ]


ASKING = [
    (("close", "false_positive", *NOTHING_REAL), DI, "close as false_positive", "engineering-lead"),
    (
        ("severity", "medium", "--reason", "few are hit", "--yes"),
        DI,
        "lower to medium",
        "security-primary",
    ),
    (
        ("waive", "fix_deployed_and_monitored", "3", "--reason", "later"),
        DI,
        "waive fix_deployed_and_monitored",
        "engineering-lead",
    ),
]


@pytest.mark.parametrize(("words", "who", "what", "second"), ASKING)
def test_asking_is_not_doing_and_says_who_is_waited_for(
    terminal: Terminal, words: tuple[str, ...], who: str, what: str, second: str
) -> None:
    told = acknowledged(terminal, "critical")
    verb, *rest = words
    code, out, _ = terminal.run(verb, told.id, *rest, "--as", who)
    assert code == 8, out
    assert out.startswith(f"asked: {what}; waits for a second person: tocsin ")
    assert told.show()["state"] == "acknowledged", "nothing is done"
    (text,) = reminded(told, second)
    assert f"di asks to {what}" in text
    (waits,) = told.show()["waiting"]
    assert (waits["what"], waits["person"]) == (what, "di")
    assert f"To agree: {waits['command']}" in text
    for seen in ("first", "checklist"):
        assert f"di asks to {what}" in " ".join(terminal.text(seen, told.id).split())


def test_asked_over_http_is_accepted_and_done_is_done(terminal: Terminal) -> None:
    told = acknowledged(terminal, "critical")
    path = f"/v1/incidents/{told.id}/close"
    body = {"resolution": "false_positive", "reason": "a test alarm"}
    status, answer, _ = terminal.world.request("POST", path, body, person="di", group="commander")
    assert (status, answer["pending"]) == (202, True)
    status, answer, _ = terminal.world.request("POST", path, body, person="bo")
    assert (status, answer["pending"], answer["waiting"]) == (200, False, [])


def test_a_critical_that_nobody_has_is_merged_away_by_a_commander(terminal: Terminal) -> None:
    other, told = Told(terminal).open(T0, "high"), Told(terminal).open(T0, "critical")
    merge = ("merge", other.id, told.id, "--reason", "one cause")
    assert terminal.run(*merge, "--as", ANA)[0] == 8
    assert terminal.refused(*merge, "--as", BO) == (4, "group_required")
    terminal.json(*merge, "--as", DI)
    assert told.show()["state"] == "closed"
    assert other.show()["severity"] == "critical"

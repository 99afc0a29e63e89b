"""Each check of the paging half holds on what it describes, and fails on each way to be wrong."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from tocsin.drills.paging import checks
from tocsin.drills.paging.story import show_target
from tocsin.incidents.timeline.entry import GENESIS, canonical_json
from tocsin.local.look.inbox import Message

T0 = "2026-09-08T14:00:00.000Z"
DUE = "2026-09-08T14:15:00.000Z"


def message(to: str, *, kind: str = "page", topic: str = "pages", subject: str = "") -> Message:
    return Message(
        sent_at=T0,
        topic=f"tocsin-local-{topic}",
        to=to,
        kind=kind,
        severity="critical",
        incident="INC-1",
        message_id=f"INC-1/1/{kind}/{to}",
        subject=subject,
        text="",
        attributes={},
    )


def view(**acknowledge: Any) -> dict[str, Any]:
    clocks = {
        "acknowledge": {"due_at": DUE, **acknowledge},
        "contain": {"due_at": "2026-09-08T18:00:00.000Z"},
        "fix": {"due_at": "2026-09-09T14:00:00.000Z"},
    }
    return {"clocks": clocks}


def chain(count: int = 3) -> list[dict[str, Any]]:
    entries, previous = [], GENESIS
    for seq in range(1, count + 1):
        header: dict[str, Any] = {
            "v": 1,
            "incident": "INC-1",
            "seq": seq,
            "type": "note_added",
            "recorded_at": T0,
            "occurred_at": T0,
            "actor_ref": "person:a",
            "content_hash": "00" * 32,
        }
        digest = hashlib.sha256(previous + canonical_json(header)).digest()
        entries.append({**header, "prev_hash": previous.hex(), "hash": digest.hex()})
        previous = digest
    return entries


def test_exactly_one_critical_operational_incident_is_expected() -> None:
    right = {"severity": "critical", "category": "operational"}
    assert checks.opened([right]).passed
    for wrong in ([], [right, right], [{**right, "severity": "high"}]):
        assert not checks.opened(wrong).passed


def test_every_clock_must_be_due_to_the_millisecond() -> None:
    assert checks.clocks(view(), T0).passed
    for name in checks.TARGETS:
        late = view()
        late["clocks"][name]["due_at"] = "2026-09-08T14:15:00.001Z"
        assert not checks.clocks(late, T0).passed
    assert not checks.clocks({"clocks": {}}, T0).passed


def test_pages_are_counted_person_by_person() -> None:
    people = ("a", "b")
    right = [message("a"), message("b"), message("c", kind="opened")]
    assert checks.pages(checks.FIRST_PAGES, people, right).passed
    for wrong in ([message("a")], [*right, message("a")], [*right, message("d")], []):
        assert not checks.pages(checks.FIRST_PAGES, people, wrong).passed
    assert checks.pages(checks.QUIET, (), []).passed
    assert not checks.pages(checks.QUIET, (), [message("a")]).passed


def test_stakeholders_get_one_mail_on_their_own_topic() -> None:
    mail = message("stakeholders", kind="opened", topic="stakeholders")
    assert checks.stakeholder_mail([mail, message("a")]).passed
    for wrong in ([], [mail, mail], [message("stakeholders", kind="opened")]):
        assert not checks.stakeholder_mail(wrong).passed


@pytest.mark.parametrize(
    ("subject", "good"),
    [
        ("[CRITICAL] INC-1 checkout fails - ACK by 10:15 EDT", True),
        ("[HIGH] INC-1 checkout fails - ACK by 10:15 EDT", False),
        ("[CRITICAL] INC-2 checkout fails - ACK by 10:15 EDT", False),
        ("[CRITICAL] INC-1 checkout fails", False),
        ("[CRITICAL] INC-1 checkout\nfails - ACK by 10:15 EDT", False),
        (f"[CRITICAL] INC-1 {'x' * 90} - ACK by 10:15 EDT", False),
    ],
)
def test_a_subject_says_how_bad_which_and_until_when(subject: str, good: bool) -> None:  # noqa: FBT001
    assert checks.subjects("INC-1", [message("a", subject=subject)]).passed is good


def test_without_a_page_there_is_no_good_subject() -> None:
    assert not checks.subjects("INC-1", []).passed


def test_the_clock_must_move_by_what_was_asked_and_little_more() -> None:
    five = timedelta(minutes=5)
    assert checks.advanced(T0, "2026-09-08T14:05:03.000Z", five).passed
    assert not checks.advanced(T0, "2026-09-08T14:00:03.000Z", five).passed
    assert not checks.advanced(T0, "2026-09-08T14:09:00.000Z", five).passed


def test_a_breach_is_recorded_once_as_of_its_due_time() -> None:
    right = {"type": "clock_breached", "content": {"clock": "acknowledge", "due_at": DUE}}
    late = {"type": "clock_breached", "content": {"clock": "acknowledge", "due_at": T0}}
    assert checks.breach([right, {"type": "paged", "content": {}}], T0).passed
    for wrong in ([], [right, right], [late]):
        assert not checks.breach(wrong, T0).passed


def test_an_acknowledgement_names_its_person_as_commander() -> None:
    right: dict[str, Any] = {
        "state": "acknowledged",
        "round": {"acknowledged_by": "a"},
        "roles": {"incident_commander": "a"},
    }
    assert checks.acknowledged(right, "a").passed
    assert not checks.acknowledged(right, "b").passed
    for wrong in ({**right, "state": "open"}, {**right, "round": None}, {**right, "roles": {}}):
        assert not checks.acknowledged(wrong, "a").passed


def test_a_late_acknowledgement_leaves_the_promise_missed() -> None:
    right = {"attainment": "missed", "missed_at": DUE, "stopped_at": "2026-09-08T14:16:00.000Z"}
    assert checks.missed(view(**right), T0).passed
    for wrong in (
        {**right, "attainment": "met"},
        {**right, "missed_at": "2026-09-08T14:16:00.000Z"},
        {**right, "stopped_at": None},
        {**right, "stopped_at": DUE},
    ):
        assert not checks.missed(view(**wrong), T0).passed


def stacks(**changed: str) -> list[dict[str, str]]:
    states = dict.fromkeys(sorted(checks.STACKS), "UPDATE_COMPLETE") | changed
    return [{"name": f"tocsin-local-{name}", "status": state} for name, state in states.items()]


def test_the_stage_is_deployed_when_each_of_its_stacks_is() -> None:
    assert checks.deployed(stacks(data="CREATE_COMPLETE")).passed
    assert checks.deployed([*stacks(), *stacks(later="CREATE_COMPLETE")]).passed


@pytest.mark.parametrize("name", sorted(checks.STACKS))
@pytest.mark.parametrize(
    "status",
    [
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    ],
)
def test_a_stack_in_any_other_state_is_not_deployed(name: str, status: str) -> None:
    check = checks.deployed(stacks(**{name: status}))
    assert (check.passed, check.observed) == (False, f"{name}: {status}")


def test_a_stack_that_is_not_there_is_not_deployed() -> None:
    for missing in range(len(checks.STACKS)):
        listed = stacks()
        del listed[missing]
        assert not checks.deployed(listed).passed
    assert not checks.deployed([]).passed


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [("rate(1 minute)", "DISABLED", "sla-check")],
        [("rate(2 minutes)", "ENABLED", "sla-check")],
        [("rate(1 minute)", "ENABLED", "another")],
        [("rate(1 minute)", "ENABLED", "sla-check")] * 2,
    ],
)
def test_the_sweep_is_scheduled_once_a_minute_and_once(wrong: list[tuple[str, str, str]]) -> None:
    others = [("rate(5 minutes)", "ENABLED", "provider-watch")]
    right = [("rate(1 minute)", "ENABLED", "sla-check")]
    assert checks.swept(others + right, "sla-check").passed
    assert not checks.swept(others + wrong, "sla-check").passed


@pytest.mark.parametrize("field", ["recorded_at", "actor_ref", "type", "content_hash", "incident"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_any_changed_entry_breaks_the_chain(field: str, position: int) -> None:
    entries = chain()
    assert checks.intact(entries).passed
    entries[position][field] = "tampered"
    assert not checks.intact(entries).passed


def test_a_removed_swapped_or_missing_timeline_is_not_intact() -> None:
    entries = chain()
    for wrong in ([], entries[1:], [entries[0], entries[2]], [entries[1], entries[0], entries[2]]):
        assert not checks.intact(wrong).passed


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("elapsed:15", "15 min"),
        ("elapsed:240", "4 h"),
        ("elapsed:90", "1 h 30 min"),
        ("next_release", "next_release"),
    ],
)
def test_a_target_is_shown_as_people_say_it(target: str, shown: str) -> None:
    assert show_target(target) == shown

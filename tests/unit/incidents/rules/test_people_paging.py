"""The paging ladder, on time and late: who is asked when, and never in a burst (semantics 1, 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.harness.worlds.stories import ANA, BO, CLOUDWATCH, Story, make, signal
from tocsin.errors import MissingReason
from tocsin.incidents.commands.opening import OpenFromSignals
from tocsin.incidents.commands.people import AssignRole, Escalate
from tocsin.incidents.events.people import Paged
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.runbook.paging import PageStep
from tocsin.incidents.vocabulary import (
    Attainment,
    Audience,
    Category,
    ClockName,
    MessageKind,
    Role,
    Severity,
)
from tocsin.policy.compiled.policies import default

MOMENT = timedelta(milliseconds=1)
T0 = "09-08 10:00"
PRIMARIES = ("commander-primary", "mitigation-primary")
BACKUPS = ("engineering-lead", "senior-engineer")


def pages(story: Story) -> list[tuple[str, tuple[str, ...]]]:
    """(minutes after t0, people) of every page."""
    t0 = story.at(T0)
    return [
        (str((event.at - t0) // timedelta(minutes=1)), event.people)
        for event in story.events
        if isinstance(event, Paged)
    ]


def test_a_critical_pages_the_primaries_at_opening_and_their_backups_at_five_minutes() -> None:
    story = Story().open(T0, Severity.CRITICAL)

    story.sweep_until("09-08 10:05")

    assert pages(story) == [("0", PRIMARIES), ("5", PRIMARIES + BACKUPS)]


def test_a_critical_nobody_takes_is_paged_on_the_whole_ladder() -> None:
    story = Story().open(T0, Severity.CRITICAL)

    story.sweep_until("09-08 11:50")

    minutes = [minute for minute, _ in pages(story)]
    assert minutes == ["0", "5", "10", "15", *["20", "25", "30", "35", "40", "45"], "75", "105"]
    everybody = pages(story)[3][1]
    assert len(everybody) == len(set(everybody)) == 8
    assert all(people == everybody for _, people in pages(story)[4:])


def test_a_high_nobody_takes_is_paged_on_its_own_ladder() -> None:
    story = Story().open(T0, Severity.HIGH)

    story.sweep_until("09-08 12:05")

    assert [minute for minute, _ in pages(story)] == ["0", "15", "30", "60", "90", "120"]


def test_a_security_incident_pages_the_security_owner() -> None:
    story = Story().open(T0, Severity.CRITICAL, Category.SECURITY)

    assert pages(story) == [("0", ("commander-primary", "security-primary"))]


def test_whoever_took_the_role_is_paged_instead_of_who_is_on_duty() -> None:
    story = Story().open(T0, Severity.CRITICAL)
    story.do("09-08 10:01", make(AssignRole, ANA, role=Role.MITIGATION_OWNER, person="bo"))

    story.sweep_until("09-08 10:05")

    assert pages(story)[-1][1][:2] == ("commander-primary", "bo")


def test_acknowledging_stops_the_ladder() -> None:
    story = Story().open(T0, Severity.CRITICAL)
    story.acknowledge("09-08 10:04")

    story.tick("09-08 10:20")

    assert [minute for minute, _ in pages(story)] == ["0"]


@pytest.mark.parametrize("severity", [Severity.MEDIUM, Severity.LOW])
def test_medium_and_low_send_mail_only_and_tell_the_backup_at_the_due_time(
    severity: Severity,
) -> None:
    story = Story().open("09-05 03:00", severity)

    story.sweep_until("09-30 18:00")

    mails = [event for event in story.events if isinstance(event, Paged)]
    assert [(event.mail, event.people) for event in mails] == [(True, PRIMARIES), (True, BACKUPS)]
    assert mails[1].due_at == story.round.due_at
    assert story.sent(MessageKind.PAGE) == []


def test_a_jump_of_hours_sends_each_person_one_page_and_records_what_was_skipped() -> None:
    story = Story().open(T0, Severity.CRITICAL)
    before = len(story.outbox)

    story.tick("09-08 13:00")

    paged = [event for event in story.events if isinstance(event, Paged)][-1]
    sent = [target for _, kind, target in story.sent()[before:] if kind == "page"]
    assert len(sent) == len(set(sent)) == 8
    assert (paged.first_step, paged.step) == (1, 13)
    assert paged.due_at == story.at("09-08 12:45")


def test_people_only_a_skipped_rung_names_are_paged_all_the_same() -> None:
    policy = default()
    critical = policy.severities[Severity.CRITICAL]
    steps = (
        PageStep(after_minutes=0, audiences=(Audience.PRIMARY,)),
        PageStep(after_minutes=5, audiences=(Audience.BACKUP,)),
        PageStep(after_minutes=10, audiences=(Audience.PRIMARY,)),
    )
    ladder = replace(critical.escalation, steps=steps, repeats=())
    critical = replace(critical, escalation=ladder)
    policy = replace(policy, severities={**policy.severities, Severity.CRITICAL: critical})
    story = Story(policy).open(T0, Severity.CRITICAL)

    story.tick("09-08 10:12")

    assert set(pages(story)[-1][1]) == {*PRIMARIES, *BACKUPS}


def test_a_late_sweep_ends_where_a_punctual_one_does() -> None:
    punctual, late = (Story().open(T0, Severity.CRITICAL) for _ in range(2))

    punctual.sweep_until("09-08 10:20")
    punctual.tick("09-08 10:20")
    late.tick("09-08 10:20")

    assert late.round == replace(punctual.round, asks=late.round.asks), "people were asked less"
    assert late.incident.clocks == punctual.incident.clocks


def test_twenty_ticks_of_a_minute_equal_one_of_twenty() -> None:
    by_minute, at_once = (Story().open(T0, Severity.CRITICAL) for _ in range(2))

    for minute in range(1, 21):
        by_minute.tick(f"09-08 10:{minute:02d}")
    at_once.tick("09-08 10:20")

    assert at_once.round == replace(by_minute.round, asks=at_once.round.asks)
    assert by_minute.incident.clocks == at_once.incident.clocks


def test_a_breach_is_recorded_with_its_due_time_also_when_the_sweep_is_late() -> None:
    story = Story().open(T0, Severity.CRITICAL)

    story.tick("09-08 10:47")

    breach = next(entry for entry in story.entries if entry.type == "clock_breached")
    assert breach.occurred_at == story.at("09-08 10:15")
    assert breach.recorded_at == story.at("09-08 10:47")
    assert breach.content["due_at"] == "2026-09-08T14:15:00.000Z"


def test_a_command_after_the_due_time_records_the_breach_first() -> None:
    story = Story().open(T0, Severity.CRITICAL)
    story.acknowledge("09-08 10:04")

    events = story.note("09-08 14:01")

    assert [event.type for event in events] == [
        "update_missed",
        "round_started",
        "clock_breached",
        "clock_breached",
        "note_added",
    ]
    assert story.clock(ClockName.CONTAIN).attainment is Attainment.MISSED


def test_a_person_who_acts_late_moots_the_pages_that_were_skipped() -> None:
    story = Story().open(T0, Severity.CRITICAL)
    before = len(story.sent(MessageKind.PAGE))

    story.acknowledge("09-08 10:12")

    assert len(story.sent(MessageKind.PAGE)) == before


def test_a_breached_contain_clock_is_told_to_those_in_charge_once() -> None:
    story = Story().open(T0, Severity.CRITICAL)
    story.acknowledge("09-08 10:04", BO)
    story.sweep_until("09-08 14:30")

    breaches = [target for _, _, target in story.sent(MessageKind.BREACH)]

    assert breaches == ["person:bo", "person:engineering-lead"]


def test_somebody_asks_for_more_people() -> None:
    story = Story().open(T0, Severity.HIGH)
    story.acknowledge("09-08 10:04")
    before = len(story.outbox)

    story.do("09-08 10:10", make(Escalate, ANA, audience=Audience.BACKUP, reason="need hands"))

    assert [target for _, _, target in story.sent()[before:]] == [
        f"person:{name}" for name in BACKUPS
    ]


def test_asking_for_more_people_needs_a_reason() -> None:
    story = Story().open(T0, Severity.HIGH)

    with pytest.raises(MissingReason):
        story.do("09-08 10:10", make(Escalate, ANA, audience=Audience.ALL, reason=""))


def test_opening_tells_the_stakeholders_once() -> None:
    story = Story().open(T0, Severity.CRITICAL)

    assert story.sent(MessageKind.OPENED) == [(1, "opened", "audience:stakeholders")]


def test_a_message_id_names_incident_entry_kind_and_target() -> None:
    story = Story().open(T0, Severity.CRITICAL)

    ids = [item.message_id for item in story.outbox]

    assert len(set(ids)) == len(ids)
    assert f"{story.incident.id}/2/page/person:commander-primary" in ids


def test_a_restricted_incident_says_severity_and_id_and_nothing_else() -> None:
    story = Story().open(T0, Severity.CRITICAL, Category.SECURITY, restricted=True)

    texts = " ".join(text for item in story.outbox for text in item.facts.values())

    assert story.sent(MessageKind.OPENED) == []
    assert "checkout" not in texts
    assert {item.facts["title"] for item in story.outbox} == {"restricted"}


def test_the_ladder_waits_for_nothing_the_index_does_not_hold() -> None:
    story = Story().open(T0, Severity.CRITICAL)

    assert next_due(story.incident, story.policy) == story.at("09-08 10:05")
    story.tick("09-08 10:05")
    assert next_due(story.incident, story.policy) == story.at("09-08 10:10")
    story.acknowledge("09-08 10:06")
    assert next_due(story.incident, story.policy) == story.at("09-08 10:25"), "an update is due"
    story.update("09-08 10:07")
    story.update("09-08 10:30", "u2")
    assert next_due(story.incident, story.policy) == story.at("09-08 10:55"), "the next is"
    story.tick("09-08 10:55")
    assert next_due(story.incident, story.policy) == story.at("09-08 11:00") + MOMENT, "silence"


def test_a_drill_pages_responders() -> None:
    story = Story()
    at = story.at(T0)

    story.do(at, make(OpenFromSignals, CLOUDWATCH, signals=(signal(at, drill=True),)))

    assert {item.facts["kind"] for item in story.outbox} == {"drill"}
    assert story.sent(MessageKind.PAGE)

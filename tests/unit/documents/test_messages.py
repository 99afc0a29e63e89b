"""What people read at night: first how bad, which incident and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tocsin.documents.fitting import SMS_SEPTETS, septets
from tocsin.documents.messages import render
from tocsin.errors import MalformedPayload
from tocsin.incidents.model.outbox import STAKEHOLDERS, OutboxItem
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import MessageKind, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tocsin.incidents.runbook.policy import Policy

OPENED = datetime(2026, 9, 8, 14, 0, tzinfo=UTC)
INCIDENT = "INC-01M20N32R0000G40R40M30E209"
POLICY = default()
KOLKATA = replace(POLICY, calendar=replace(POLICY.calendar, zone="Asia/Kolkata"))
PERSON = "person:commander-primary"
EVERY_MESSAGE = pytest.mark.parametrize(
    ("kind", "target"),
    [
        (MessageKind.PAGE, PERSON),
        (MessageKind.OPENED, PERSON),
        (MessageKind.OPENED, STAKEHOLDERS),
        (MessageKind.ACKNOWLEDGED, STAKEHOLDERS),
        (MessageKind.BREACH, PERSON),
        (MessageKind.REMINDER, PERSON),
    ],
)
DUE = format_time(OPENED + timedelta(minutes=15))


def an_item(
    kind: MessageKind = MessageKind.PAGE, target: str = PERSON, /, **changes: str
) -> OutboxItem:
    facts = {
        "title": "checkout-5xx: error rate 12 %",
        "severity": "critical",
        "category": "production",
        "kind": "real",
        "state": "open",
        "service": "checkout",
        "environment": "eu-west",
        "restricted": "false",
        "opened_at": format_time(OPENED),
        "acknowledge_due": DUE,
        "contain_due": format_time(OPENED + timedelta(hours=4)),
        "paged": "commander-primary, mitigation-primary",
        "round": "1",
    }
    if kind in {MessageKind.BREACH, MessageKind.REMINDER}:
        facts |= {"clock": "contain", "due_at": DUE}
    if kind is MessageKind.ACKNOWLEDGED:
        facts["person"] = "commander-primary"
    return OutboxItem(
        incident=INCIDENT,
        seq=2,
        kind=kind,
        target=target,
        due_at=OPENED + timedelta(minutes=1),
        correlation_id="corr-1",
        facts=facts | changes,
    )


def texts(item: OutboxItem, policy: Policy = POLICY) -> tuple[str, str, str]:
    message = render(item, policy)
    return message.subject, message.text, message.short


def test_a_page_says_how_bad_what_and_until_when_in_its_subject() -> None:
    subject, _, _ = texts(an_item())
    assert subject == (f"[CRITICAL] {INCIDENT} checkout-5xx: error rate 12 % - ACK by 10:15 EDT")


def test_the_short_text_of_a_page_is_one_sms_with_the_same_four_things() -> None:
    _, _, short = texts(an_item(title="checkout-5xx: " + "very long symptom " * 20))
    assert septets(short) <= SMS_SEPTETS
    assert short.startswith(f"[CRITICAL] {INCIDENT} checkout-5xx: very long")
    assert short.endswith("- ACK by 10:15 EDT")


def test_a_page_tells_who_else_was_asked_where_and_how_to_acknowledge() -> None:
    _, text, _ = texts(an_item())
    assert "Asked together with you: mitigation-primary." in text
    assert "Service checkout, environment eu-west." in text
    assert "Acknowledge by Tue 2026-09-08 10:15 EDT (14:15 UTC)" in text
    assert f"\ntocsin ack {INCIDENT}\n" in text
    assert "time." not in text


def test_a_later_round_says_that_people_are_asked_again() -> None:
    subject, text, _ = texts(an_item(asks="3"))
    assert "People are asked for the 3. time." in text
    assert f"{INCIDENT} 3x: checkout-5xx" in subject


def test_a_repeat_is_recognised_by_the_id_in_its_attributes_and_text() -> None:
    item = an_item()
    message = render(item, POLICY)
    assert message.attributes["message_id"] == f"{INCIDENT}/2/page/person:commander-primary"
    assert message.attributes["message_id"] in message.text
    assert message == render(item, POLICY)


def test_a_page_is_addressed_to_one_person() -> None:
    attributes = render(an_item(), POLICY).attributes
    assert attributes["person"] == "commander-primary"
    assert (attributes["incident"], attributes["severity"]) == (INCIDENT, "critical")
    assert (attributes["kind"], attributes["urgency"]) == ("page", "page")


@pytest.mark.parametrize("severity", list(Severity))
def test_a_severity_that_does_not_page_reaches_no_telephone(severity: Severity) -> None:
    attributes = render(an_item(severity=severity), POLICY).attributes
    wakes = severity in {Severity.CRITICAL, Severity.HIGH}
    assert attributes["urgency"] == ("page" if wakes else "mail")


@EVERY_MESSAGE
def test_only_a_page_and_a_missed_promise_may_ring(kind: MessageKind, target: str) -> None:
    rings = kind in {MessageKind.PAGE, MessageKind.BREACH}
    urgency = render(an_item(kind, target), POLICY).attributes["urgency"]
    assert urgency == ("page" if rings else "mail")


@EVERY_MESSAGE
def test_a_drill_says_so_first_in_every_text(kind: MessageKind, target: str) -> None:
    for text in texts(an_item(kind, target, kind="drill")):
        assert text.startswith("[DRILL] ")
    for text in texts(an_item(kind, target)):
        assert "DRILL" not in text


def test_the_drill_mark_of_an_alarm_is_not_said_twice() -> None:
    for text in texts(an_item(kind="drill", title="[DRILL] checkout-5xx")):
        assert text.count("[DRILL]") == 1


@EVERY_MESSAGE
def test_a_restricted_incident_shows_its_severity_and_id_and_nothing_else(
    kind: MessageKind, target: str
) -> None:
    for text in texts(an_item(kind, target, restricted="true")):
        assert INCIDENT in text
        assert "CRITICAL" in text
        assert "restricted" in text.lower()
        for secret in ("checkout", "eu-west", "error rate", "production"):
            assert secret not in text


@EVERY_MESSAGE
def test_no_title_breaks_a_line_or_smuggles_a_header(kind: MessageKind, target: str) -> None:
    subject, _, short = texts(an_item(kind, target, title="a\r\nBcc: everyone@example.org\x00"))
    assert subject.isprintable()
    assert short.isprintable()
    assert len(subject) < 100


@EVERY_MESSAGE
def test_every_time_in_a_text_names_its_zone_and_utc(kind: MessageKind, target: str) -> None:
    _, text, _ = texts(an_item(kind, target), KOLKATA)
    assert "Opened Tue 2026-09-08 19:30 IST (14:00 UTC)" in text


def test_stakeholders_get_the_internal_update_of_the_runbook() -> None:
    subject, text, _ = texts(an_item(MessageKind.OPENED, STAKEHOLDERS))
    assert subject == f"[CRITICAL] {INCIDENT} checkout-5xx: error rate 12 % - opened"
    assert (
        f"Incident {INCIDENT} | Severity: critical | Impact: checkout-5xx: error rate 12 % | "
        "Mitigation: responders were asked | "
        "Next update: Tue 2026-09-08 10:30 EDT (14:30 UTC)"
    ) in text


@pytest.mark.parametrize(
    ("severity", "next_update"),
    [
        ("high", "Tue 2026-09-08 11:00 EDT (15:00 UTC)"),
        ("medium", "Wed 2026-09-09 10:00 EDT (14:00 UTC)"),
        ("low", "on decision"),
    ],
)
def test_the_next_update_follows_the_cadence_of_the_severity(
    severity: str, next_update: str
) -> None:
    _, text, _ = texts(an_item(MessageKind.OPENED, STAKEHOLDERS, severity=severity))
    assert f"Next update: {next_update}\n" in text


def test_an_acknowledgement_names_who_has_it() -> None:
    subject, text, _ = texts(an_item(MessageKind.ACKNOWLEDGED, STAKEHOLDERS))
    assert subject.startswith(f"[CRITICAL] {INCIDENT} acknowledged by commander-primary: ")
    assert "commander-primary has it." in text


def test_a_breach_names_the_promise_and_when_it_was_due() -> None:
    subject, text, short = texts(an_item(MessageKind.BREACH))
    assert subject.startswith(f"[CRITICAL] {INCIDENT} MISSED: ")
    assert subject.endswith("- contain was due 10:15 EDT")
    assert short.endswith("- contain was due 10:15 EDT")
    assert "was due Tue 2026-09-08 10:15 EDT (14:15 UTC) and was not kept" in text


def test_a_reminder_is_told_from_a_missed_promise() -> None:
    subject, text, _ = texts(an_item(MessageKind.REMINDER))
    assert subject.startswith(f"[CRITICAL] {INCIDENT} LATE: ")
    assert "The working deadline to contain passed" in text


def test_a_reminder_of_the_ladder_asks_to_acknowledge() -> None:
    item = an_item(MessageKind.REMINDER, due_at="", clock="", severity="medium")
    message = render(item, POLICY)
    assert message.subject.endswith("- ACK by 10:15 EDT")
    assert message.attributes["urgency"] == "mail"


def test_a_page_somebody_asked_for_says_who_and_why() -> None:
    _, text, _ = texts(an_item(by="engineering-lead", reason="need a\ndatabase person"))
    assert "engineering-lead asks for you: need a database person" in text


def test_a_later_round_is_due_at_its_own_time() -> None:
    later = format_time(OPENED + timedelta(hours=5))
    subject, _, _ = texts(an_item(round="2", round_due=later))
    assert subject.endswith("- ACK by 15:00 EDT")


@pytest.mark.parametrize("missing", ["title", "severity", "kind", "opened_at", "restricted"])
def test_an_item_without_a_needed_fact_is_refused(missing: str) -> None:
    item = an_item()
    facts = {name: value for name, value in item.facts.items() if name != missing}
    broken = OutboxItem(
        incident=item.incident,
        seq=item.seq,
        kind=item.kind,
        target=item.target,
        due_at=item.due_at,
        correlation_id=item.correlation_id,
        facts=facts,
    )
    with pytest.raises(MalformedPayload, match=missing):
        render(broken, POLICY)


@pytest.mark.parametrize(
    "changes",
    [{"severity": "urgent"}, {"opened_at": "2026-09-08T10:00:00"}, {"acknowledge_due": ""}],
    ids=["unknown severity", "a time without its zone", "a page without a deadline"],
)
def test_an_item_with_an_unreadable_fact_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MalformedPayload):
        render(an_item(MessageKind.PAGE, PERSON, **changes), POLICY)

"""What cannot be written is never queued: whatever is done to an incident of whatever kind."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.worlds.desk import Desk
from tests.harness.worlds.stories import ANA, BO, SAM
from tests.harness.worlds.wishes import CASES
from tocsin.documents.writing import Documents
from tocsin.errors import IllegalTransition, TocsinError
from tocsin.incidents.commands.access import Restrict
from tocsin.incidents.commands.containment import LoseContainment
from tocsin.incidents.commands.people import AssignRole, Escalate
from tocsin.incidents.messages.notices import in_restricted_form
from tocsin.incidents.model.outbox import STAKEHOLDERS
from tocsin.incidents.vocabulary import Audience, Category, Kind, MessageKind, Role, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.incidents.model.outbox import OutboxItem

SUBJECT = 100
"""Characters SNS takes as a subject: fewer than this."""


def check(desk: Desk, items: Iterable[OutboxItem]) -> int:
    """Writes every message as it would leave; how many there are."""
    count = 0
    for item in items:
        for each in (item, in_restricted_form(item)):
            message = Documents().message(each, desk.policy)
            assert message.text
            assert len(message.subject) < SUBJECT, message.subject
        count += 1
    return count


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("hidden", [False, True])
def test_whatever_is_done_every_message_can_be_written(
    kind: Kind, severity: Severity, *, hidden: bool
) -> None:
    desk = Desk(default())
    incident = desk.open(severity, Category.SECURITY, kind=kind)
    if hidden:
        desk.ask(incident, Restrict, SAM, reason="who knows")
    desk.advance(60)
    desk.sweep()
    for cls, who, given, _begin in CASES:
        with suppress(TocsinError):
            desk.ask(incident, cls, who, **given)
        desk.advance(45)
        desk.sweep()
    with suppress(IllegalTransition, TocsinError):
        desk.contain(incident, ANA, BO)
        desk.ask(incident, LoseContainment, BO, reason="again")
    for _ in range(8):
        desk.advance(36 * 60)
        desk.sweep()
    least = 0 if kind is Kind.BACKFILLED else 30
    assert check(desk, desk.store.all_outbox()) >= least


class TestBackfilled:
    def test_nobody_is_asked_and_that_is_said(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.CRITICAL, kind=Kind.BACKFILLED)
        with pytest.raises(IllegalTransition, match="nobody is asked"):
            desk.ask(incident, Escalate, ANA, audience=Audience.ALL, reason="all of you")
        desk.contain(incident, ANA)
        desk.ask(incident, LoseContainment, BO, reason="again")
        desk.advance(7 * 24 * 60)
        desk.sweep()
        assert desk.sent(incident, MessageKind.PAGE) == []
        assert desk.entries(incident, "containment_lost")[0].content["people"] == []

    def test_a_role_is_given_and_told_all_the_same(self) -> None:
        desk = Desk()
        incident = desk.open(Severity.CRITICAL, kind=Kind.BACKFILLED)
        desk.ask(incident, AssignRole, BO, role=Role.MITIGATION_OWNER, person="cy")
        assert check(desk, desk.store.all_outbox()) == 1


@pytest.mark.parametrize("kind", [MessageKind.UPDATE, MessageKind.RECONCILIATION])
def test_what_a_robot_put_into_words_leaves_in_the_restricted_form(kind: MessageKind) -> None:
    desk = Desk()
    incident = desk.alarm("api-outage")
    words = {"headline": "checkout is down", "text": "nobody can pay at Acme"}
    (item, *_) = desk.store.all_outbox()
    told = replace(item, kind=kind, target=STAKEHOLDERS, facts={**item.facts, **words})
    message = Documents().message(in_restricted_form(told), desk.policy)
    assert "restricted" in message.subject
    assert "Acme" not in message.text
    assert incident.title not in message.subject + message.text + message.short

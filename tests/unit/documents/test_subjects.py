"""What a telephone and a mail show first: within every channel's limit, whatever it is about."""

from __future__ import annotations

import pytest

from tests.harness.worlds.desk import T0
from tocsin.documents.messages import render
from tocsin.incidents.model.outbox import OutboxItem
from tocsin.incidents.vocabulary import ClockName, Kind, MessageKind, Role, Severity, State
from tocsin.policy.compiled.policies import default


def matters() -> dict[str, dict[str, str]]:
    """Facts of every matter a message may be about, with the longest words they may hold."""
    criterion, person = "c" * 64, "p" * 64
    due = {"due_at": "2026-12-30T22:30:00.000Z"}
    plain = ("freeze", "waiver", "unscheduled", "prevention", "update", "update_missed")
    others = ("update_owed", "drill_stopped", "withdrawal", "withdrawal_open")
    found = {name: due | {"matter": name, "criterion": criterion} for name in (*plain, *others)}
    for name in ("role_taken", "role_passed"):
        found[name] = due | {"matter": name, "role": str(Role.COMMUNICATIONS_OWNER), "by": person}
    found["unshipped"] = due | {"matter": "unshipped", "criterion": due["due_at"]}
    for clock in ClockName:
        found[clock] = due | {"clock": str(clock)}
    found["asked"] = {"round_due": due["due_at"], "round": "12", "step": "40", "by": person}
    return found


UNWORDED = frozenset({MessageKind.CHAT, MessageKind.UPDATE, MessageKind.RECONCILIATION})
"""The room's notice has no subject, and what is passed on brings its own words."""


def worded() -> list[tuple[MessageKind, str]]:
    """Every kind of message that is put to words, with each matter it may be about."""
    return [
        (kind, name)
        for kind in MessageKind
        for name in matters()
        if kind not in UNWORDED and (kind, name) != (MessageKind.BREACH, "asked")
    ]


@pytest.mark.parametrize(("kind", "matter"), worded())
@pytest.mark.parametrize("severity", Severity)
def test_a_subject_stays_under_every_channels_limit(
    matter: str, severity: Severity, kind: MessageKind
) -> None:
    number = "DRILL-" + "9" * 24
    facts = {
        "title": "[DRILL] " + "a long title " * 15,
        "severity": str(severity),
        "kind": str(Kind.DRILL),
        "state": str(State.OPEN),
        "opened_at": "2026-12-30T22:30:00.000Z",
        "restricted": "false",
        "audience": "customers",
        "acknowledge_due": "2026-12-30T22:30:00.000Z",
        **matters()[matter],
    }
    item = OutboxItem(
        incident=number,
        seq=99_999_999,
        kind=kind,
        target="person:" + "p" * 64,
        due_at=T0,
        correlation_id="c",
        facts=facts,
    )
    message = render(item, default())
    assert len(message.subject) < 100
    assert message.subject.startswith("[DRILL]")
    assert len(message.short) <= 160

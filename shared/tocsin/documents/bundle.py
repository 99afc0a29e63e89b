"""The words of many pages in one text: how many, the worst, and where each is answered.

A restricted incident is counted, and how bad it is may be the worst; nothing names it, not its id
either, because the text stands for many and is shown to whoever looks at the telephone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.documents.facts import Facts
from tocsin.documents.fitting import fit_sms, fit_subject, text_line
from tocsin.documents.messages import DRILL_MARK, render, title_of, worded
from tocsin.incidents.vocabulary import Kind, Severity
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tocsin.incidents.model.outbox import OutboxItem
    from tocsin.incidents.runbook.policy import Policy

KIND = "bundle"
_WORST = tuple(Severity)


def worst_first(items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
    """By severity, then by what was asked for first."""

    def rank(item: OutboxItem) -> tuple[int, str, str]:
        severity = Severity(item.facts["severity"])
        return _WORST.index(severity), item.facts.get("opened_at", ""), item.message_id

    return tuple(sorted(items, key=rank))


def render_bundle(
    items: Sequence[OutboxItem],
    policies: Callable[[OutboxItem], Policy],
    *,
    message_id: str,
    link: str | None,
    at: datetime,
) -> Message:
    """One text for `items`, which are for one person, the worst first."""
    worst = items[0]
    facts = Facts.read(worst.facts)
    marker = f"{DRILL_MARK} " if facts.kind is Kind.DRILL else ""
    count = f"{len({item.incident for item in items})} MORE"
    severity = facts.severity.upper()
    known = "" if facts.restricted else f" {worst.called}{worded(worst, policies(worst), at).what}"
    title = "" if facts.restricted else title_of(facts)
    until = worded(worst, policies(worst), at).until
    before = f"{marker}{count}, worst {severity}{known or ', restricted'}"
    after = text_line(until.removeprefix("- ") if link else until)
    return Message(
        subject=fit_subject(before, title, until),
        text=_text(items, policies, count=f"{marker}{count}", link=link, at=at)
        + f"\nMessage {message_id}: the same id again is the same message again.\n",
        short=fit_sms(text_line(before), title, f"{after} {link}" if link else after),
        attributes={
            "person": worst.person,
            "severity": facts.severity,
            "kind": KIND,
            "message_id": message_id,
            "urgency": "page",
            "members": str(len(items)),
        },
    )


def _text(
    items: Sequence[OutboxItem],
    policies: Callable[[OutboxItem], Policy],
    *,
    count: str,
    link: str | None,
    at: datetime,
) -> str:
    answer = f"Answer each with one tap: {link}" if link else "Answer each: tocsin board"
    lines = [f"{count} incidents, more than are sent one by one.", "", answer, ""]
    return "\n".join([*lines, *(_one(item, policies(item), at) for item in items)]) + "\n"


def _one(item: OutboxItem, policy: Policy, at: datetime) -> str:
    facts = Facts.read(item.facts)
    if facts.restricted:
        return f"[{facts.severity.upper()}] restricted"
    return render(item, policy, at=at).subject

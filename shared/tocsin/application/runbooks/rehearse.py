"""Tries a runbook before incidents go by it: each kind of incident is opened by it, in thought.

Whoever compiles a runbook has checked it line by line. Here it is made sure that this code can
work with what came of it, for whoever sends something else, or compiled with another version.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import TYPE_CHECKING

from tocsin.errors import InvalidPolicy, TocsinError
from tocsin.incidents.commands.base import Tick
from tocsin.incidents.commands.opening import OpenIncident
from tocsin.incidents.events.evolve import evolve
from tocsin.incidents.messages.notices import messages
from tocsin.incidents.queries.agenda import next_due
from tocsin.incidents.queries.checklist import phases
from tocsin.incidents.queries.gate import gate
from tocsin.incidents.rules.decide import decide
from tocsin.incidents.runbook.calendar import MINUTES_PER_DAY
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import (
    ActorKind,
    Category,
    ClockName,
    Group,
    Phase,
    Role,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.incidents.runbook.policy import Policy

_INCIDENT = "INC-" + "0" * 26
_PERSON = Actor(ActorKind.PERSON, "rehearsal")
# What a policy of the wrong shape or with numbers out of bounds makes arithmetic raise.
_BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def check(policy: Policy, *, build: Policy, now: datetime) -> None:
    """Checks a policy that is to be published; `build` is the one this code came with.

    Raises:
        InvalidPolicy: something is missing that incidents need, or one could not be opened by it,
            or it changes what billing's functions read from their build alone.
    """
    for where, name in _missing(policy, build):
        key = f"{where}.{name}"
        raise InvalidPolicy(f"`{key}` is missing: it can be changed, not removed", key=key)
    for key, what in _unsafe(policy, build):
        raise InvalidPolicy(f"`{key}` {what}", key=key)
    if (policy.billing, policy.sampling) != (build.billing, build.sampling):
        raise InvalidPolicy(
            "`billing` and `reconciliation_sample` differ from what is deployed: those come with a "
            "deployment (tocsin runbook compile FILE --deploy), the rest can be published",
            key="billing",
        )
    rehearse(policy, now)


def rehearse(policy: Policy, now: datetime) -> None:
    """Opens an incident of each kind in thought: for a policy that another version of this checked.

    What a later build wants of a runbook beyond that is no reason to page by another.

    Raises:
        InvalidPolicy: one could not be opened by it, shown, or come due.
    """
    for severity, category in product(Severity, Category):
        try:
            _live(policy, severity, category, now)
        except (TocsinError, *_BROKEN) as error:
            detail = error.detail if isinstance(error, TocsinError) else repr(error)
            raise InvalidPolicy(
                f"no {severity} {category} incident can be opened by it: {detail}"
            ) from error


def _missing(policy: Policy, build: Policy) -> Iterator[tuple[str, str]]:
    tables: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
        ("severities", Severity, policy.severities),
        *((f"severities.{key}", ClockName, row.targets) for key, row in policy.severities.items()),
        ("roles", Role, policy.roles),
        ("roles.primary", Role, policy.roster.primary),
        ("roles.backup", Role, policy.roster.backup),
        ("paged", Category, policy.roster.paged),
        ("phases", Phase, policy.phases),
        *((f"phases.{key}.due", Severity, row.due) for key, row in policy.phases.items()),
        ("templates", build.templates, policy.templates),
        ("criteria", _codes(build), _codes(policy)),
    )
    for where, needed, given in tables:
        there = set(given)
        yield from ((where, name) for name in needed if name not in there)


def _unsafe(policy: Policy, build: Policy) -> Iterator[tuple[str, str]]:
    """What a page, an alarm or the gate would be lost by."""
    yield from _unsafe_paging(policy)
    for limit in fields(policy.limits):
        given = getattr(policy.limits, limit.name)
        if isinstance(limit.default, bool):
            if not isinstance(given, bool):
                yield f"limits.{limit.name}", "must be true or false"
        elif not _is_count(given):
            yield f"limits.{limit.name}", "must be a whole number, not below 0"
    if policy.calendar.minutes_per_day > MINUTES_PER_DAY:
        yield "business_time.day", "must fit into a day"
    waived = {criterion.code: set(criterion.never_waived_for) for criterion in policy.criteria}
    for criterion in build.criteria:
        if not set(criterion.never_waived_for) <= waived[criterion.code]:
            yield f"criteria.{criterion.code}.never_waived_for", "must name what it named before"
    caught = {rule.source for rule in policy.triage if rule.takes_all}
    for source in sorted({rule.source for rule in build.triage} - caught):
        yield "triage", f"must end with the pattern `*` for {source}: an alarm would be lost"


def _unsafe_paging(policy: Policy) -> Iterator[tuple[str, str]]:
    for severity, row in policy.severities.items():
        paging, ladder = f"severities.{severity}.paging", row.escalation
        if not ladder.steps or ladder.steps[0].after_minutes:
            yield f"{paging}.steps", "must begin at 0 minutes"
        if any(repeat.every_minutes <= 0 for repeat in ladder.repeats):
            yield f"{paging}.repeats", "must be longer than nothing"
        if ladder.pages and not ladder.ways:
            yield f"{paging}.ways", "must say by which ways a page is tried"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _codes(policy: Policy) -> list[str]:
    return [criterion.code for criterion in policy.criteria]


def _live(policy: Policy, severity: Severity, category: Category, now: datetime) -> None:
    """Opens, looks at everything a responder is shown, and lets the first due time pass."""
    opening = OpenIncident(
        incident_id=_INCIDENT,
        command_id="rehearsal",
        actor=_PERSON,
        correlation_id="rehearsal",
        groups=frozenset({Group.RESPONDER}),
        title="rehearsal",
        severity=severity,
        category=category,
    )
    incident = _after(None, opening, policy, now)
    phases(incident, policy, now)
    gate(incident, policy, now)
    if (due := next_due(incident, policy)) is not None:
        tick = Tick(incident_id=_INCIDENT, command_id="", actor=_PERSON, correlation_id="rehearsal")
        _after(incident, tick, policy, due)


def _after(before: Incident | None, command: Command, policy: Policy, at: datetime) -> Incident:
    events = decide(before, command, policy, at)
    after = before
    for event in events:
        seq = after.version + 1 if after else 1
        after = replace(evolve(after, event), version=seq, recorded_at=event.at)
    if after is None:
        raise InvalidPolicy("nothing happened")
    messages(events, after, policy, "rehearsal")
    return after

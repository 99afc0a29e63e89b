"""Compiled JSON back to the frozen policy, one function per record.

Written out rather than derived from annotations: it starts fast, needs no import at run time that
the type checker alone should need, and a record that gains a field fails its round-trip test.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tocsin.incidents.runbook.calendar import BusinessCalendar
from tocsin.incidents.runbook.paging import (
    PAGE_WAYS,
    QUIET_WAYS,
    ChatRoom,
    Escalation,
    PageRepeat,
    PageStep,
    RolePolicy,
    Roster,
)
from tocsin.incidents.runbook.policy import (
    AccessRow,
    Billing,
    Change,
    ChangedKey,
    ChecklistItem,
    Criterion,
    CriterionSection,
    Doubt,
    Limits,
    Line,
    Noise,
    PhasePolicy,
    Policy,
    RuleMode,
    Sampling,
    SeverityPolicy,
    Template,
    TriageRule,
    Trigger,
    UpdateCadence,
    Work,
)
from tocsin.incidents.runbook.smoke_tests import SmokeTest
from tocsin.incidents.runbook.targets import Elapsed
from tocsin.incidents.vocabulary import (
    Audience,
    Category,
    ClockName,
    Phase,
    Role,
    RoomNews,
    Severity,
    WayKind,
)
from tocsin.policy.compiled.targets import parse_minutes, parse_target, parse_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SCHEMA_VERSION = 1

ESSENTIAL_BEFORE = ("checkout", "invoice_payment", "customer_cancellation", "refund")
"""`billing.essential` of what was compiled before there was such a key; billing's words."""

type Record = dict[str, Any]


def decode_policy(plain: Record) -> Policy:
    """The policy of a compiled document.

    Raises:
        ValueError: another schema version, or a value outside its vocabulary.
        LookupError, TypeError, AttributeError: not the shape of a compiled policy.
    """
    if plain["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema version {plain['schema_version']} is not {SCHEMA_VERSION}")
    return Policy(
        schema_version=plain["schema_version"],
        version=plain["version"],
        calendar=_calendar(plain["calendar"]),
        closed_names={date.fromisoformat(day): why for day, why in plain["closed_names"].items()},
        severities={Severity(key): _severity(row) for key, row in plain["severities"].items()},
        roles={Role(key): _role(row) for key, row in plain["roles"].items()},
        roster=_roster(plain["roster"]),
        phases={Phase(key): _phase(row) for key, row in plain["phases"].items()},
        checklist=_each(_item, plain["checklist"]),
        triggers=_each(_trigger, plain["triggers"]),
        templates={key: _template(row) for key, row in plain["templates"].items()},
        evidence=_each(_line, plain["evidence"]),
        postmortem_fields=_each(_line, plain["postmortem_fields"]),
        preventive_controls=_each(_line, plain["preventive_controls"]),
        executive_summary=_each(_line, plain["executive_summary"]),
        criteria=_each(_criterion, plain["criteria"]),
        triage=_each(_rule, plain["triage"]),
        limits=Limits(**plain["limits"]),
        sampling=Sampling(**plain["sampling"]),
        billing=_billing(plain["billing"]),
        texts=dict(plain["texts"]),
        chat_room=_chat_room(plain.get("chat_room")),
        change=None if plain["change"] is None else _change(plain["change"]),
        smoke_tests=_each(_smoke_test, plain.get("smoke_tests", [])),
        doubts=_each(_doubt, plain.get("doubts", [])),
        noise=Noise(**plain["noise"]) if plain.get("noise") else None,
        work=_work(plain.get("work")),
    )


def _work(plain: Record | None) -> Work | None:
    if not plain:
        return None
    expected = dict(plain.get("expected", {}))
    patterns = {name: tuple(each) for name, each in plain.items() if name != "expected"}
    return Work(**patterns, expected=expected)


def _each[T](decode: Callable[[Record], T], rows: list[Record]) -> tuple[T, ...]:
    return tuple(decode(row) for row in rows)


def _calendar(plain: Record) -> BusinessCalendar:
    return BusinessCalendar(
        zone=plain["zone"],
        weekly_hours={
            int(weekday): tuple((start, end) for start, end in spans)
            for weekday, spans in plain["weekly_hours"].items()
        },
        closed_dates=frozenset(map(date.fromisoformat, plain["closed_dates"])),
        minutes_per_day=plain["minutes_per_day"],
        version=plain["version"],
        holidays_until=plain.get("holidays_until"),
    )


def _doubt(plain: Record) -> Doubt:
    return Doubt(**plain)


def _severity(plain: Record) -> SeverityPolicy:
    return SeverityPolicy(
        severity=Severity(plain["severity"]),
        typical_example=plain["typical_example"],
        targets={ClockName(key): parse_target(text) for key, text in plain["targets"].items()},
        escalation=_escalation(plain["escalation"]),
        monitoring=Elapsed(parse_minutes(plain["monitoring"])),
        internal_updates=_cadence(plain["internal_updates"]),
        customer_updates=_cadence(plain["customer_updates"]),
    )


def _escalation(plain: Record) -> Escalation:
    timeout = plain["acknowledge_timeout"]
    return Escalation(
        pages=plain["pages"],
        steps=tuple(
            PageStep(step["after_minutes"], tuple(map(Audience, step["audiences"])))
            for step in plain["steps"]
        ),
        repeats=tuple(PageRepeat(**repeat) for repeat in plain["repeats"]),
        acknowledge_timeout=None if timeout is None else parse_target(timeout),
        ways=_ways(plain.get("ways", PAGE_WAYS)),
        quiet_ways=_ways(plain.get("quiet_ways", QUIET_WAYS)),
    )


def _ways(plain: Iterable[str]) -> tuple[WayKind, ...]:
    return tuple(map(WayKind, plain))


def _cadence(plain: Record) -> UpdateCadence:
    return UpdateCadence(
        **{key: None if text is None else parse_update(text) for key, text in plain.items()}
    )


def _role(plain: Record) -> RolePolicy:
    return RolePolicy(**{**plain, "role": Role(plain["role"])})


def _roster(plain: Record) -> Roster:
    return Roster(
        primary={Role(key): person for key, person in plain["primary"].items()},
        backup={Role(key): person for key, person in plain["backup"].items()},
        engineering_lead=plain["engineering_lead"],
        paged={Category(key): tuple(map(Role, roles)) for key, roles in plain["paged"].items()},
        deputies={Role(key): tuple(line) for key, line in plain.get("deputies", {}).items()},
    )


def _phase(plain: Record) -> PhasePolicy:
    return PhasePolicy(
        phase=Phase(plain["phase"]),
        title=plain["title"],
        due={Severity(key): _phase_due(text) for key, text in plain["due"].items()},
        numbered=plain["numbered"],
        categories=_categories(plain["categories"]),
    )


def _phase_due(text: str) -> Elapsed | ClockName:
    return ClockName(text) if text in ClockName else Elapsed(parse_minutes(text))


def _item(plain: Record) -> ChecklistItem:
    return ChecklistItem(
        id=plain["id"],
        phase=Phase(plain["phase"]),
        text=plain["text"],
        parent=plain["parent"],
        categories=_categories(plain["categories"]),
        severities=None if plain["severities"] is None else _severities(plain["severities"]),
    )


def _line(plain: Record) -> Line:
    return Line(**plain)


def _trigger(plain: Record) -> Trigger:
    return Trigger(**{**plain, "categories": _categories(plain["categories"])})


def _criterion(plain: Record) -> Criterion:
    return Criterion(
        code=plain["code"],
        text=plain["text"],
        section=CriterionSection(plain["section"]),
        categories=_categories(plain["categories"]),
        never_waived_for=_severities(plain["never_waived_for"]),
    )


def _rule(plain: Record) -> TriageRule:
    typed = {
        "severity": Severity(plain["severity"]),
        "category": Category(plain["category"]),
        "words": tuple(plain.get("words", ())),
        "hints": tuple(map(Severity, plain.get("hints", ()))),
        "roles": tuple(map(Role, plain.get("roles", ()))),
        "containment": tuple(plain.get("containment", ())),
        "mode": RuleMode(plain.get("mode", "")),
        "parents": tuple(plain.get("parents", ())),
    }
    return TriageRule(**{**plain, **typed})


def _smoke_test(row: Record) -> SmokeTest:
    services, categories = row["services"], row["categories"]
    return SmokeTest(
        id=row["id"],
        url=row["url"],
        method=row["method"],
        status=row["status"],
        contains=row["contains"],
        seconds=row["seconds"],
        services=None if services is None else tuple(services),
        categories=None if categories is None else tuple(map(Category, categories)),
    )


def _billing(plain: Record) -> Billing:
    access = {status: AccessRow(**row) for status, row in plain["access"].items()}
    return Billing(
        access,
        tuple(plain["confirm"]),
        tuple(plain.get("essential", ESSENTIAL_BEFORE)),
        tuple(plain.get("add_ons", ())),
    )


def _chat_room(plain: Record | None) -> ChatRoom | None:
    """None also for a policy compiled before there were rooms."""
    if plain is None:
        return None
    return ChatRoom(
        tells=tuple(map(RoomNews, plain["tells"])),
        categories=tuple(map(Category, plain["categories"])),
    )


def _change(plain: Record) -> Change:
    return Change(**{**plain, "keys": tuple(ChangedKey(**key) for key in plain["keys"])})


def _template(plain: Record) -> Template:
    return Template(**{**plain, "claims": tuple(plain.get("claims", ()))})


def _categories(plain: list[str] | None) -> tuple[Category, ...] | None:
    return None if plain is None else tuple(map(Category, plain))


def _severities(plain: list[str]) -> tuple[Severity, ...]:
    return tuple(map(Severity, plain))

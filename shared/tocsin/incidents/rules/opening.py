"""How an incident begins: from signals that fire, or from a person who says so.

Signals that join an open incident leave one entry per batch, and raise it if they say it is worse.
Only what no signal has asked for before can raise the severity. A repeat of a known alarm does
not undo a commander who lowered it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.errors import BadInput, GroupRequired, IllegalTransition
from tocsin.incidents import limits
from tocsin.incidents.clocks import cadence
from tocsin.incidents.clocks.promises import acknowledge_due, started
from tocsin.incidents.commands.opening import (
    EndSignal,
    HearClears,
    MergeSignals,
    OpenFromSignals,
    OpenIncident,
)
from tocsin.incidents.events.access import AccessChanged
from tocsin.incidents.events.opening import (
    ClearsHeard,
    Opened,
    SignalEnded,
    SignalSeen,
    SignalsMerged,
)
from tocsin.incidents.model.incident import Incident, Round, RoundReason
from tocsin.incidents.model.parts import Access
from tocsin.incidents.model.signals import Signal, Triage, triage
from tocsin.incidents.rules.draft import Draft, reason_of
from tocsin.incidents.rules.fix import settle_window
from tocsin.incidents.rules.people import page_people
from tocsin.incidents.rules.severity import raise_to
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import (
    BECOME_COMMANDER,
    BY_HAND,
    Category,
    Group,
    Kind,
    Role,
    Severity,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """What the two ways of opening differ in."""

    kind: Kind
    title: str
    detail: str
    severity: Severity
    category: Category
    source: str
    rule: str | None
    service: str | None
    environment: str
    opened_at: datetime
    began_at: datetime | None
    restricted: bool = False
    previous: str | None = None
    reported: bool = False
    roles: tuple[Role, ...] = ()
    containment: tuple[str, ...] = ()


def open_by_person(draft: Draft, command: OpenIncident) -> None:
    """Opens with what the person gives; t0 of a report is when it was received.

    Raises:
        BadInput: it would have begun or been received in the future.
        GroupRequired: a viewer opens, or somebody but a commander backfills.
    """
    draft.responder()
    if command.kind is Kind.BACKFILLED and Group.COMMANDER not in command.groups:
        raise GroupRequired(f"only commanders backfill an incident: {BECOME_COMMANDER}")
    opened_at = command.received_at or draft.at
    if opened_at > draft.at or (command.began_at or draft.at) > draft.at:
        raise BadInput("an incident cannot begin or be reported in the future")
    _open(
        draft,
        _Start(
            kind=command.kind,
            title=limits.line("title", command.title),
            detail=limits.optional_body("detail", command.detail),
            severity=command.severity,
            category=command.category,
            source=BY_HAND,
            rule=None,
            service=limits.line("service", command.service) if command.service else None,
            environment=limits.line("environment", command.environment),
            opened_at=opened_at,
            began_at=command.began_at,
            restricted=command.restricted,
            previous=limits.name("previous", command.previous) if command.previous else None,
            reported=command.received_at is not None and command.previous is None,
        ),
    )
    _as_before(draft, command.access or Access(), f"as in {command.called or command.previous}")
    page_people(draft)


def _as_before(draft: Draft, access: Access, reason: str) -> None:
    """Who was let into the whole, or kept out of it, is so of its part, before anybody is asked."""
    for person, allowed in (
        *((person, True) for person in access.added),
        *((person, False) for person in access.excluded),
    ):
        draft.add(AccessChanged(**draft.stamp, person=person, allowed=allowed, reason=reason))


def open_from_signals(draft: Draft, command: OpenFromSignals) -> None:
    """Opens from the worst firing signal; harm began, as far as known, with the first of them.

    t0 of a person's report is when it was received.

    Raises:
        IllegalTransition: none is firing; a clear signal never opens an incident.
    """
    firing = [signal for signal in in_order(command.signals) if signal.firing]
    if not firing:
        raise IllegalTransition("a clear signal opens no incident")
    worst = min(firing, key=lambda signal: triage(signal, draft.policy).severity.rank)
    found = triage(worst, draft.policy)
    _open(
        draft,
        _Start(
            kind=Kind.DRILL if worst.drill else Kind.REAL,
            title=limits.shortened(worst.title.strip() or worst.rule, limits.LINE),
            detail=_detail(worst, found),
            severity=found.severity,
            category=found.category,
            source=worst.source,
            rule=found.rule,
            service=limits.shortened(found.service, limits.LINE) if found.service else None,
            environment=limits.shortened(worst.environment, limits.LINE),
            opened_at=min(worst.received_at or draft.at, draft.at),
            began_at=min(firing[0].occurred_at, draft.at),
            previous=command.previous,
            reported=worst.received_at is not None and command.previous is None,
            roles=found.roles,
            containment=found.containment,
        ),
    )
    add_signals(draft, command.signals)
    page_people(draft)


def _detail(signal: Signal, found: Triage) -> str:
    """What the source says of it, and whether any rule knew it."""
    said = limits.shortened(signal.detail, limits.SIGNAL_DETAIL)
    if found.known:
        return said
    why = "taken from the account's events" if signal.overheard else "it was sent here on purpose"
    return "\n".join(filter(None, (said, f"{NO_RULE}: {found.severity}, for {why}.")))


NO_RULE = "No rule of the runbook knows this signal"
"""How the detail of an incident says that only the rule for everything else took it."""


def _open(draft: Draft, start: _Start) -> None:
    timed = start.kind is not Kind.BACKFILLED
    policy = draft.policy
    draft.add(
        Opened(
            actor=draft.actor,
            at=draft.at,
            occurred_at=draft.occurred_at,
            incident=draft.command.incident_id,
            kind=start.kind,
            title=start.title,
            detail=start.detail,
            severity=start.severity,
            category=start.category,
            source=start.source,
            rule=start.rule,
            service=start.service,
            environment=start.environment,
            opened_at=start.opened_at,
            began_at=start.began_at,
            restricted=start.restricted,
            policy_version=policy.version,
            calendar_version=policy.calendar.version,
            correlation_id=draft.command.correlation_id,
            clocks=started(policy, start.severity, start.opened_at) if timed else (),
            round=_first_round(draft, start) if timed else None,
            previous=start.previous,
            update_due=_first_update(draft, start) if timed else None,
            triage_due=_triage_due(draft, start) if timed and start.reported else None,
            roles=start.roles or None,
            containment=start.containment or None,
        )
    )


def _triage_due(draft: Draft, start: _Start) -> datetime:
    return start.opened_at + timedelta(minutes=draft.policy.limits.report_triage_minutes)


def _first_update(draft: Draft, start: _Start) -> datetime | None:
    return cadence.first_by(draft.policy, start.severity, cadence.INTERNAL, start.opened_at)


def _first_round(draft: Draft, start: _Start) -> Round:
    """Due from t0; paging counts from now, so a late report starts with the first rung."""
    return Round(
        number=1,
        reason=RoundReason.OPENED,
        started_at=start.opened_at,
        due_at=acknowledge_due(draft.policy, start.severity, start.opened_at),
        ladder_start=draft.at,
    )


def merge_signals(draft: Draft, command: MergeSignals) -> None:
    """Records the batch and raises the severity if it newly asks for more.

    A signal that returned and cleared within the batch stops the window as it would have in two.
    """
    draft.require_open()
    known = draft.incident.signal_severity
    returned = _fires_meanwhile(draft.incident, command.signals)
    add_signals(draft, command.signals)
    settle_window(draft, flapped=returned and not draft.incident.firing)
    raise_as_asked(draft, command.signals, known)


def raise_as_asked(draft: Draft, signals: Sequence[Signal], known: Severity | None) -> bool:
    """Raises the severity to what signals newly ask for, if it is worse than it is; whether so."""
    asked = draft.incident.signal_severity
    if asked is None or asked == known or asked.rank >= draft.incident.severity.rank:
        return False
    worst = next(
        signal
        for signal in in_order(signals)
        if signal.firing and triage(signal, draft.policy).severity is asked
    )
    raise_to(draft, asked, reason=f"signal: {limits.shortened(worst.title, limits.LINE)}")
    return True


def _fires_meanwhile(incident: Incident, signals: Sequence[Signal]) -> bool:
    """Whether one of the signals says something new, and that it fires."""
    for signal in signals:
        known = incident.signals.get(signal.key)
        if signal.firing and (known is None or known.last_at <= signal.occurred_at):
            return True
    return False


def end_signal(draft: Draft, command: EndSignal) -> None:
    """The commander ends a signal whose source is gone.

    Raises:
        BadInput: none that fires is called so, or several are; with those that fire.
        GroupRequired: the person is not the commander.
    """
    draft.require_open()
    person = draft.require(Role.INCIDENT_COMMANDER)
    reason = reason_of(command.reason)
    wanted = command.signal.strip()
    firing = sorted(key for key, state in draft.incident.signals.items() if state.firing)
    found = [key for key in firing if key == wanted] or [
        key for key in firing if wanted and key.endswith(wanted)
    ]
    if len(found) != 1:
        several = "several are called so" if found else "none is called so"
        known = ", ".join(limits.shortened(key, limits.LINE) for key in (found or firing)[:_LISTED])
        raise BadInput(f"{several}; firing: {known or 'nothing'}", field="signal")
    draft.add(SignalEnded(**draft.stamp, key=found[0], person=person, reason=reason))
    settle_window(draft)


_LISTED = 5
"""Signals that a refusal names."""


def hear_clears(draft: Draft, command: HearClears) -> None:
    """Records that what still fired when it was closed has cleared.

    Raises:
        IllegalTransition: it is open: then signals are merged.
    """
    if draft.incident.open:
        raise IllegalTransition(f"{draft.incident.name} is open")
    news = [
        signal
        for signal in in_order(command.signals)
        if signal.key in draft.incident.signals and not signal.firing and not signal.only_told
    ]
    if not any(draft.incident.signals[signal.key].firing for signal in news):
        return
    draft.add(
        ClearsHeard(
            actor=draft.actor,
            at=draft.at,
            occurred_at=news[-1].occurred_at,
            signals=tuple(_seen(signal, in_full=False) for signal in news),
        )
    )


def add_signals(draft: Draft, signals: Sequence[Signal]) -> None:
    """Adds the entry for a batch."""
    if not signals or len(signals) > limits.SIGNALS_PER_ENTRY:
        raise BadInput(f"an entry takes 1 to {limits.SIGNALS_PER_ENTRY} signals")
    keys = {signal.key for signal in signals} | set(draft.incident.signals)
    if len(keys) > limits.KEYS_PER_INCIDENT:
        raise BadInput(f"an incident joins at most {limits.KEYS_PER_INCIDENT} dedup keys")
    ordered = in_order(signals)
    draft.add(
        SignalsMerged(
            actor=draft.actor,
            at=draft.at,
            occurred_at=ordered[-1].occurred_at,
            signals=tuple(
                _seen(signal, in_full=left <= limits.SIGNALS_IN_FULL)
                for left, signal in zip(range(len(ordered), 0, -1), ordered, strict=True)
            ),
            severity=_asked_for(ordered, draft.policy),
        )
    )


def in_order(signals: Sequence[Signal]) -> list[Signal]:
    """By the source's own times; a queue may deliver them in any order."""
    return sorted(signals, key=lambda signal: (signal.occurred_at, signal.id))


def _asked_for(signals: Sequence[Signal], policy: Policy) -> Severity | None:
    asked = [triage(signal, policy).severity for signal in signals if signal.firing]
    return min(asked, key=lambda severity: severity.rank, default=None)


def _seen(signal: Signal, *, in_full: bool) -> SignalSeen:
    """Only the newest of a batch are kept in full, so that a storm's entry stays small."""
    return SignalSeen(
        id=limits.shortened(signal.id, limits.LINE),
        key=signal.key,
        firing=signal.firing,
        occurred_at=signal.occurred_at,
        title=limits.shortened(signal.title, limits.LINE),
        detail=limits.shortened(signal.detail, limits.SIGNAL_DETAIL) if in_full else "",
        facts=limits.facts(signal.facts) if in_full else {},
        only_told=signal.only_told or None,
        link=limits.shortened(signal.link, limits.REASON) if in_full and signal.link else None,
    )

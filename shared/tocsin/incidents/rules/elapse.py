"""What time alone does: breaches, reminders, new rounds, and, for a tick, the next page.

It runs before every command, so a late sweep gives the same result: whatever fell due first is
recorded first, with the time it was due. Only a tick pages and reminds, because a person who acts
at that moment makes it moot.
"""

from collections.abc import Callable

from tocsin.incidents.events.severity import ClockBreached, DeadlinePassed
from tocsin.incidents.model.incident import RoundReason
from tocsin.incidents.queries.agenda import Due, Matter, agenda
from tocsin.incidents.rules import freeze as freezing
from tocsin.incidents.rules.closing import waiver_expired
from tocsin.incidents.rules.containment import lose_containment_to_signal
from tocsin.incidents.rules.draft import CLOCK, Draft
from tocsin.incidents.rules.fix import end_pause
from tocsin.incidents.rules.people import page_people, start_round
from tocsin.incidents.rules.reminders import left_unscheduled, nag
from tocsin.incidents.rules.updates import prevention_overdue, remind_of_update, update_missed
from tocsin.incidents.vocabulary import ClockName

_ASKING = frozenset({Matter.PAGE, Matter.UPDATE_SOON})
"""What only asks people to act: moot when one of them just does."""


def elapse(draft: Draft, *, pages: bool) -> None:
    """Does what has come by `draft.at`, in the order it came."""
    while (due := _first(draft, pages=pages)) is not None:
        _ACTS[due.matter](draft, due)


def _first(draft: Draft, *, pages: bool) -> Due | None:
    come = (due for due in agenda(draft.incident, draft.policy) if due.has_come(draft.at))
    return next((due for due in come if pages or due.matter not in _ASKING), None)


def _clock(draft: Draft, due: Due) -> None:
    current = draft.incident.round
    name = due.clock or ClockName.ACKNOWLEDGE
    of_round = name is ClockName.ACKNOWLEDGE and current is not None
    draft.add(
        ClockBreached(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due.at,
            clock=name,
            due_at=due.at,
            round=current.number if of_round and current is not None else None,
        )
    )


def _reminder(draft: Draft, due: Due) -> None:
    draft.add(
        DeadlinePassed(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due.at,
            clock=due.clock or ClockName.CONTAIN,
            due_at=due.at,
        )
    )


def _nag(draft: Draft, due: Due) -> None:
    nag(draft, due.clock or ClockName.CONTAIN)


def _timeout(draft: Draft, due: Due) -> None:
    start_round(draft, RoundReason.TIMEOUT, due.at, CLOCK)


def _page(draft: Draft, _due: Due) -> None:
    page_people(draft)


def _resume(draft: Draft, _due: Due) -> None:
    end_pause(draft)


def _lost(draft: Draft, due: Due) -> None:
    lose_containment_to_signal(draft, due.at)


def _freeze(draft: Draft, due: Due) -> None:
    freezing.warn(draft, due.until or due.at, due.at)


def _review(draft: Draft, _due: Due) -> None:
    left_unscheduled(draft)


_ACTS: dict[Matter, Callable[[Draft, Due], None]] = {
    Matter.CLOCK: _clock,
    Matter.ROUND: _clock,
    Matter.REMINDER: _reminder,
    Matter.NAG: _nag,
    Matter.TIMEOUT: _timeout,
    Matter.PAGE: _page,
    Matter.RESUME: _resume,
    Matter.LOST: _lost,
    Matter.WAIVER: waiver_expired,
    Matter.FREEZE: _freeze,
    Matter.UPDATE_SOON: remind_of_update,
    Matter.UPDATE: update_missed,
    Matter.PREVENTION: prevention_overdue,
    Matter.REVIEW: _review,
}

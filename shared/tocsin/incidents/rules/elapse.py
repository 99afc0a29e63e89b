"""What time alone does: breaches, reminders, new rounds, and, for a tick, the next page.

It runs before every command, so a late sweep gives the same result: whatever fell due first is
recorded first, with the time it was due. Only a tick pages and reminds, because a person who acts
at that moment makes it moot.

One write holds only so much (`budget`). A tick does what fits, in order, and the next one goes on.
A command records the clocks whatever else there is, because it is judged by them; of the rest it
takes what fits, and leaves what does not to the next tick.

An act that leaves its matter as it was would be done for ever: whatever else is due is done first,
people's commands are carried out, and only then does the tick say so.
"""

from collections.abc import Callable

from tocsin.incidents.events.severity import ClockBreached, DeadlinePassed
from tocsin.incidents.model.incident import RoundReason
from tocsin.incidents.queries.agenda import Due, Matter, agenda
from tocsin.incidents.rules import freeze as freezing
from tocsin.incidents.rules.budget import BEFORE_A_COMMAND, OF_A_TICK, weigh
from tocsin.incidents.rules.closing import waiver_expired
from tocsin.incidents.rules.containment import lose_containment_to_signal
from tocsin.incidents.rules.draft import CLOCK, Draft
from tocsin.incidents.rules.fix import end_pause
from tocsin.incidents.rules.people import escalate_further, page_people, stand_down, start_round
from tocsin.incidents.rules.reminders import left_unscheduled, nag
from tocsin.incidents.rules.requests import unanswered
from tocsin.incidents.rules.updates import prevention_overdue, remind_of_update, update_missed
from tocsin.incidents.rules.waiting import too_old
from tocsin.incidents.vocabulary import ClockName

_ASKING = frozenset(
    {Matter.PAGE, Matter.UPDATE_SOON, Matter.ESCALATION, Matter.REQUEST, Matter.STAND_DOWN}
)
"""What only asks or tells people: no command waits for it, and some of it is moot by then."""

_JUDGING = frozenset(
    {
        *(Matter.CLOCK, Matter.ROUND, Matter.TIMEOUT, Matter.RESUME, Matter.LOST),
        Matter.PROPOSAL,
    }
)
"""What a command that comes now is judged by: recorded before it, and never many."""


def elapse(draft: Draft, *, pages: bool) -> None:
    """Does what has come by `draft.at`, in the order it came, as far as one write holds it.

    Raises:
        RuntimeError: all that is due came to nothing, which no rule means to happen.
    """
    before, left, stuck = draft.incident, set[Due](), None
    while (due := _first(draft, left, pages=pages)) is not None:
        mark = draft.mark()
        _ACTS[due.matter](draft, due)
        if len(draft.events) == mark[1]:
            left.add(due)
            stuck = due
            continue
        room = OF_A_TICK if pages else BEFORE_A_COMMAND
        if not mark[1] or (not pages and due.matter in _JUDGING):
            continue
        if not weigh(draft, before).fits(room):
            draft.back_to(mark)
            if pages:
                return
            left.add(due)
    if pages and stuck is not None and not draft.events:
        raise RuntimeError(f"{stuck.matter} was due {stuck.at} and nothing comes of it")


def _first(draft: Draft, left: set[Due], *, pages: bool) -> Due | None:
    for due in agenda(draft.incident, draft.policy):
        if due.has_come(draft.at) and due not in left and (pages or due.matter not in _ASKING):
            return due
    return None


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


def _escalation(draft: Draft, _due: Due) -> None:
    escalate_further(draft)


def _stand_down(draft: Draft, _due: Due) -> None:
    stand_down(draft)


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
    Matter.ESCALATION: _escalation,
    Matter.REQUEST: unanswered,
    Matter.STAND_DOWN: _stand_down,
    Matter.PROPOSAL: too_old,
}

"""Runs, actions and rules of containment as the API shows them: shapes in `containing_shapes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.incident_api.resources import containing_shapes as s
from tocsin.containment import runs as r
from tocsin.containment.guards import others_needed
from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import Purpose, Run
from tocsin.containment.suggest import suggest
from tocsin.runtime.web.answers import view_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tocsin.containment.guards import Rules
    from tocsin.containment.registry import Action
    from tocsin.containment.rulebook import Rulebook
    from tocsin.incidents.model.incident import Incident


def listing(
    incident: Incident, rules: Rules, runs: tuple[s.ContainmentRun, ...], *, on: bool
) -> s.Containments:
    """The actions, those that fit first."""
    fits = {one.action: one.reasons for one in suggest(incident)}
    order = {name: place for place, name in enumerate((*fits, *ACTIONS.names))}
    ranked = sorted(ACTIONS, key=lambda action: order[action.name])
    actions = tuple(
        view_of(
            s.ContainmentAction,
            action,
            inputs=tuple(view_of(s.ContainmentInput, each) for each in action.asked),
            others=others_needed(action, incident.severity, {}, rules),
            lasts_seconds=_seconds(action.lasts),
            longest_seconds=_seconds(action.longest),
            fits=fits.get(action.name, ()),
        )
        for action in ranked
    )
    return s.Containments(on=on, actions=actions, runs=runs)


def run_view(run: Run, rules: Rules, now: datetime) -> s.ContainmentRun:
    """A run as it stands under the rules in force."""
    action = ACTIONS.entry(run.action)
    return view_of(
        s.ContainmentRun,
        run,
        title=action.title,
        void=run.state in r.WAITING and run.rules != rules.digest,
        asks=_asks(run, action, rules, now),
        approvals=tuple(view_of(s.ContainmentYes, each) for each in run.approvals),
        seen=run.seen.owned,
        around=run.seen.around,
        before=None if run.before is None else run.before.owned,
    )


def book_view(book: Rulebook) -> s.ContainmentRulebook:
    """What is in force and what waits."""
    edition, waiting = book.edition, book.proposal
    return s.ContainmentRulebook(
        rules=view_of(s.ContainmentRuling, book.rules),
        edition=None if edition is None else view_of(s.ContainmentEdition, edition),
        proposal=None
        if waiting is None
        else view_of(
            s.ContainmentProposal,
            waiting,
            rules=view_of(s.ContainmentRuling, waiting.rules),
            agree=waiting.bound,
        ),
    )


def _asks(run: Run, action: Action, rules: Rules, now: datetime) -> s.ContainmentAsks | None:
    """Whose yes is missing to what comes next; None where none is, or where none helps."""
    undo = run.undo_asked
    if run.state in r.WAITING:
        purpose, by, until, under = Purpose.EXECUTE, run.asked_by, run.approve_by, run.rules
        needed = run.others
    elif undo is not None and run.state not in (*r.BUSY, *r.OVER):
        purpose, by, until, under = Purpose.UNDO, undo.by, undo.until, undo.rules
        needed = action.undo_others
    else:
        return None
    given = sum(each.purpose is purpose and each.spent_at is None for each in run.approvals)
    if given >= needed or now >= until or under != rules.digest:
        return None
    return s.ContainmentAsks(
        purpose=purpose, by=by, until=until, more=needed - given, agree=r.bound(run, purpose)
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())

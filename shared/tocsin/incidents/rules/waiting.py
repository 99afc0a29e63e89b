"""What waits for a second person ends: after a day, or when the incident becomes another one.

Whoever agrees weeks later, or after a raise, would agree to something nobody asked for any more.
"""

from datetime import datetime, timedelta

from tocsin.incidents.events.requests import ProposalEnded
from tocsin.incidents.queries.agenda import Due
from tocsin.incidents.queries.waiting import waiting
from tocsin.incidents.rules.draft import CLOCK, Draft, Stamp

LIFE = timedelta(hours=24)


def until(draft: Draft) -> datetime:
    """When what is asked for now is over."""
    return draft.at + LIFE


def too_old(draft: Draft, due: Due) -> None:
    """Ends what nobody agreed to in time."""
    stamp: Stamp = {"actor": CLOCK, "at": draft.at, "occurred_at": due.at}
    for one in waiting(draft.incident):
        if one.key == due.subject:
            draft.add(
                ProposalEnded(**stamp, what=one.key, wish=one.what, person=one.person, why="age")
            )


def overtaken(draft: Draft, why: str) -> None:
    """Ends everything that was asked for of the incident as it was: `severity`, `category`."""
    for one in waiting(draft.incident):
        if one.key:
            draft.add(
                ProposalEnded(
                    **draft.stamp, what=one.key, wish=one.what, person=one.person, why=why
                )
            )

"""Whom to tell what came of a report: an address, and whether somebody reads it who wants that.

Anybody can type anybody's address into a form. So it gets one question, whether it was them, and
nothing else until that is answered by the link in it. The address lies apart from the report, is
shown nowhere, and is erased with the last that is written to it.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.incidents.model.reports import Outcome

UNCONFIRMED = timedelta(days=7)
"""How long a link confirms, and how long an address is kept that nobody confirms; real time."""
CONFIRMED = timedelta(days=400)
"""How long one is kept that waits for its outcome; real time."""
TRIES = 5
PAUSE = timedelta(minutes=5)
PROOF_BYTES = 16


class Standing(StrEnum):
    """How far an address is known."""

    NEW = "new"
    ASKED = "asked"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """Who waits for the outcome of one report.

    `due_at` is incident time, when something is to be written; None when nothing is. `until` is
    real time, after which the address is gone. `proof` is the SHA-256 of what its link ends with.
    """

    reference: str
    address: str
    until: datetime
    due_at: datetime | None
    standing: Standing = Standing.NEW
    proof: str = ""
    outcome: Outcome | None = None
    tries: int = 0
    ver: int = 1


def asked(one: Correspondent, token: str) -> Correspondent:
    """Before the question leaves whether it was them; the link is good for `UNCONFIRMED`."""
    return replace(one, standing=Standing.ASKED, proof=digest(token))


def confirmed(one: Correspondent, *, now: datetime, wall: datetime) -> Correspondent:
    """After they said that it was them; saying so again changes nothing."""
    if one.standing is Standing.CONFIRMED:
        return one
    known = replace(one, standing=Standing.CONFIRMED, until=wall + CONFIRMED, tries=0)
    return replace(known, due_at=now if one.outcome is not None else None)


def with_outcome(one: Correspondent, outcome: Outcome, now: datetime) -> Correspondent:
    """After it is known what came of the report."""
    due = now if one.standing is Standing.CONFIRMED else one.due_at
    return replace(one, outcome=outcome, due_at=due)


def tried(one: Correspondent, now: datetime) -> Correspondent:
    """Before something leaves: it is due again a little later, for whoever finds it unsent."""
    return replace(one, tries=one.tries + 1, due_at=now + PAUSE)


def digest(token: str) -> str:
    """What is kept of a link: it confirms nothing."""
    return hashlib.sha256(token.encode()).hexdigest()

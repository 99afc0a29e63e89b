"""What is written to people outside about their reports: one question, and what came of it.

In fixed words, with nothing in them that somebody typed: a form that mails what it is told to
whomever it is told to is a weapon. The address is read here and nowhere else, and is in no log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tocsin.errors import ConditionFailed, MessageRefused, TocsinError
from tocsin.incidents.model.correspondents import (
    PROOF_BYTES,
    TRIES,
    Standing,
    asked,
    tried,
)
from tocsin.incidents.model.reports import Outcome
from tocsin.incidents.vocabulary import WayKind
from tocsin.notes import Event
from tocsin.people.ways import Way, WayState
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.incidents.model.correspondents import Correspondent
    from tocsin.notes import Notes
    from tocsin.ports.people import WaySender
    from tocsin.ports.reports import ReportStore
    from tocsin.ports.time import Ids, IncidentClock, WallClock

PATH = "/report/confirm/"
ASKED_AN_ADDRESS = 3
"""Questions that one address gets in a day, whoever types it."""
ASKED_IN_ALL = 60
"""Questions that leave in an hour, to whomever."""
WORDS = MappingProxyType(
    {
        Outcome.FIXED: "We found the problem, and it is fixed.",
        Outcome.KNOWN: "We knew of this problem already and are working on it.",
        Outcome.NOT_REPRODUCED: (
            "We could not see the problem ourselves. If you can say how to see it, please report"
            " it once more."
        ),
        Outcome.NO_PROBLEM: "We looked at it, and it works as it is meant to.",
        Outcome.NOT_OURS: "We looked at it, and it is not in anything that we run.",
    }
)
"""Every outcome that is told. What is spam is told nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMails:
    """`name_of` answers what an address is counted by: nothing from which it can be read."""

    store: ReportStore
    ways: Callable[[str], WaySender]
    base: Callable[[], str]
    name_of: Callable[[str], str]
    clock: IncidentClock
    wall: WallClock
    ids: Ids
    notes: Notes

    def answer(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Writes what is to be written about a report now; `sent` says what it was.

        Raises:
            StoreUnavailable: the store did not answer; it is found due again.
        """
        reference = str(wish.get("reference", ""))
        one = self.store.correspondent(reference)
        if one is None or one.due_at is None or one.due_at > self.clock.incident_now():
            return {"sent": ""}
        try:
            what = self._tell(one) if one.standing is Standing.CONFIRMED else self._ask(one)
        except ConditionFailed:
            return {"sent": ""}  # another call does the same, or they have just confirmed
        self.notes.info(Event.CONTACT_MESSAGE, report=reference, purpose=what or "nothing")
        return {"sent": what}

    def _ask(self, one: Correspondent) -> str:
        """Asks whether it was them, if their address may be asked once more."""
        if one.tries == 0 and not self._may_ask(one.address):
            self.store.forget(one)
            return ""
        token = f"{one.reference}.{self.ids.salt()[:PROOF_BYTES].hex()}"
        claimed = self._claimed(asked(one, token))
        if not self._sent(claimed, _question(one, self.base() + PATH + token)):
            return ""
        waiting = replace(claimed, due_at=None, ver=claimed.ver + 1)
        self.store.save_correspondent(waiting, expected=claimed.ver)
        return "question"

    def _tell(self, one: Correspondent) -> str:
        """Tells what came of it, after which the address is gone."""
        outcome = one.outcome
        if outcome is None or outcome not in WORDS:
            self.store.forget(one)
            return ""
        claimed = self._claimed(one)
        if not self._sent(claimed, _told(one, WORDS[outcome])):
            return ""
        self.store.forget(claimed)
        return "outcome"

    def _claimed(self, one: Correspondent) -> Correspondent:
        """Due once more a little later, unless it leaves now: whoever dies leaves it to the next.

        Raises:
            ConditionFailed: somebody else has it.
        """
        claimed = replace(tried(one, self.clock.incident_now()), ver=one.ver + 1)
        self.store.save_correspondent(claimed, expected=one.ver)
        return claimed

    def _sent(self, one: Correspondent, message: Message) -> bool:
        """Sends it; after the last try, or where the mailbox will never take it, it is over."""
        try:
            self.ways(WayKind.MAIL).send(_way(one, self.wall), message)
        except TocsinError as error:
            self.notes.refused(Event.WAY_FAILED, error, report=one.reference)
            if isinstance(error, MessageRefused) or one.tries >= TRIES:
                self.store.forget(one)
            return False
        return True

    def _may_ask(self, address: str) -> bool:
        now = self.wall.wall_now()
        day, hour = f"{now:%Y%m%d}", f"{now:%Y%m%d%H}"
        name = f"mail#{self.name_of(address.lower())}#{day}"
        mine = self.store.take(name, most=ASKED_AN_ADDRESS, until=now + timedelta(days=1))
        until = now + timedelta(hours=1)
        return mine and self.store.take(f"mails#{hour}", most=ASKED_IN_ALL, until=until)


def _question(one: Correspondent, url: str) -> Message:
    text = (
        f"Somebody gave this address with the report {one.reference}.\n\n"
        "If that was you and you want to know what comes of it, say so here within 7 days:\n\n"
        f"{url}\n\n"
        "If it was not you, do nothing: you get no more about it.\n"
    )
    return _message(one, f"Was this your report? {one.reference}", text, "question")


def _told(one: Correspondent, words: str) -> Message:
    text = (
        f"You reported a problem to us: {one.reference}. Thank you.\n\n{words}\n\n"
        "This is the last we write about it, and your address is erased now.\n"
    )
    return _message(one, f"What came of your report {one.reference}", text, "outcome")


def _message(one: Correspondent, subject: str, text: str, what: str) -> Message:
    return Message(
        subject=subject,
        text=text,
        short=subject,
        attributes={
            "person": "reporter",
            "kind": "report",
            "message_id": f"report/{one.reference}/{what}",
            "urgency": "mail",
        },
    )


def _way(one: Correspondent, wall: WallClock) -> Way:
    """The address as what a channel writes to; it is nobody's of the team and kept by nobody."""
    return Way(
        person="",
        id=one.reference,
        kind=WayKind.MAIL,
        address=one.address,
        state=WayState.CONFIRMED,
        added_at=wall.wall_now(),
    )

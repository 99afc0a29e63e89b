"""Messages about a way itself: the code that confirms it, and a test that it still works.

And the one that is about a person and no incident: that their turns on call have changed.

The code is drawn here and leaves by the way alone: whoever asked for it over the API does not see
it. A refusal is an answer and no failure of the function, so that the caller can say what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.application.people.contacts import code_of
from tocsin.errors import IllegalTransition, TocsinError
from tocsin.incidents.vocabulary import WayKind
from tocsin.notes import Event
from tocsin.ports.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.people.contacts import ContactDesk
    from tocsin.notes import Notes
    from tocsin.people.ways import Way
    from tocsin.ports.people import WaySender

TEST, TURNS = "test", "turns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacting:
    """`secret` answers a webhook's signing secret by the way's id."""

    desk: ContactDesk
    ways: Callable[[str], WaySender]
    secret: Callable[[str], str]
    notes: Notes

    def answer(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Sends what `wish` (person, way, purpose) asks for; `problem` names a refusal's code."""
        try:
            person, purpose = str(wish["person"]), str(wish["purpose"])
            return self._send(person, str(wish.get("way", "")), purpose, str(wish.get("text", "")))
        except TocsinError as error:
            self.notes.refused(Event.CONTACT_MESSAGE, error, way=str(wish.get("way", "")))
            return {"problem": error.code, "detail": error.detail}

    def _tell_of_turns(self, person: str, text: str) -> dict[str, Any]:
        """By the first of the person's ways that takes it; by mail if they have some."""
        known = [way for way in self.desk.store.ways(person) if way.confirmed]
        ordered = sorted(known, key=lambda way: (way.kind is not WayKind.MAIL, way.added_at))
        message_id = f"turns/{self.desk.ids.unique_id()}"
        for way in ordered:
            try:
                self.ways(way.kind).send(way, _turns(way, text, message_id))
            except TocsinError as error:
                self.notes.refused(Event.WAY_FAILED, error, way=f"{way.kind}:{way.id}")
                continue
            self.notes.info(Event.CONTACT_MESSAGE, way=f"{way.kind}:{way.id}", purpose=TURNS)
            return {"sent": TURNS}
        return {"problem": "unknown_way", "detail": "no way took it"}

    def _send(self, person: str, way_id: str, purpose: str, text: str = "") -> dict[str, Any]:
        if purpose == TURNS:
            return self._tell_of_turns(person, text)
        if purpose == TEST:
            way = self.desk.find(person, way_id)
            if not way.confirmed:
                raise IllegalTransition("only a confirmed way can be tested")
            message = _test(way, self.desk.ids.unique_id())
        else:
            code = code_of(self.desk.ids.salt())
            way = self.desk.issue(person, way_id, code)
            message = _confirmation(way, code)
        try:
            self.ways(way.kind).send(way, message)
        except TocsinError:
            if purpose != TEST:
                self.desk.withdraw(way)
            raise
        self.notes.info(Event.CONTACT_MESSAGE, way=f"{way.kind}:{way.id}", purpose=purpose)
        shown = {"secret": self.secret(way.id)} if way.kind is WayKind.WEBHOOK else {}
        return {"sent": purpose, **shown}


def _confirmation(way: Way, code: str) -> Message:
    return Message(
        subject="Tocsin: confirm that pages reach you here",
        text=(
            f"Your code is {code}. It is good for 15 minutes.\n\n"
            f"tocsin contact confirm {way.id} {code}\n\n"
            "If you did not ask for this, do nothing: unconfirmed, this address gets no more.\n"
        ),
        short=f"Tocsin: your code is {code}, good for 15 minutes. Did not ask? Do nothing.",
        attributes=_attributes(way, f"contact/{way.id}/{way.rev}"),
    )


def _test(way: Way, unique: str) -> Message:
    return Message(
        subject="Tocsin: test of this way",
        text="This is a test. If you read it, pages reach you here.\n",
        short="Tocsin: this is a test. If you read it, pages reach you here.",
        attributes=_attributes(way, f"contact/{way.id}/{unique}"),
    )


def _turns(way: Way, text: str, message_id: str) -> Message:
    return Message(
        subject="Tocsin: your turns on call have changed",
        text=text,
        short="Tocsin: your turns on call have changed. See: tocsin oncall ical",
        attributes=_attributes(way, message_id),
    )


def _attributes(way: Way, message_id: str) -> dict[str, str]:
    return {"person": way.person, "kind": "contact", "message_id": message_id, "urgency": "mail"}

"""People's ways: added, confirmed, tested, removed; one's own, and as a commander other people's.

Addresses are personal data: an answer shows enough of one for its owner to know it, and the log
nothing of it. Codes and tests are sent by the notifier, which alone can speak to people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from functions.incident_api.bodies import NewWay, WayAction
from functions.incident_api.idempotency import once
from functions.incident_api.known import refuse_unknown
from tocsin import errors
from tocsin.application.people.contacts import ContactDesk, erase_person, missed, numbers
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IdempotencyKeyReused,
    InvalidSettings,
    Unavailable,
    UnknownName,
)
from tocsin.incidents.limits import person as checked_person
from tocsin.incidents.vocabulary import Group, WayKind
from tocsin.notes import Event
from tocsin.people import errors as people_errors
from tocsin.people.ways import checked_address
from tocsin.runtime.web.answers import answer, view_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.incident_api.call import Call
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.people.ways import Unreachable, Way, WayState
    from tocsin.ports.people import ContactStore, RotaStore
    from tocsin.runtime.web.http import Response

_KNOWN = {
    one.code: one
    for one in (
        people_errors.CodeTooSoon,
        errors.IllegalTransition,
        errors.MessageRefused,
        errors.SecretUnavailable,
        errors.SendFailed,
        people_errors.UnknownWay,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWay:
    """One way of a person; `address` is only a hint of it.

    `secret` is what a webhook's messages are signed with, shown when it is added and never again.
    """

    way: str
    kind: WayKind
    address: str
    state: WayState
    added_at: datetime
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactWays:
    """A person's ways, the oldest first."""

    person: str
    ways: tuple[ContactWay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """Everybody who can be paged and could be missed; an empty list is what there should be."""

    unreachable: tuple[Unreachable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsNumbers:
    """The confirmed telephone numbers of one person, whole; often one, sometimes none."""

    person: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneNumbers:
    """Everybody who can be paged, for the page that is printed. Personal data: keep it nowhere."""

    people: tuple[PersonsNumbers, ...]


def listed(call: Call) -> Response:
    """A person's ways, the oldest first."""
    person = _person(call, call.request.query.get("person"))
    return answer(200, _ways(call, person))


def add(call: Call) -> Response:
    """Adds a way and has its code sent; the same address again sends a new code."""
    wanted = call.read(NewWay)
    kind, address = wanted.kind, wanted.address
    person = _person(call, wanted.person)

    def act() -> tuple[Response, str]:
        way, new = _desk(call).add(person, kind, address)
        told = {} if way.confirmed else _send(call, way, "confirm")
        _log(call, way, "added")
        view = _view(way)
        if secret := told.get("secret"):
            view = replace(view, secret=str(secret))
        return answer(201 if new else 200, view), way.id

    def again(way_id: str) -> Response:
        way = _desk(call).find(person, way_id)
        if way.address != checked_address(kind, address):
            raise IdempotencyKeyReused("this key was used for another way", key=call.key)
        return answer(200, _view(way))

    return once(call, {"person": person, "kind": kind.value}, act, again)


def unreachable(call: Call) -> Response:
    """Everybody who can be paged and could be missed, and why; no address is told."""
    return answer(200, Reachability(unreachable=tuple(missed(*_people(call), now=call.now))))


def telephone_numbers(call: Call) -> Response:
    """Whole numbers, for the page that is printed; who looked is in the log.

    Raises:
        GroupRequired: neither a commander nor security.
    """
    if not call.caller.groups & {Group.COMMANDER, Group.SECURITY}:
        raise GroupRequired("only commanders and security see telephone numbers")
    found = numbers(*_people(call), now=call.now)
    call.watch.journal.info(
        Event.NUMBERS_VIEWED,
        person=call.caller.person,
        group=call.caller.group,
        people=len(found),
    )
    people = tuple(PersonsNumbers(person=person, numbers=known) for person, known in found.items())
    return answer(200, TelephoneNumbers(people=people), headers={"cache-control": "no-store"})


def act(call: Call) -> Response:
    """Confirms, tests or removes one way; `resend` sends its code again."""
    given = call.read(WayAction)
    action = call.request.path_parameters.get("action", "")
    way_id = call.request.path_parameters.get("way", "")
    if (action == "confirm") is (given.code is None):
        said = "`code` is missing" if given.code is None else "there is no field `code` here"
        raise BadInput(said, field="code")
    person = _person(call, given.person)

    def act_once() -> tuple[Response, str]:
        _carry_out(call, person, way_id, action, given.code or "")
        return answer(200, _ways(call, person)), ""

    wish = {"person": person, "way": way_id, "action": action}
    return once(call, wish, act_once, lambda _: answer(200, _ways(call, person)))


def _carry_out(call: Call, person: str, way_id: str, action: str, code: str) -> None:
    desk = _desk(call)
    if action == "erase" and way_id == "all":
        if not erase_person(desk.store, person):
            refuse_unknown(call, (person,))
        return
    way = desk.find(person, way_id)
    match action:
        case "confirm":
            way = desk.confirm(person, way_id, code)
        case "resend":
            _send(call, way, "confirm")
        case "test":
            _send(call, way, "test")
        case "remove":
            desk.remove(person, way_id)
        case _:
            raise UnknownName("a way is confirmed, tested, sent to again or removed", kind="action")
    _log(call, way, action)


def _person(call: Call, asked: str | None) -> str:
    """Whose ways are meant.

    Raises:
        GroupRequired: somebody else's, and the caller is no commander.
    """
    own = call.caller.person
    if not asked or asked == own:
        return own
    if Group.COMMANDER not in call.caller.groups:
        raise GroupRequired("only a commander sees and changes other people's ways")
    return checked_person(asked)


def _send(call: Call, way: Way, purpose: str) -> Mapping[str, Any]:
    if call.people is None:
        raise InvalidSettings("this function was not given the notifier")
    wish = {"person": way.person, "way": way.id, "purpose": purpose}
    told = call.people.notify({"contact": wish})
    if "problem" in told:
        _refuse(told)
    return told


def _refuse(told: Mapping[str, Any]) -> NoReturn:
    kind = _KNOWN.get(str(told["problem"]), Unavailable)
    raise kind(str(told.get("detail", "")))


def _people(call: Call) -> tuple[Policy, ContactStore, RotaStore]:
    if (on_duty := call.application.on_duty) is None:
        raise InvalidSettings("this function was not given the operations table")
    return on_duty.policies.current(), _desk(call).store, on_duty.rotas


def _desk(call: Call) -> ContactDesk:
    if call.people is None:
        raise InvalidSettings("this function was not given the operations table")
    people = call.people
    return ContactDesk(store=people.contacts, wall=people.wall, ids=call.application.ids)


def _ways(call: Call, person: str) -> ContactWays:
    ways = _desk(call).store.ways(person)
    return ContactWays(person=person, ways=tuple(_view(way) for way in ways))


def _view(way: Way) -> ContactWay:
    return view_of(ContactWay, way, way=way.id, address=way.hint, secret=None)


def _log(call: Call, way: Way, action: str) -> None:
    call.watch.journal.info(
        Event.CONTACT_CHANGED, way=f"{way.kind}:{way.id}", action=action, person=way.person
    )

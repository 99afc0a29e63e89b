"""What the API says about people: their ways, who cannot be reached, and their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.incident_api.resources.incident_shapes import Moment


class ContactWay(TypedDict):
    """One way of a person; `address` is only a hint of it.

    `secret` is what a webhook's messages are signed with, shown when it is added and never again.
    """

    way: str
    kind: str
    address: str
    state: str
    added_at: Moment
    secret: str | None


class ContactWays(TypedDict):
    """A person's ways, the oldest first."""

    person: str
    ways: list[ContactWay]


class UnreachablePerson(TypedDict):
    """Somebody with fewer than two confirmed ways, or with no other than mail."""

    person: str
    confirmed: int
    problems: list[str]


class Reachability(TypedDict):
    """Everybody who can be paged and could be missed; an empty list is what there should be."""

    unreachable: list[UnreachablePerson]


class PersonsNumbers(TypedDict):
    """The confirmed telephone numbers of one person, whole; often one, sometimes none."""

    person: str
    numbers: list[str]


class TelephoneNumbers(TypedDict):
    """Everybody who can be paged, for the page that is printed. Personal data: keep it nowhere."""

    people: list[PersonsNumbers]

"""What the API answers about who is on call. See `answers` for what holds for every shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.incident_api.resources.incident_shapes import Moment
    from tocsin.incidents.vocabulary import Role
    from tocsin.people.rotation import Rank


class Place(TypedDict):
    """Who is asked for one role, in order; `primary` null: nobody is on call."""

    role: Role
    primary: str | None
    backup: str | None
    deputies: list[str]


class OnCall(TypedDict):
    """Who is on call at an instant. `engineering_lead` is asked whatever the rotations say."""

    at: Moment
    roles: list[Place]
    engineering_lead: str


class Rotation(TypedDict):
    """A role's turns. An empty text among `members` is a turn nobody takes."""

    role: Role
    zone: str
    starts_at: Moment
    length_days: int
    members: list[str]
    backups: list[str]
    deputies: list[str]
    set_by: str
    set_at: Moment | None


class Override(TypedDict):
    """A person in the place of whoever's turn it is."""

    id: str
    role: Role
    rank: Rank
    person: str
    starts_at: Moment
    ends_at: Moment
    reason: str
    set_by: str
    set_at: Moment | None


class Rota(TypedDict):
    """A role's rotation, its overrides that are not over, and the rotations it had before."""

    role: Role
    rotation: Rotation | None
    overrides: list[Override]
    past: list[Rotation]


class Shift(TypedDict):
    """A stretch of time with the same people on call."""

    role: Role
    starts_at: Moment
    ends_at: Moment
    primary: str | None
    backup: str | None
    deputies: list[str]


class Shifts(TypedDict):
    """The days ahead."""

    shifts: list[Shift]

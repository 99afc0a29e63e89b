"""What the API answers about what spans incidents; see `answers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.incident_api.resources.incident_shapes import Moment


class HeldBy(TypedDict):
    """One freeze of a service; `until` null: until containment is verified.

    `incident` is null for who may not know of it. `stops`: it stops the change that was asked for.
    """

    service: str
    incident: str | None
    since: Moment
    until: Moment | None
    restricted: bool
    stops: bool


class Freeze(TypedDict):
    """Whether something holds the service, and whether the change may go out nevertheless.

    `drills` would hold it if they were real.
    """

    service: str | None
    now: Moment
    frozen: bool
    allowed: bool
    held_by: list[HeldBy]
    drills: list[HeldBy]


class Prevention(TypedDict):
    """A preventive action; done once a check that failed before passes."""

    action: str
    incident: str
    text: str
    owner: str
    due_at: Moment
    overdue: bool
    done_at: Moment | None
    done_by: str | None
    check: str | None


class Preventions(TypedDict):
    """Preventive work by due time; `next` as `cursor` continues. A page may be short."""

    actions: list[Prevention]
    next: str | None

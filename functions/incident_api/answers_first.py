"""What the API answers about the first five minutes; for every shape holds what `answers` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.incident_api.resources.incident_shapes import Moment
    from tocsin.incidents.vocabulary import ClockName, Kind, Role, Severity, State


class Asked(TypedDict):
    """One person who was asked."""

    person: str
    last_at: Moment
    times: int
    acknowledged: bool


class Post(TypedDict):
    """A role: who has it here, who is on call for it, who is behind them."""

    role: Role
    holder: str | None
    on_call: str | None
    backup: str | None


class Countdown(TypedDict):
    """A running clock; below zero it is late by as many minutes."""

    clock: ClockName
    due_at: Moment
    minutes_left: int


class ToDo(TypedDict):
    """One thing to do; `code` is what a verb or a checklist item calls it."""

    code: str
    text: str
    done: bool


class PhaseNow(TypedDict):
    """The first phase with something left to do."""

    title: str
    due_at: Moment | None
    items: list[ToDo]


class RecentChange(TypedDict):
    """A release shipped in the hour before it began or since, or a deploy of the fix."""

    what: str
    at: Moment


class SeenBefore(TypedDict):
    """The incident the same alarm had before."""

    incident: str
    title: str
    resolution: str | None
    closed_at: Moment | None
    postmortem: str | None


class CustomersNow(TypedDict):
    """What customers know: whether it was decided to tell them, first update, next promise."""

    told: bool | None
    first_at: Moment | None
    next_by: Moment | None


class OnCallFor(TypedDict):
    """A role that is paged for this category: its holder here, else who is on call for it."""

    role: Role
    person: str | None
    backup: str | None


class Brief(TypedDict):
    """The facts a page says too, word for word the same once they are written out."""

    incident: str
    kind: Kind
    severity: Severity
    symptom: str
    at: Moment
    zone: str
    ask_by: Moment | None
    acknowledged_by: str | None
    on_call: list[OnCallFor]
    changes: list[RecentChange]
    before: SeenBefore | None
    next: list[str]


class FirstMinutes(TypedDict):
    """What the person who was woken has to know, in the order they need it."""

    id: str
    now: Moment
    title: str
    kind: Kind
    severity: Severity
    state: State
    detail: str
    service: str | None
    environment: str
    opened_at: Moment
    firing: bool
    mine: bool
    acknowledged_by: str | None
    asked: list[Asked]
    nobody_on_call: list[Role]
    roles: list[Post]
    clocks: list[Countdown]
    do_next: list[str]
    phase: PhaseNow | None
    containment_choices: list[str]
    customers: CustomersNow
    changes: list[RecentChange]
    before: SeenBefore | None
    brief: Brief

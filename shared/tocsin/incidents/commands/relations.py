"""Commands about two incidents: one that is really two, and two that are really one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tocsin.incidents.commands.base import Command
from tocsin.incidents.model.incident import SignalState
from tocsin.incidents.vocabulary import Category, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Command):
    """Part of the incident is another one: opens it, with those of its dedup keys.

    It has the t0 of this one, because that is when its harm was accepted. What is not given is as
    it is here. Carried out by the application, as an opening and the two below.
    """

    title: str
    reason: str
    keys: tuple[str, ...] = ()
    severity: Severity | None = None
    category: Category | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(Command):
    """`other` is this same incident: closes it as a duplicate of this one."""

    other: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveKeys(Command):
    """The first half of a split: these keys are another incident's from now on.

    `called`, here and below, is what people call the other incident; the application says it.
    """

    into: str
    keys: tuple[str, ...]
    reason: str
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeKeys(Command):
    """The second half: the keys that another incident gave up."""

    grows: ClassVar[bool] = True

    source: str
    keys: tuple[str, ...]
    firing: tuple[str, ...]
    states: Mapping[str, SignalState] | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDrill(Command):
    """A real critical incident, `real`, is open: whoever practises is needed there."""

    real: str
    called: str | None = None

"""Tables of things that can be plugged in, importing none of them until one is used.

Signal sources, providers, channels and actions are one module each. Infra loops over their names
to make routes, secrets and alarms, and must not pull an SDK into synthesis by doing so; a function
that handles one source must not pay at cold start for the others. So an entry holds its module as
dotted text, and `Registry.module` is the only place that imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from tocsin.errors import InvalidSettings, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a registry; subclass it for facts that infra loops over.

    `name` is what people and stored data say and never changes; `module` is the dotted path of
    the module that implements it.
    """

    name: str
    module: str


class Registry[E: Entry]:
    """Entries by name, in the order they were written.

    Raises:
        InvalidSettings: two entries of one name; a table that hides one of them is a bug.
    """

    __slots__ = ("_by_name", "_kind")

    def __init__(self, kind: str, *entries: E) -> None:
        self._kind = kind
        self._by_name = {entry.name: entry for entry in entries}
        if len(self._by_name) != len(entries):
            raise InvalidSettings(f"two entries of one name in the registry of {kind}s")

    def __iter__(self) -> Iterator[E]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def entry(self, name: str) -> E:
        """The entry of that name, without importing its module.

        Raises:
            UnknownName: nothing of that name; the message lists what there is.
        """
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(self._by_name) or "none"
            raise UnknownName(
                f"no {self._kind} is called {name!r}; known: {known}", kind=self._kind
            ) from None

    def module(self, name: str) -> ModuleType:
        """The module behind `name`, imported now if it was not before.

        Raises:
            UnknownName: nothing of that name.
            ImportError: the module is missing or does not import: a broken build, not bad input.
        """
        return import_module(self.entry(name).module)

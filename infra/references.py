"""What stacks offer each other: ARNs by symbol and values by variable name.

Statements and settings speak in symbols and names; stacks register what they made under
them. A symbol or variable nobody offered stops the synthesis with its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from infra.statements import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping


class NobodyOffers(Exception):
    """A statement or a setting names something that no stack made."""


@dataclass(slots=True)
class References:
    """Filled by the stacks in the order they are made; read by those after them."""

    _arns: dict[str, str] = field(default_factory=dict)
    _values: dict[str, str] = field(default_factory=dict)

    def offer_arn(self, symbol: str, arn: str) -> None:
        """`symbol` is `<kind>/<name>`, as statements write it."""
        self._arns[symbol] = arn

    def offer_value(self, variable: str, value: str) -> None:
        """`variable` is a field name of some function's `Settings`."""
        self._values[variable] = value

    def arn(self, symbol: str) -> str:
        """The ARN behind `symbol`; `*` stays itself.

        Raises:
            NobodyOffers: no stack made it.
        """
        if symbol == ANY:
            return ANY
        if symbol not in self._arns:
            raise NobodyOffers(f"no stack offers the resource {symbol!r}")
        return self._arns[symbol]

    def environment(self, settings: type[Any]) -> Mapping[str, str]:
        """A value for every field of `settings`; the field's name is the variable's name.

        Raises:
            NobodyOffers: naming every field that nobody can fill.
        """
        names = [one.name for one in fields(settings)]
        missing = [name for name in names if name not in self._values]
        if missing:
            raise NobodyOffers(f"no stack offers a value for {', '.join(missing)}")
        return {name: self._values[name] for name in names}

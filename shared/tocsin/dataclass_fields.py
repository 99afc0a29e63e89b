"""What the methods in a bundle's bytecode lean on (`infra/bundle/dataclass_methods.py`).

Only bytecode refers to this module. A class whose methods came with the bundle still answers all
that `dataclasses` asks of it; what is seldom asked is made by `dataclasses` itself, when it is.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "Fields",
    "FrozenInstanceError",
    "Made",
    "Params",
    "default_of",
    "replaced",
    "shown",
    "state",
    "with_state",
]

_FIELDS, _PARAMS = "__dataclass_fields__", "__dataclass_params__"


class Made:
    """Stands in a signature for a default that is made anew for each instance."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make


class Fields:
    """`__dataclass_fields__` of the class that holds it, made when first asked for."""

    def __init__(self, *, kw_only: bool, unshown: Iterable[str], uncompared: Iterable[str]) -> None:
        self._kw_only, self._unshown, self._uncompared = kw_only, unshown, uncompared

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        """The fields by name, those of the bases first."""
        found: dict[str, Any] = {}
        for base in reversed(self._owner.__mro__[1:]):
            found.update(getattr(base, _FIELDS, {}))
        found.update(getattr(self._twin(), _FIELDS))
        setattr(self._owner, _FIELDS, found)
        return found

    def _twin(self) -> type:
        """A class of the same annotations and defaults, for which no method is made."""
        held, defaults = self._owner.__dict__, _defaults(self._owner)
        annotations = held.get("__annotations__", {})
        names = {
            "__module__": self._owner.__module__,
            "__doc__": "",
            "__annotations__": annotations,
        }
        for name in annotations:
            if name in held["__slots__"]:
                names[name] = self._field(name, defaults)
            elif name in held:
                names[name] = held[name]
        twin = type(self._owner.__name__, (), names)
        return dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=self._kw_only)(
            twin
        )

    def _field(self, name: str, defaults: dict[str, object]) -> object:
        kinds: dict[str, Any] = {
            "repr": name not in self._unshown,
            "compare": name not in self._uncompared,
        }
        match defaults.get(name, self):
            case Made(make=make):
                kinds["default_factory"] = make
            case default if default is not self:
                kinds["default"] = default
        return field(**kinds)


class Params:
    """`__dataclass_params__` of the class that holds it, made when first asked for."""

    def __init__(self, **kinds: bool) -> None:
        self._kinds = kinds

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> object:
        """What `dataclass` was called with."""
        twin = type(self._owner.__name__, (), {"__doc__": ""})
        found = getattr(dataclass(**self._kinds)(twin), _PARAMS)
        setattr(self._owner, _PARAMS, found)
        return found


def default_of(base: type, name: str) -> Any:
    """The default that a base's signature has for one of its fields."""
    return _defaults(base)[name]


def _defaults(cls: type) -> dict[str, Any]:
    """Defaults in the signature by name."""
    made: Any = cls.__dict__["__init__"]
    given: tuple[Any, ...] = made.__defaults__ or ()
    positional = made.__code__.co_varnames[: made.__code__.co_argcount]
    last = positional[len(positional) - len(given) :]
    return dict(zip(last, given, strict=True)) | (made.__kwdefaults__ or {})


replaced = replace
"""`copy.replace` of one is that of `dataclasses`."""


@recursive_repr()
def shown(self: Any) -> str:
    """The class's name and what it holds, as `dataclasses` writes it."""
    held = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({', '.join(held)})"


def state(self: Any) -> list[object]:
    """What is pickled of an instance that has slots."""
    return [getattr(self, each.name) for each in fields(self)]


def with_state(self: Any, held: list[object]) -> None:
    """What is pickled, back into a new instance, though it is frozen."""
    for each, value in zip(fields(self), held, strict=True):
        object.__setattr__(self, each.name, value)

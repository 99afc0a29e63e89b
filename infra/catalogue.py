"""The functions there are: each is a module of `infra.functions` that says all about one.

A function exists twice: as a folder under `functions/` and as a module there. Tests compare the
two, so forgetting one is a red test and not a surprise.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING

from infra import functions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.spec import FunctionSpec


def _found() -> Iterator[FunctionSpec]:
    for module in iter_modules(functions.__path__):
        spec: FunctionSpec = import_module(f"{functions.__name__}.{module.name}").FUNCTION
        yield spec


FUNCTIONS: Mapping[str, FunctionSpec] = MappingProxyType({spec.name: spec for spec in _found()})

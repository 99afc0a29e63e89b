"""Modules that import each other in a circle, also where an import is for typing only."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from tests.architecture.sources import imports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.architecture.sources import Module


def circle(modules: Iterable[Module]) -> list[str]:
    """One circle among the modules, in the order in which they import each other; empty if none."""
    known = {module.name: module for module in modules}
    graph = {name: _inside(module, known) for name, module in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        names: list[str] = found.args[1]
        return names
    return []


def _inside(module: Module, known: Mapping[str, Module]) -> set[str]:
    """The modules it imports: `a.b.c` may be the module, or a name in `a.b`."""
    found = {name if name in known else name.rpartition(".")[0] for name in imports(module)}
    return (found & known.keys()) - {module.name}

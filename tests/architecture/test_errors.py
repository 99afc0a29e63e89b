"""Errors that the product raises are in one tree, or stand here with the reason why not."""

from __future__ import annotations

import ast
import builtins
from functools import cache
from typing import TYPE_CHECKING

from tests.architecture.sources import Module, product

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT_OF_ALL = "tocsin.errors.TocsinError"
APART: Mapping[str, str] = {
    "tocsin.adapters.aws.table.Cancelled": "what a table tells its store, which names it",
    "tocsin.local.sandbox.controls.refusal.BadControl": "an answer of the sandbox",
    "tocsin.local.sandbox.razorpay.errors.RazorpayRefusal": "an answer in the provider's own form",
    "tocsin.local.sandbox.stripe.errors.ProviderRefusal": "an answer in the provider's own form",
    "tocsin.signals.github.said.Nothing": "an outcome inside the parser, which takes it",
    "tocsin.simulation.fault.Fault": "a law that does not hold: a bug, and not an error",
    "tocsin.simulation.troubles.Died": "the end of a process, which no handler may catch",
    "infra.bundle.archive.WrongCompiler": "infra knows settings and names alone",
    "infra.bundle.dependencies.NoUv": "the same",
    "infra.context.ContextInvalid": "the same",
    "infra.references.NobodyOffers": "the same",
}


@cache
def ours() -> Mapping[str, list[str]]:
    """The product's."""
    return exceptions(product())


def exceptions(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Every class that can be raised, with what it is made from; all by dotted names."""
    bases = {
        f"{module.name}.{node.name}": [_named(module, base) for base in node.bases]
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    return {name: made for name, made in bases.items() if _raisable(name, bases)}


def _named(module: Module, base: ast.expr) -> str:
    """The dotted name of a base, as the module imports it."""
    text = ast.unparse(base)
    first, _, rest = text.partition(".")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == first:
                    return ".".join(filter(None, (node.module, alias.name, rest)))
    return text if hasattr(builtins, first) or rest else f"{module.name}.{text}"


def _raisable(name: str, bases: Mapping[str, list[str]]) -> bool:
    found = getattr(builtins, name, None)
    if isinstance(found, type):
        return issubclass(found, BaseException)
    return any(_raisable(base, bases) for base in bases.get(name, []))


def outside(found: Mapping[str, list[str]]) -> list[str]:
    """Exceptions that begin a tree of their own and have no reason to."""
    return sorted(
        name
        for name, bases in found.items()
        if name not in {ROOT_OF_ALL, *APART} and not any(base in found for base in bases)
    )


def test_every_error_is_in_the_one_tree() -> None:
    assert len(ours()) > 60
    assert outside(ours()) == []


def test_whatever_stands_apart_is_still_there_and_begins_a_tree() -> None:
    found = ours()
    assert [name for name in APART if name not in found] == []
    assert [name for name in APART if any(base in found for base in found[name])] == []


def test_a_second_tree_is_found_under_whatever_name() -> None:
    good = "from tocsin.errors import BadInput as Wrong\nclass Leaf(Wrong): ...\n"
    own = "class Root(LookupError): ...\nclass Leaf(Root): ...\nclass Plain: ...\n"
    other = "import tocsin.b\nclass Third(tocsin.b.Root): ...\n"
    tree = "class TocsinError(Exception): ...\nclass BadInput(TocsinError): ...\n"
    modules = [
        Module("tocsin.errors", "errors.py", tree),
        Module("tocsin.a", "a.py", good),
        Module("tocsin.b", "b.py", own),
        Module("tocsin.c", "c.py", other),
    ]
    found = exceptions(modules)
    assert outside(found) == ["tocsin.b.Root"]
    assert set(found) >= {"tocsin.a.Leaf", "tocsin.b.Leaf", "tocsin.c.Third"}

"""What every function does alike: it works inside its watch, and only acting acts."""

from __future__ import annotations

import ast

from tests.architecture.sources import ROOT, Module, product

HANDLER = "lambda_handler"


def outside_its_watch(module: Module) -> list[str]:
    """Statements of a handler before or after the block of its watch, its docstring apart.

    In the watch the clock is read anew, errors nobody meant are counted, and lines name the call.
    """
    (handler,) = [
        node
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef) and node.name == HANDLER
    ]
    steps = handler.body[1:] if ast.get_docstring(handler) else handler.body
    inside = [one for one in steps if isinstance(one, ast.With) and _is_watch(one)]
    if not inside:
        return [f"{module.path} does not work inside its watch"]
    acting = (ast.Return, ast.Assign, ast.AnnAssign)
    after = steps[steps.index(inside[0]) + 1 :]
    return [
        f"{module.path}:{one.lineno} is outside its watch"
        for one in after
        if not isinstance(one, acting)
    ]


def _is_watch(block: ast.With) -> bool:
    calls = [item.context_expr for item in block.items]
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "invocation"
        for call in calls
    )


def handlers() -> list[Module]:
    return [one for one in product() if one.name.endswith(".handler")]


def test_every_handler_works_inside_its_watch() -> None:
    assert len(handlers()) == len(list(ROOT.glob("functions/*/handler.py"))) > 10
    assert [problem for each in handlers() for problem in outside_its_watch(each)] == []


def test_a_handler_outside_its_watch_is_found() -> None:
    watched = 'def lambda_handler(e, c):\n    """Say."""\n    with WATCH.invocation(c):\n'
    good = Module("functions.a.handler", "a.py", f"{watched}        return 1\n")
    late = Module("functions.a.handler", "a.py", f"{watched}        pass\n    work()\n")
    none = Module("functions.a.handler", "a.py", "def lambda_handler(e, c):\n    return work()\n")
    assert outside_its_watch(good) == []
    assert outside_its_watch(late) == ["a.py:5 is outside its watch"]
    assert outside_its_watch(none) == ["a.py does not work inside its watch"]


ACTS = frozenset({"functions.incident_api.resources.act"})


def executing(modules: list[Module]) -> set[str]:
    """Modules of functions that carry out commands themselves."""
    return {
        module.name
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "execute"
    }


def test_looking_carries_nothing_out() -> None:
    """Of all resources of all functions one acts; the rest is asked of the application."""
    ours = [one for one in product() if one.name.startswith("functions.")]
    assert executing(ours) == ACTS


def test_a_view_that_acts_is_found() -> None:
    view = Module("functions.a.resources.show", "show.py", "def show(c):\n    c.app.execute(1)\n")
    assert executing([view]) == {"functions.a.resources.show"}

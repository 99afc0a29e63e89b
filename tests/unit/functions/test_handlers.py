"""What every handler does around its work, whoever wrote it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HANDLERS = sorted(ROOT.glob("functions/*/handler.py"))


def unwatched(source: str) -> bool:
    """Whether something of the handler is done outside `with WATCH.invocation` (or its like)."""
    (handler,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "lambda_handler"
    )
    last = handler.body[-1]
    if not isinstance(last, ast.With):
        return True
    opened = ast.unparse(last.items[0].context_expr)
    return not opened.startswith(("WATCH.invocation(", "json_lines.invocation("))


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_every_handler_works_inside_its_watch(path: Path) -> None:
    """Else a moved clock is read once an environment, and what nobody meant goes uncounted."""
    assert not unwatched(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "body",
    [
        "    return DRIVER.handle(event)",
        "    json_lines.begin(correlation_id='1')\n    return DRIVER.handle(event)",
        "    with WATCH.invocation(context):\n        pass\n    return DRIVER.handle(event)",
    ],
)
def test_a_handler_that_works_outside_it_is_found(body: str) -> None:
    assert unwatched(f"def lambda_handler(event, context):\n{body}\n")

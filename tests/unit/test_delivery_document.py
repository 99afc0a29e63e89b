"""The written promise of delivery: every sentence names a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (?P<sentence>[A-Z`].+?\.) \| `(?P<path>tests/\S+\.py)::(?P<test>\w+)` \|$", re.MULTILINE
)


def test_every_sentence_of_the_promise_names_a_test_that_exists() -> None:
    rows = list(ROW.finditer(DOCUMENT))
    assert len(rows) >= 20
    for row in rows:
        tree = ast.parse((ROOT / row["path"]).read_text(encoding="utf-8"))
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert row["test"] in tests, row["sentence"]


def test_every_row_of_the_promise_is_read() -> None:
    table = DOCUMENT.partition("|---|---|\n")[2].partition("\n\n")[0]
    assert len(table.splitlines()) == len(list(ROW.finditer(DOCUMENT)))

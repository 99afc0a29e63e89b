"""What counts as a line of code, and what only explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.code_lines import PLACES, code_lines, main

if TYPE_CHECKING:
    import pytest


def test_code_counts_and_what_explains_does_not() -> None:
    text = '''"""A module.

Of two paragraphs.
"""

import os  # for the path

# A comment.


def greet(name: str) -> str:
    """Say hello."""
    return f"""Hello,
{name}"""


LIMIT = 3
"""Nobody greets more."""
'''
    assert code_lines(text) == 5


def test_a_call_over_lines_is_as_many_and_a_generated_file_is_none() -> None:
    assert code_lines("print(\n    1,\n\n    # why\n    2,\n)\n") == 4
    assert code_lines("# made by tools.x\nX = 1\n") == 0


def test_the_table_has_every_place_and_the_product(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    rows = dict(line.split() for line in capsys.readouterr().out.splitlines())
    counts = {name: int(text.replace(",", "")) for name, text in rows.items()}
    assert list(counts) == [*PLACES, "product"]
    assert counts["product"] == sum(counts[place] for place in PLACES[:3]) > 20_000

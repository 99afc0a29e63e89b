"""What counts as a line of code, and what only explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import code_lines
from tools.code_lines import PLACES

if TYPE_CHECKING:
    from pathlib import Path

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
    assert code_lines.code_lines(text) == 5


def test_a_call_over_lines_is_as_many_and_a_generated_file_is_none() -> None:
    assert code_lines.code_lines("print(\n    1,\n\n    # why\n    2,\n)\n") == 4
    assert code_lines.code_lines("# made by tools.x\nX = 1\n") == 0


def test_the_table_has_every_place_and_the_product(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, place in enumerate(PLACES, start=1):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.py").write_text("x = 1  # one\n" * number)
    monkeypatch.setattr(code_lines, "ROOT", tmp_path)
    assert code_lines.main([]) == 0
    rows = dict(line.split() for line in capsys.readouterr().out.splitlines())
    counts = {name: int(text.replace(",", "")) for name, text in rows.items()}
    assert counts == dict(zip(PLACES, (1, 2, 3, 4, 5), strict=True)) | {"product": 6}

"""Counts lines of code: without blank lines, comments, docstrings and what a program wrote.

    python -m tools.code_lines            each room of the product, and the tests
    python -m tools.code_lines --at REV   beside them as it was at a commit, and what it changed by

A line counts when something of it is code; a text that stands alone explains and does not count.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import sys
import tarfile
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("shared/tocsin", "functions", "infra", ".ci", "tests")
GENERATED = "made by"  # in the first line of what a program wrote
_NO_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
        tokenize.ENCODING,
    }
)


def code_lines(text: str) -> int:
    """How many lines of a module are code."""
    if GENERATED in text.partition("\n")[0]:
        return 0
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told = node.value
            if isinstance(told.value, str) and told.end_lineno is not None:
                lines.difference_update(range(told.lineno, told.end_lineno + 1))
    return len(lines)


def here() -> Counter[str]:
    """Lines of code by place, as the checkout is now."""
    found: Counter[str] = Counter()
    for place in PLACES:
        for path in (ROOT / place).rglob("*.py"):
            if not {".venv", "node_modules"} & set(path.parts):
                found[place] += code_lines(path.read_text(encoding="utf-8"))
    return found


def at(revision: str) -> Counter[str]:
    """The same as it was at a commit."""
    found: Counter[str] = Counter()
    command = ["git", "archive", revision, *PLACES]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            file = files.extractfile(member) if member.name.endswith(".py") else None
            if file is not None:
                place = next(each for each in PLACES if member.name.startswith(f"{each}/"))
                found[place] += code_lines(file.read().decode())
    return found


def _with_product(found: Counter[str]) -> dict[str, int]:
    rows = {place: found[place] for place in PLACES}
    return rows | {"product": sum(rows[place] for place in PLACES[:3])}


def main(arguments: list[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--at", metavar="REV", help="compare with this commit")
    asked = parser.parse_args(arguments)
    now = _with_product(here())
    then = _with_product(at(asked.at)) if asked.at else None
    for name, lines in now.items():
        change = f"  {then[name]:7,}  {lines - then[name]:+7,}" if then else ""
        sys.stdout.write(f"{name:14}{lines:8,}{change}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Tables as CSV (RFC 4180), for programs and for spreadsheets, which take some cells for formulas.

A cell that begins as a formula does gets an apostrophe before it, which spreadsheets show as text:
what stands in it may be anybody's.
"""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""Also in the wide forms, which spreadsheets of East Asia take alike."""


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a line with the columns' names and one for each row to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(each) for each in row])


def cell(value: object) -> object:
    """A cell that no spreadsheet computes; a number stays one."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value

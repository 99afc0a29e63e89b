"""What is written to a row without any picture of its subscription: what was told of payment.

Such a change decides nothing about which picture is the newer one, so it is right whenever it
comes; it is written on condition of the row's version like every other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.billing.projection.ordering import EMPTY, Change, promised
from tocsin.billing.projection.paid import NOTHING

if TYPE_CHECKING:
    from tocsin.billing.projection.ordering import Row
    from tocsin.billing.projection.paid import Paid


def learn(row: Row, told: Paid) -> Change | None:
    """The row with what was told of payment, everything else as it was; None: it knew that."""
    learnt = row.paid.with_(told)
    if learnt == row.paid:
        return None
    return Change(row.ver, promised(row, replace(row, paid=learnt, ver=row.ver + 1)))


def await_answer(row: Row | None, *, until: int, told: Paid = NOTHING) -> Change:
    """The row with one delayed request on its way, at the latest handled by `until`."""
    row = row or EMPTY
    noted = replace(row, ver=row.ver + 1, pending_until=until, paid=row.paid.with_(told))
    return Change(row.ver, promised(row, noted))


def touch(row: Row, told: Paid = NOTHING) -> Change:
    """The row unchanged but for `ver`, so that an answer asked for before this is not written."""
    touched = replace(row, ver=row.ver + 1, paid=row.paid.with_(told))
    return Change(row.ver, promised(row, touched))

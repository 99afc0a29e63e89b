"""Errors of billing's desks: replays, windows, rebuilds, reconciliations. Same tree and rules."""

from __future__ import annotations

from tocsin.errors import Conflict


class WindowUnknown(Conflict):
    """An incident does not tell the window of its outage; `missing` names the facts."""

    code = "window_unknown"


class MismatchesLeft(Conflict):
    """Something is still wrong or unknown: heal it, accept it with a reason, or compare again."""

    code = "mismatches_left"


class StillComparing(Conflict):
    """The reconciliation is still at work; ask again when it is ready."""

    code, retryable = "still_comparing", True

"""Errors of billing's desks: replays, their windows, rebuilds. Same tree, same rules."""

from __future__ import annotations

from tocsin.errors import Conflict


class WindowUnknown(Conflict):
    """An incident does not tell the window of its outage; `missing` names the facts."""

    code = "window_unknown"

"""Whose subscriptions give access here: live mode and our own account, others only when listed.

A webhook is filed under whoever signed it; that says whose event it is, not that it may open
anything. Test mode costs nobody money, and a connected account writes what it likes into its own
metadata, the name of one of our workspaces included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.billing.identity import Identity

LIVE = frozenset({"live"})


@dataclass(frozen=True, slots=True)
class Counting:
    """What counts on one stage.

    `connected` lists the connected accounts that do besides our own, as `<account>/<connected>`.
    """

    modes: frozenset[str] = LIVE
    connected: frozenset[str] = frozenset()

    @classmethod
    def read(cls, modes: str, connected: str) -> Counting:
        """From two settings, each separated by commas."""
        return cls(_listed(modes), _listed(connected))

    def __contains__(self, identity: Identity) -> bool:
        own = identity.connected_account is None
        return identity.mode in self.modes and (own or identity.account in self.connected)


def _listed(text: str) -> frozenset[str]:
    return frozenset(each.strip() for each in text.split(",") if each.strip())

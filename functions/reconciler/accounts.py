"""Which accounts a schedule compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.billing.identity import Identity
    from tocsin.providers.http.one import KeySource


@dataclass(frozen=True, slots=True)
class Accounts:
    """Those there are keys for, of the modes that give access here."""

    keys: KeySource
    modes: frozenset[str]

    def __call__(self) -> Sequence[Identity]:
        """Raises `SecretUnavailable`."""
        return tuple(each for each in self.keys.get().identities if each.mode in self.modes)

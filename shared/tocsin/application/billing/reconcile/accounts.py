"""The accounts there are: those with an API key, and those of which an event ever came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.billing.reconcile.accounts import Accounts, divided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.billing.access.counting import Counting
    from tocsin.billing.identity import Identity
    from tocsin.ports.billing.projection import SeenAccounts


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccounts:
    """All of a stage, divided. `keyed` are those with a key of their own."""

    seen: SeenAccounts
    keyed: Callable[[], Iterable[Identity]]
    has_key: Callable[[Identity], bool]
    counting: Counting

    def counted(self) -> tuple[Identity, ...]:
        """Those that give access here, whether or not they can be asked. Raises as a call does."""
        known = {*self.keyed(), *self.seen.every()}
        return tuple(sorted((each for each in known if each in self.counting), key=str))

    def __call__(self) -> Accounts:
        """Raises `SecretUnavailable`, `StoreUnavailable`."""
        return divided((*self.keyed(), *self.seen.every()), self.counting, self.has_key)

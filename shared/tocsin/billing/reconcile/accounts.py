"""Which accounts a reconciliation compares, and which it does not, with the reason.

What counts here is what `Counting` says. An account that does not count gives nobody access, so
nothing of it can be enforced wrongly; one that counts and has no API key nobody can ask. Neither is
left out in silence: the report names them, and whoever signs names them too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tocsin.billing.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.billing.access.counting import Counting


class NotCompared(StrEnum):
    """Why an account is not compared. Stored, so never renamed."""

    NO_KEY = "no_key"
    MODE = "mode"
    CONNECTED = "connected"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    NotCompared.NO_KEY: "there is no API key for it, so its provider cannot be asked",
    NotCompared.MODE: "its mode gives no access here",
    NotCompared.CONNECTED: "connected, and not among those that give access here",
}


@dataclass(frozen=True, slots=True)
class Left:
    """An account that is not compared; with `/*` all connected ones of a platform, `count` of them.

    `account` is what a sign-off has to name.
    """

    account: str
    why: NotCompared
    count: int = 1

    @property
    def sentence(self) -> str:
        """For people."""
        many = f"{self.count} accounts, each " if self.count > 1 else ""
        return f"{self.account}: {many}{self.why.sentence}"

    @property
    def unknown(self) -> bool:
        """Whether something that gives access may be wrong there."""
        return self.why is NotCompared.NO_KEY

    def holds(self, identity: Identity) -> bool:
        """Whether that account is this one, or one of these."""
        return self.account in {str(identity), _together(identity)}


@dataclass(frozen=True, slots=True)
class Accounts:
    """Those that are compared, and those that are not."""

    compared: tuple[Identity, ...] = ()
    left: tuple[Left, ...] = ()


def divided(
    known: Iterable[Identity], counting: Counting, has_key: Callable[[Identity], bool]
) -> Accounts:
    """Each account that is known, once. A platform's key reads its connected accounts too.

    Those connected ones that do not count are named together: a platform may have thousands.
    """
    compared: list[Identity] = []
    left: Counter[tuple[str, NotCompared]] = Counter()
    for identity in sorted(set(known), key=str):
        if identity in counting:
            if has_key(identity):
                compared.append(identity)
            else:
                left[str(identity), NotCompared.NO_KEY] += 1
        elif identity.mode not in counting.modes:
            left[_together(identity), NotCompared.MODE] += 1
        else:
            left[_together(identity), NotCompared.CONNECTED] += 1
    return Accounts(
        tuple(compared), tuple(Left(name, why, count) for (name, why), count in left.items())
    )


def _together(identity: Identity) -> str:
    """The name under which it is left out: one for all connected accounts of a platform."""
    if identity.connected_account is None:
        return str(identity)
    platform = identity.account.partition("/")[0]
    return str(Identity(identity.provider, f"{platform}/*", identity.mode))

"""A port around which troubles come: whoever calls it may die, be throttled, or get no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tocsin.errors import StoreUnavailable
from tocsin.simulation.troubles import Trouble

if TYPE_CHECKING:
    from tocsin.simulation.troubles import Troubles


def mortal[P](troubles: Troubles, port: P) -> P:
    """The same port, with every call of it in danger."""
    return cast("P", _Mortal(troubles, port))


class _Mortal:
    def __init__(self, troubles: Troubles, port: object) -> None:
        self._troubles, self._port = troubles, port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*given: Any, **named: Any) -> Any:
            if self._troubles.now(Trouble.THROTTLED):
                raise StoreUnavailable("throttled")
            self._troubles.die(Trouble.DIED_BEFORE_WRITE)
            answer = method(*given, **named)
            self._troubles.die(Trouble.DIED_AFTER_WRITE)
            if self._troubles.now(Trouble.LOST_ANSWER):
                raise StoreUnavailable("the answer was lost")
            return answer

        return call

"""An IAM access key, off and on again. The key alone is seldom all that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.containment.states import Preview, difference
from tocsin.errors import BadInput, Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.containment.states import State

STATUS = "status"
OFF = "Inactive"
_OPEN = ("password", "other_keys", "service_credentials")


class AccessKey:
    """`owned` is `status`; `around` has user, age, last use and by what else the user gets in."""

    def normal(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        if inputs["key"].startswith("ASIA"):
            raise BadInput(
                "ASIA… is the key of a session and cannot be turned off: revoke the sessions of"
                " its role with `role-sessions-revoked`, or turn off the key it came from",
                field="key",
            )
        return dict(inputs)

    def target(self, inputs: Mapping[str, str]) -> str:
        return f"access-key/{inputs['key']}"

    def slot(self, inputs: Mapping[str, str]) -> str:
        return self.target(inputs)

    def check(self, _inputs: Mapping[str, str], seen: State) -> None:
        if seen.owned.get(STATUS) == OFF:
            raise Conflict("the key is off already: somebody else did that, and may undo it")

    def preview(self, inputs: Mapping[str, str], seen: State, at: datetime) -> Preview:
        around = seen.around
        return Preview(
            changes=difference(seen.owned, self.wanted(inputs, seen, at)),
            affected=(
                f"user {around['user']}, key of {around['created']}",
                f"last used {around.get('last_used', 'never')}",
            ),
            left_open=left_open(around),
        )

    def wanted(self, _inputs: Mapping[str, str], _seen: State, _at: datetime) -> Mapping[str, str]:
        return {STATUS: OFF}

    def restorable(self, _before: Mapping[str, str], _seen: State) -> str:
        return ""

    def harmless_from(self, _done_at: datetime, _before: State) -> datetime | None:
        return None


def left_open(around: Mapping[str, str]) -> dict[str, str]:
    """By what else the user gets in; sessions are always among it, since nothing lists them."""
    found = {name: around[name] for name in _OPEN if around.get(name)}
    return found | {"sessions": "sessions made with the key last until they end, 36 hours at most"}


BEHAVIOUR = AccessKey()

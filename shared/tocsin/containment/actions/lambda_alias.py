"""A Lambda alias, back to an earlier version: all traffic at once, its weights put down first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.containment.states import Preview, difference
from tocsin.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.containment.states import State

VERSION = "version"
WEIGHT = "weight of "
GONE = "missing_versions"
OWNER = "deployed_by"


class LambdaAlias:
    """`owned` is `version` and a `weight of <version>` for each that takes a share.

    `around` has `missing_versions`, of those the alias names or is to name, and `deployed_by`.
    """

    def normal(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        return dict(inputs)

    def target(self, inputs: Mapping[str, str]) -> str:
        return f"function/{inputs['function']}:{inputs['alias']}"

    def slot(self, inputs: Mapping[str, str]) -> str:
        return self.target(inputs)

    def check(self, inputs: Mapping[str, str], seen: State) -> None:
        if inputs["version"] in seen.around.get(GONE, "").split():
            raise Conflict(f"version {inputs['version']} does not exist any more, or cannot run")
        if self.wanted(inputs, seen) == seen.owned:
            raise Conflict(f"all traffic goes to version {inputs['version']} already")
        if _weights(seen.owned) and inputs["during_shift"] != "yes":
            raise Conflict(
                f"a shift is running ({', '.join(_weights(seen.owned))}), and whoever shifts would"
                " move the alias again: stop it there first, or say `during_shift=yes`"
            )

    def preview(self, inputs: Mapping[str, str], seen: State, at: datetime) -> Preview:
        owner = seen.around.get(OWNER, "")
        warnings = [f"{owner} deploys it, and its next deployment moves it again"] if owner else []
        return Preview(
            changes=difference(seen.owned, self.wanted(inputs, seen, at)),
            affected=(f"everybody who calls {inputs['function']}:{inputs['alias']}",),
            left_open={},
            warnings=tuple(warnings),
        )

    def wanted(
        self, inputs: Mapping[str, str], _seen: State, _at: datetime | None = None
    ) -> Mapping[str, str]:
        return {VERSION: inputs["version"]}

    def restorable(self, before: Mapping[str, str], seen: State) -> str:
        named = {before[VERSION], *(name.removeprefix(WEIGHT) for name in _weights(before))}
        gone = sorted(named & set(seen.around.get(GONE, "").split()))
        return f"version {', '.join(gone)} does not exist any more" if gone else ""

    def harmless_from(self, done_at: datetime, _before: State) -> datetime | None:
        return done_at


def _weights(owned: Mapping[str, str]) -> list[str]:
    return sorted(name for name in owned if name.startswith(WEIGHT))


BEHAVIOUR = LambdaAlias()

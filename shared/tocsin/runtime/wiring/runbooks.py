"""The policies of a deployed stage: its published ones over its build's, and whether it has a room.

Which room it is stands in the configuration of Amazon Q Developer, which reads the stage's chat
topic; Tocsin cannot see it. So the deployment says whether there is one (context `chat_room`), and
without one no policy has a room: nothing is written that nobody would read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.adapters.runbooks.store import DynamoPolicies
from tocsin.application.runbooks.versions import PublishedPolicies
from tocsin.policy.compiled.policies import PackagedPolicies, from_json
from tocsin.runtime.clock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.adapters.aws.call import AwsCall
    from tocsin.errors import TocsinError
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.runbooks import PolicySource

ROOM_VARIABLE = "CHAT_ROOM"
ON = "on"


@dataclass(frozen=True, slots=True)
class WithoutRoom:
    """A `PolicySource` whose policies tell nothing in a chat room."""

    policies: PolicySource

    def current(self) -> Policy:
        return replace(self.policies.current(), chat_room=None)

    def version(self, version: str) -> Policy:
        """The policy of that version.

        Raises:
            InvalidPolicy: no such version.
        """
        return replace(self.policies.version(version), chat_room=None)


def stage_policies(
    environ: Mapping[str, str] | None = None, *, policies: PolicySource | None = None
) -> PolicySource:
    """The policies as this stage has them; without a source those of the build."""
    known = policies or PackagedPolicies()
    room = (os.environ if environ is None else environ).get(ROOM_VARIABLE, "")
    return known if room == ON else WithoutRoom(known)


def published_policies(
    dynamodb: AwsCall, table: str, tell: Callable[[TocsinError], None]
) -> PublishedPolicies:
    """What was published into the operations table, and behind it the build's.

    `tell` hears of a published policy that cannot be read.
    """
    return PublishedPolicies(
        build=PackagedPolicies(),
        versions=DynamoPolicies(dynamodb, table=table),
        read=from_json,
        wall=wall_clock(),
        tell=tell,
    )

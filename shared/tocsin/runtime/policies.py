"""The policies of a deployed stage: those of its build, and whether the stage has a chat room.

Which room it is stands in the configuration of Amazon Q Developer, which reads the stage's chat
topic; Tocsin cannot see it. So the deployment says whether there is one (context `chat_room`), and
without one no policy has a room: nothing is written that nobody would read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tocsin.policy.compiled import PackagedPolicies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.incidents.policy import Policy
    from tocsin.ports import PolicySource

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


def stage_policies(environ: Mapping[str, str] | None = None) -> PolicySource:
    """The policies of this stage."""
    room = (os.environ if environ is None else environ).get(ROOM_VARIABLE, "")
    return PackagedPolicies() if room == ON else WithoutRoom(PackagedPolicies())

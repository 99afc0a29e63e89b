"""The sessions of a role, denied by an inline policy when they began before a moment.

Never by attaching a managed policy that denies everything: that would stop the sessions of those
who repair too, and forever.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.containment.states import Preview
from tocsin.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tocsin.containment.states import State

POLICY = "policy"
POLICY_NAME = "TocsinRevokedSessions"
MAX_SESSION = "max_session_seconds"
_NOT_OURS = {
    "/aws-service-role/": "AWS owns it, and its sessions cannot be revoked",
    "/aws-reserved/": "IAM Identity Center owns it: end the person's sessions there",
}


class RoleSessions:
    """`owned` is `policy`, the text of the inline policy, and missing where there is none."""

    def normal(self, inputs: Mapping[str, str]) -> Mapping[str, str]:
        return dict(inputs)

    def target(self, inputs: Mapping[str, str]) -> str:
        return f"role/{inputs['role']}"

    def slot(self, inputs: Mapping[str, str]) -> str:
        return self.target(inputs)

    def check(self, _inputs: Mapping[str, str], seen: State) -> None:
        for path, why in _NOT_OURS.items():
            if seen.around["path"].startswith(path):
                raise Conflict(f"{seen.around['path']}: {why}")

    def preview(self, inputs: Mapping[str, str], seen: State, at: datetime) -> Preview:
        return Preview(
            changes=(f"{POLICY}: denies what began before {moment(at)}",),
            affected=(
                f"every session of {inputs['role']} that began before then",
                f"trusted to begin new ones: {seen.around['trusted']}",
            ),
            left_open={"new_sessions": f"these may begin new ones: {seen.around['trusted']}"},
            warnings=("the role's own functions and instances stop until they renew theirs",),
        )

    def wanted(self, _inputs: Mapping[str, str], _seen: State, at: datetime) -> Mapping[str, str]:
        return {POLICY: denying(at)}

    def restorable(self, _before: Mapping[str, str], _seen: State) -> str:
        return ""

    def harmless_from(self, done_at: datetime, before: State) -> datetime | None:
        """When the longest session from before has ended by itself."""
        return done_at + timedelta(seconds=int(before.around[MAX_SESSION]))


def moment(at: datetime) -> str:
    """The second after: IAM counts whole ones, and one that began in this second is to end."""
    return f"{(at + timedelta(seconds=1)).replace(microsecond=0):%Y-%m-%dT%H:%M:%SZ}"


def denying(at: datetime) -> str:
    """The policy, as AWS's own console writes it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
    """
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:TokenIssueTime": moment(at)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)


BEHAVIOUR = RoleSessions()

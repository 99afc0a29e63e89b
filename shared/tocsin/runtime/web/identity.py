"""Who asks, from what the gateway proved and from nothing the caller wrote.

The IAM authoriser hands over the ARN behind the signature. People assume the role of their group,
`tocsin-<stage>-<group>-<region>`, under a session named after themselves; two-person rules compare
that session name. A user, a service's role or another stage's role is nobody here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.errors import NotAllowed
from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/(?P<role>[\w+=,.@-]+)/(?P<session>[\w+=,.@-]{2,64})"
)
_REGION = re.compile(r"-[a-z]{2}(?:-[a-z]+)+-\d$")
"""Roles are the account's, so a stage's names hold the Region it runs in."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person; `person` is the id the roster and the timeline use."""

    person: str
    group: Group

    @property
    def groups(self) -> frozenset[Group]:
        """What a command carries; which group may do what is decided by the incident's rules."""
        return frozenset({self.group})


def caller(authorizer: Mapping[str, Any], *, stage: str) -> Caller:
    """The person behind a request.

    Raises:
        NotAllowed: no IAM identity, or not a session of one of this stage's group roles.
    """
    arn = str((authorizer.get("iam") or {}).get("userArn") or "")
    if not (found := _SESSION.fullmatch(arn)):
        raise NotAllowed("sign in by assuming the role of your group")
    groups = {f"tocsin-{stage}-{group}": group for group in Group}
    if not (group := groups.get(_REGION.sub("", found["role"]))):
        raise NotAllowed("this role belongs to no group of people in this stage")
    return Caller(person=found["session"], group=group)

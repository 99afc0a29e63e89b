"""Who asks, from what the gateway proved and from nothing the caller wrote.

The IAM authoriser hands over the ARN behind the signature: a session of a role, named after whoever
it is of. Two-person rules compare that name, so a role counts only where its name is fixed by
somebody else than its holder:

- the stage's own group roles, `tocsin-<stage>-<group>-<region>`, for IAM users: by their trust
  policy;
- a permission set of IAM Identity Center, `AWSReservedSSO_<set>_<16 hex digits>`: by Identity
  Center, which puts the user's name there;
- another federated role: by the identity provider, where the role's trust policy requires it.

- a deployment pipeline: the stage's role `tocsin-<stage>-pipeline-<region>`. It is no person, has
  no name that a person could have, and may ask one thing: whether deployments are frozen.

The second and third belong to a group only where the stage's settings say so. A user without a
role, a function's role or another stage's role is nobody here.
https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tocsin.errors import InvalidSettings, NotAllowed
from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/(?P<role>[\w+=,.@-]+)/(?P<session>[\w+=,.@-]{2,64})"
)
_REGION = re.compile(r"-[a-z]{2}(?:-[a-z]+)+-\d$")
"""Roles are the account's, so a stage's names hold the Region it runs in."""

_PERMISSION_SET = re.compile(r"AWSReservedSSO_(?P<set>[\w+=,.@-]{1,32})_[0-9a-f]{16}")
_OWN = "tocsin-"
_NONE = "none"
PIPELINE = "pipeline"
PIPELINE_ASKS = "GET /v1/freeze"
_KINDS = ("permission-set", "role", "domain")


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person; `person` is the id the roster and the timeline use.

    `asks` is the one route that may be asked, of who is no person; empty: any.
    """

    person: str
    group: Group
    asks: str = ""

    @property
    def groups(self) -> frozenset[Group]:
        """What a command carries; which group may do what is decided by the incident's rules."""
        return frozenset({self.group})

    def asking(self, route: str) -> Caller:
        """Themselves, if they may ask this route.

        Raises:
            NotAllowed: they may ask another one alone.
        """
        if self.asks and route != self.asks:
            raise NotAllowed("this role may ask nothing but whether deployments are frozen")
        return self


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whose sessions are people of a stage, and of which group.

    `domain` is taken off the end of a session's name: whom Identity Center calls `ana@example.com`
    is `ana` in the roster, also when `ana` signs in as an IAM user. Any other domain stays, so that
    two people are never one.
    """

    stage: str
    permission_sets: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    roles: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    domain: str = ""

    @classmethod
    def read(cls, stage: str, text: str) -> SignIn:
        """From a setting: `permission-set:<name>=<group>`, `role:<name>=<group>`, `domain:<name>`.

        They are separated by blanks, for names may hold commas; `none`: the group roles alone.

        Raises:
            InvalidSettings: another word, a group that does not exist, a name said twice, a role of
                Tocsin's own or one that Identity Center keeps.
        """
        found: dict[str, dict[str, Group]] = {"permission-set": {}, "role": {}}
        domain = ""
        for word in text.split() if text != _NONE else ():
            kind, _, rest = word.partition(":")
            if kind == "domain" and rest and not domain:
                domain = rest.lower()
                continue
            name, _, group = rest.rpartition("=")
            own = kind == "role" and name.startswith((_OWN, "AWSReservedSSO_"))
            if kind not in found or not name or own or name in found[kind] or group not in Group:
                raise InvalidSettings(
                    f"who signs in: {word!r} is none of {', '.join(_KINDS)} with a name of its own"
                    f" and one of the groups {', '.join(Group)}"
                )
            found[kind][name] = Group(group)
        return cls(stage, found["permission-set"], found["role"], domain)

    def caller(self, authorizer: Mapping[str, Any]) -> Caller:
        """The person behind a request.

        Raises:
            NotAllowed: no IAM identity, or no session that is a person's in this stage.
        """
        arn = str((authorizer.get("iam") or {}).get("userArn") or "")
        if not (found := _SESSION.fullmatch(arn)):
            raise NotAllowed("sign in by assuming the role of your group")
        if _REGION.sub("", found["role"]) == f"{_OWN}{self.stage}-{PIPELINE}":
            # Whoever assumes it names the session: it must never read as somebody of the roster.
            name = f"{PIPELINE}:{found['session']}"
            return Caller(person=name, group=Group.VIEWER, asks=PIPELINE_ASKS)
        if not (group := self._group(found["role"])):
            raise NotAllowed("this role belongs to no group of people in this stage")
        return Caller(person=self._person(found["session"]), group=group)

    def _group(self, role: str) -> Group | None:
        if found := _PERMISSION_SET.fullmatch(role):
            return self.permission_sets.get(found["set"])
        own = {f"{_OWN}{self.stage}-{group}": group for group in Group}
        return own.get(_REGION.sub("", role)) or self.roles.get(role)

    def _person(self, session: str) -> str:
        name, at, domain = session.rpartition("@")
        return name if at and name and domain.lower() == self.domain else session

"""Targets in memory: what an account holds, for every action at once, with points that kill.

As exact as the services are where it matters to undo: a list of the firewall is written whole under
its token, an alias under its revision, and a policy that is not there is not an empty one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from tocsin.containment.registry import REAL, TAG
from tocsin.containment.states import State
from tocsin.errors import Conflict, NotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.harness.fakes.crashes import Crashes
    from tocsin.ports.containment import Target

KEY = "AKIAFAKEKEYOFATEST23"
LIST = "blocked/0a1b2c3d"


@dataclass
class Account:
    """An account: keys by id, policies by role, aliases, lists; `tags` by what carries them."""

    crashes: Crashes
    keys: dict[str, str] = field(default_factory=lambda: {KEY: "Active"})
    key_around: dict[str, str] = field(
        default_factory=lambda: {"user": "deployer", "created": "2026-01-01T00:00:00Z"}
    )
    policies: dict[str, str] = field(default_factory=dict)
    roles: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            "worker": {"path": "/", "max_session_seconds": "3600", "trusted": "lambda"}
        }
    )
    aliases: dict[str, dict[str, str]] = field(
        default_factory=lambda: {"api:live": {"version": "7"}}
    )
    versions: set[str] = field(default_factory=lambda: {"5", "6", "7", "8"})
    deployed_by: str = ""
    lists: dict[str, set[str]] = field(default_factory=lambda: {LIST: {"198.51.100.7/32"}})
    tags: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(
            ("user/deployer", "role/worker", "function/api", f"ip-set/{LIST}"), REAL
        )
    )
    denied: bool = False
    after_look: Callable[[], None] = lambda: None
    changes: int = 0
    revision: count[int] = field(default_factory=count)

    def of(self, action: str) -> Target:
        kinds: dict[str, Callable[[Account], Target]] = {
            "access-key-off": KeyTarget,
            "role-sessions-revoked": RoleTarget,
            "lambda-alias-rollback": AliasTarget,
            "ip-block": ListTarget,
        }
        return kinds[action](self)

    def whole(self) -> object:
        """Everything there is, for comparing."""
        lists = {name: sorted(found) for name, found in self.lists.items()}
        return repr((self.keys, sorted(self.policies.items()), self.aliases, lists, self.tags))


@dataclass
class Fake(ABC):
    """What they share: where processes die, and who is refused."""

    account: Account

    def look(
        self, inputs: Mapping[str, str], *, restoring: Mapping[str, str] | None = None
    ) -> State:
        del restoring
        state = self.state(inputs)
        self.account.after_look()
        return state

    @abstractmethod
    def state(self, inputs: Mapping[str, str]) -> State: ...

    @abstractmethod
    def put(self, inputs: Mapping[str, str], owned: Mapping[str, str]) -> None: ...

    def change(self, inputs: Mapping[str, str], seen: State, owned: Mapping[str, str]) -> None:
        self.account.crashes.at("before change")
        if self.account.denied:
            raise NotAllowed("AccessDenied: UpdateAccessKey")
        if seen.revision and self.state(inputs).revision != seen.revision:
            raise Conflict("PreconditionFailedException")
        self.put(inputs, owned)
        self.account.changes += 1
        self.account.crashes.at("after change")

    def tags(self, name: str) -> dict[str, str]:
        return {TAG: self.account.tags[name]} if name in self.account.tags else {}


class KeyTarget(Fake):
    def state(self, inputs: Mapping[str, str]) -> State:
        account = self.account
        if inputs["key"] not in account.keys:
            raise NotFound("NoSuchEntity")
        user = f"user/{account.key_around['user']}"
        return State(
            owned={"status": account.keys[inputs["key"]]},
            around=dict(account.key_around),
            tags=self.tags(user),
            touched=(user,),
        )

    def put(self, inputs: Mapping[str, str], owned: Mapping[str, str]) -> None:
        self.account.keys[inputs["key"]] = owned["status"]


class RoleTarget(Fake):
    def state(self, inputs: Mapping[str, str]) -> State:
        name, account = inputs["role"], self.account
        if name not in account.roles:
            raise NotFound("NoSuchEntity")
        found = account.policies.get(name)
        return State(
            owned={} if found is None else {"policy": found},
            around=account.roles[name],
            tags=self.tags(f"role/{name}"),
            touched=(f"role/{name}",),
        )

    def put(self, inputs: Mapping[str, str], owned: Mapping[str, str]) -> None:
        if "policy" in owned:
            self.account.policies[inputs["role"]] = owned["policy"]
        else:
            del self.account.policies[inputs["role"]]


class AliasTarget(Fake):
    def state(self, inputs: Mapping[str, str]) -> State:
        account = self.account
        owned = account.aliases[f"{inputs['function']}:{inputs['alias']}"]
        named = {inputs["version"], owned["version"], *account.aliases["api:live"]} - {"version"}
        named |= {"5", "6", "7", "8"}
        numbers = {name.removeprefix("weight of ") for name in named}
        return State(
            owned=dict(owned),
            around={
                "missing_versions": " ".join(sorted(numbers - account.versions)),
                "deployed_by": account.deployed_by,
            },
            tags=self.tags(f"function/{inputs['function']}"),
            touched=(f"function/{inputs['function']}",),
            revision=repr(sorted(owned.items())),
        )

    def put(self, inputs: Mapping[str, str], owned: Mapping[str, str]) -> None:
        self.account.aliases[f"{inputs['function']}:{inputs['alias']}"] = dict(owned)


class ListTarget(Fake):
    def state(self, inputs: Mapping[str, str]) -> State:
        found = self.account.lists[inputs["set"]]
        owned = {inputs["addresses"]: "in the list"} if inputs["addresses"] in found else {}
        name = f"ip-set/{inputs['set']}"
        return State(
            owned=owned,
            around={"entries": str(len(found)), "family": "IPV4"},
            tags=self.tags(name),
            touched=(name,),
        )

    def put(self, inputs: Mapping[str, str], owned: Mapping[str, str]) -> None:
        found = self.account.lists[inputs["set"]]
        if owned:
            found.add(inputs["addresses"])
        else:
            found.discard(inputs["addresses"])

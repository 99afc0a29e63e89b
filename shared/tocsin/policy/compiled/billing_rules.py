"""The billing rules of the runbook, without the rest of it: what billing's functions load.

Read from the same compiled file as the whole policy and under the same seal. Billing goes by the
current runbook, also while an incident goes by an earlier one: what a customer may use does not
depend on when an incident was opened. What its freeze lets through does.

How many workspaces a reconciliation reads: that part of the runbook, without the rest of it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.billing.access.entitlement import Access, AccessRule
from tocsin.billing.access.freeze import SHIPPED, BillingChange
from tocsin.billing.reconcile.sampling import Sampling
from tocsin.billing.subscription import Status
from tocsin.errors import InvalidPolicy
from tocsin.policy.compiled.seal import is_sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.billing.access.entitlement import AccessPolicy


HERE = Path(__file__).parent

FILES = ("deployed.json", "default.json")

"""A team's own runbook, and the shipped one where there is none."""


@dataclass(frozen=True, slots=True)
class BillingRules:
    """`access` by neutral status; `confirm` names the providers whose early answers are checked.

    `add_ons` are plans bought on top of another.
    `essential` may be changed in billing while an incident that goes by `version` freezes the rest.
    """

    access: AccessPolicy
    confirm: frozenset[str]
    essential: frozenset[BillingChange]
    version: str
    add_ons: frozenset[str] = frozenset()


def current_billing_rules(folder: Path = HERE) -> BillingRules:
    """The rules of this build.

    Raises:
        InvalidPolicy: the file is no compiled policy, or was changed since it was compiled.
    """
    return _read(next(path for name in FILES if (path := folder / name).is_file()))


@dataclass(slots=True)
class EssentialChanges:
    """The essential changes of any policy version that came with this build or was published.

    An incident without a version, or with one that cannot be found or read, goes by the current
    rules. `published` gives the document of a published one.
    """

    folder: Path = HERE
    published: Callable[[str], bytes | None] = lambda _version: None
    _known: dict[str, frozenset[BillingChange]] = field(default_factory=dict, init=False)

    def __call__(self, version: str) -> frozenset[BillingChange]:
        if not self._known:
            self._note(current_billing_rules(self.folder))
        if version not in self._known:
            for file in (self.folder / FILES[-1], *sorted(self.folder.glob("earlier/*.json"))):
                if file.is_file():
                    self._note(_read(file))
        if version not in self._known:
            self._look_up(version)
        if version not in self._known:
            version = current_billing_rules(self.folder).version
        return self._known[version]

    def _look_up(self, version: str) -> None:
        if not version or (document := self.published(version)) is None:
            return
        with suppress(InvalidPolicy):
            self._note(_rules(document, version))

    def _note(self, rules: BillingRules) -> None:
        self._known.setdefault(rules.version, rules.essential)


def _read(file: Path) -> BillingRules:
    return _rules(file.read_bytes(), file.name)


def _rules(compiled: bytes, name: str) -> BillingRules:
    try:
        document = json.loads(compiled)
        if not is_sealed(document):
            raise InvalidPolicy(f"{name} was changed after it was compiled")
        rules = document["billing"]
        return BillingRules(
            access={
                Status(status): AccessRule(
                    Access(row["access"]),
                    Access(row["in_incident"]),
                    row["until_period_end"],
                    row.get("grace_days"),
                    Access(paused) if (paused := row.get("collection_paused")) else None,
                )
                for status, row in rules["access"].items()
            },
            confirm=frozenset(rules["confirm"]),
            essential=frozenset(map(BillingChange, rules.get("essential", SHIPPED))),
            version=document["version"],
            add_ons=frozenset(rules.get("add_ons", ())),
        )
    except (ValueError, TypeError, LookupError, AttributeError) as broken:
        raise InvalidPolicy(f"{name} is no compiled policy: {broken!r}") from broken


def current_sampling(folder: Path = HERE) -> Sampling:
    """The rule of this build.

    Raises:
        InvalidPolicy: the file is no compiled policy, or was changed since it was compiled.
    """
    file = next(path for name in FILES if (path := folder / name).is_file())
    try:
        document = json.loads(file.read_bytes())
        if not is_sealed(document):
            raise InvalidPolicy(f"{file.name} was changed after it was compiled")
        return Sampling(**document["sampling"])
    except (ValueError, TypeError, LookupError, AttributeError) as broken:
        raise InvalidPolicy(f"{file.name} is no compiled policy: {broken!r}") from broken

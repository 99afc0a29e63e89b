"""The billing rules of the runbook, without the rest of it: what billing's functions load.

Read from the same compiled file as the whole policy and under the same seal. Billing goes by the
current runbook, also while an incident goes by an earlier one: what a customer may use does not
depend on when an incident was opened.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.billing.entitlement import Access, AccessRule
from tocsin.billing.subscription import Status
from tocsin.errors import InvalidPolicy
from tocsin.policy.seal import is_sealed

if TYPE_CHECKING:
    from tocsin.billing.entitlement import AccessPolicy

HERE = Path(__file__).parent
FILES = ("deployed.json", "default.json")
"""A team's own runbook, and the shipped one where there is none."""


@dataclass(frozen=True, slots=True)
class BillingRules:
    """`access` by neutral status; `confirm` names the providers whose early answers are checked."""

    access: AccessPolicy
    confirm: frozenset[str]


def current(folder: Path = HERE) -> BillingRules:
    """The rules of this build.

    Raises:
        InvalidPolicy: the file is no compiled policy, or was changed since it was compiled.
    """
    file = next(path for name in FILES if (path := folder / name).is_file())
    try:
        document = json.loads(file.read_bytes())
        if not is_sealed(document):
            raise InvalidPolicy(f"{file.name} was changed after it was compiled")
        rules = document["billing"]
        return BillingRules(
            access={
                Status(status): AccessRule(
                    Access(row["access"]), Access(row["in_incident"]), row["until_period_end"]
                )
                for status, row in rules["access"].items()
            },
            confirm=frozenset(rules["confirm"]),
        )
    except (ValueError, TypeError, LookupError, AttributeError) as broken:
        raise InvalidPolicy(f"{file.name} is no compiled policy: {broken!r}") from broken

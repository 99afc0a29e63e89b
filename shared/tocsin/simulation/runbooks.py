"""The runbooks of a life: the shipped one, and a stricter one of a team elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from tocsin.errors import InvalidPolicy
from tocsin.incidents.runbook.policy import RuleMode, TriageRule
from tocsin.incidents.runbook.targets import BusinessDays, Elapsed
from tocsin.incidents.vocabulary import Category, ClockName, Severity
from tocsin.policy.compiled.policies import default, sealed
from tocsin.simulation.promised import SHIPPED, STRICT, Promises

if TYPE_CHECKING:
    from tocsin.incidents.runbook.policy import Policy

_WATCHES = TriageRule(
    id="watched",
    source="github",
    pattern="code_scanning/*",
    severity=Severity.MEDIUM,
    category=Category.SECURITY,
    hints=(Severity.MEDIUM,),
    mode=RuleMode.MONITOR,
)
"""The stricter team only watches what its scanner calls medium."""
_DAY = 540
"""Business minutes of a day of nine hours."""


@cache
def runbooks() -> tuple[tuple[Policy, Promises], ...]:
    """Each with what it promises, written down apart from it."""
    shipped = replace(default(), chat_room=None)
    return (shipped, SHIPPED), (_strict(shipped), STRICT)


def _strict(shipped: Policy) -> Policy:
    severities = {
        severity: replace(
            row,
            targets={**row.targets, **_targets(severity)},
            monitoring=Elapsed(STRICT.window[severity] * 60),
        )
        for severity, row in shipped.severities.items()
    }
    calendar = replace(shipped.calendar, zone="Europe/Berlin", closed_dates=frozenset())
    changed = replace(
        shipped,
        version="strict",
        severities=severities,
        calendar=calendar,
        closed_names={},
        triage=(_WATCHES, *shipped.triage),
    )
    return sealed(changed)


def _targets(severity: Severity) -> dict[ClockName, Elapsed | BusinessDays]:
    elapsed, business = STRICT.elapsed.get(severity, {}), STRICT.business.get(severity, {})
    return {
        **{ClockName(name): Elapsed(minutes) for name, minutes in elapsed.items()},
        **{ClockName(name): BusinessDays(minutes // _DAY) for name, minutes in business.items()},
    }


@dataclass(slots=True)
class Published:
    """Which runbook is in force; an earlier one stays that of the incidents opened under it."""

    turn: int
    _by_version: dict[str, tuple[Policy, Promises]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_version = {policy.version: (policy, kept) for policy, kept in runbooks()}

    def current(self) -> Policy:
        every = runbooks()
        return every[self.turn % len(every)][0]

    def version(self, version: str) -> Policy:
        return self._known(version)[0]

    def promises(self, version: str) -> Promises:
        return self._known(version)[1]

    @property
    def zones(self) -> tuple[str, ...]:
        """Those of every runbook that ever was in force."""
        return tuple(policy.calendar.zone for policy, _ in self._by_version.values())

    def publish(self) -> str:
        """The next one is in force; its version."""
        self.turn += 1
        return self.current().version

    @property
    def watches(self) -> bool:
        """Whether the one in force only watches findings of code that are called medium."""
        return self.turn % len(runbooks()) == 1

    def _known(self, version: str) -> tuple[Policy, Promises]:
        if version not in self._by_version:
            raise InvalidPolicy(f"no policy {version}")
        return self._by_version[version]

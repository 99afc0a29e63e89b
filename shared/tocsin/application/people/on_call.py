"""Who is on call now, in the place of the roster the runbook was compiled with.

The policy of an incident is that of its opening; the people are those of the moment. So whoever
decides asks here: the policy that comes back has the people on call in its roster, and a decision
stays a pure function of it. What was decided names its people, so folding asks nobody.

Rotations that cannot be read must not keep anybody from being paged: the last ones known are used,
else the roster, and it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.errors import StoreUnavailable
from tocsin.incidents.vocabulary import Role
from tocsin.people.rotation import Rota, duty_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tocsin.incidents.runbook.policy import Policy
    from tocsin.ports.people import RotaStore
    from tocsin.ports.runbooks import PolicySource
    from tocsin.ports.time import IncidentClock


KEPT = timedelta(seconds=1)

"""How long what was read is used again: a sweep does not read for every incident, and a change
counts at once."""


@dataclass(slots=True)
class OnDuty:
    """A `PolicySource` whose policies have the people on call in their roster.

    `tell` hears why rotations could not be read.
    """

    policies: PolicySource
    rotas: RotaStore
    clock: IncidentClock
    tell: Callable[[StoreUnavailable], None] = lambda _error: None
    _known: Mapping[Role, Rota] = field(default_factory=dict)
    _read_at: datetime | None = None
    _manned_now: dict[str, Policy] = field(default_factory=dict)
    _manned_at: datetime | None = None

    def current(self) -> Policy:
        return self._manned(self.policies.current())

    def version(self, version: str) -> Policy:
        """The policy of that version, with the people of now.

        Raises:
            InvalidPolicy: no such version.
        """
        return self._manned(self.policies.version(version))

    def _manned(self, policy: Policy) -> Policy:
        """Once an instant and version: a sweep and a batch ask for every incident and message."""
        now = self.clock.incident_now()
        rotas = self._rotas(now)
        if self._manned_at != now:
            self._manned_at, self._manned_now = now, {}
        found = self._manned_now.get(policy.version)
        if found is None:
            found = self._manned_now[policy.version] = manned(policy, rotas, now)
        return found

    def _rotas(self, now: datetime) -> Mapping[Role, Rota]:
        read_at = self._read_at
        if read_at is None or not read_at <= now < read_at + KEPT:
            try:
                self._known = read_rotas(self.rotas, since=now)
            except StoreUnavailable as error:
                self.tell(error)
            self._read_at, self._manned_at = now, None
        return self._known


def read_rotas(rotas: RotaStore, *, since: datetime) -> dict[Role, Rota]:
    """What is known of every role, with the overrides that end after `since`."""
    return {role: rotas.rota(role, since=since) for role in Role}


def manned(policy: Policy, rotas: Mapping[Role, Rota], at: datetime) -> Policy:
    """The policy with the people on call at `at` in its roster."""
    return replace(policy, roster=duty_at(policy.roster, rotas, at).over(policy.roster))

"""What the routes of billing work with: the stores and clocks of one stage, bound once at init."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.application.billing.outage.impact import ImpactDesk
from tocsin.policy.compiled.billing_rules import EssentialChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.application.billing.access.corrections import CorrectionDesk
    from tocsin.application.billing.access.lost_activations import LostActivations
    from tocsin.application.billing.checkout.start import Checkouts
    from tocsin.application.billing.outage.history import LedgerHistory
    from tocsin.application.billing.projection.open_incidents import Remembered
    from tocsin.application.billing.reconcile.desk import ReconcileDesk
    from tocsin.application.billing.replay.desk import ReplayDesk
    from tocsin.application.billing.replay.window import WindowDesk
    from tocsin.billing.access.freeze import BillingChange
    from tocsin.policy.compiled.billing_rules import BillingRules
    from tocsin.ports.billing.access import SeenTwice
    from tocsin.ports.billing.checkout import BillingFreezes
    from tocsin.ports.billing.projection import WorkspaceRows
    from tocsin.ports.requests import RequestStore
    from tocsin.ports.time import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The parts of one stage. `projection` has the rows that give access here and no others.

    `essential` gives what may be changed in billing while an incident freezes the rest, by the
    version of the policy the incident goes by. `leave` asks the outage watch for what ends an
    outage. `activations` has providers asked where news may be lost. `requests` are those that
    keys stood for.
    """

    rules: BillingRules
    projection: WorkspaceRows
    incidents: Remembered
    twice: SeenTwice
    activations: LostActivations
    corrections: CorrectionDesk
    replays: ReplayDesk
    windows: WindowDesk
    reconciliations: ReconcileDesk
    checkouts: Checkouts
    history: LedgerHistory
    freezes: BillingFreezes
    leave: Callable[[Mapping[str, Any]], dict[str, Any]]
    requests: RequestStore
    clock: WallClock
    essential: Callable[[str], frozenset[BillingChange]] = field(default_factory=EssentialChanges)

    def now(self) -> int:
        """The real time in epoch seconds: periods and corrections are the providers' time."""
        return int(self.clock.wall_now().timestamp())

    @property
    def impacts(self) -> ImpactDesk:
        """What a time without a provider did, from the same records."""
        return ImpactDesk(
            intents=self.checkouts.intents,
            policies=self.checkouts.policies,
            history=self.history,
            rows=self.projection,
            corrections=self.corrections.store,
            incidents=self.incidents,
            access=self.rules.access,
            now=self.now,
        )

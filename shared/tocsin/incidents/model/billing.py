"""What an incident knows of billing: facts that were recorded, as the gate judges them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tocsin.incidents.model.content import Stored


class ReplayKind(StrEnum):
    """How a replay finds what was lost: by the provider's list of events, or object by object."""

    EVENTS = "events"
    OBJECTS = "objects"


class ReplayStanding(StrEnum):
    """How far a replay had come when it was recorded: done, given up for now, or called off."""

    COMPLETE = "complete"
    STALLED = "stalled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The newest reconciliation: mismatches left by class, what could not be compared, who signed.

    `settled` is what an exit criterion asks for; `at` is when it was recorded. `compared` counts
    subscriptions; `evidence` is its report as it was published with this standing.
    """

    id: str
    started_at: datetime
    unresolved: Mapping[str, int]
    unknown: int
    signed_off_by: str | None
    at: datetime
    compared: int = 0
    healed: int = 0
    accepted: int = 0
    evidence: Stored | None = None

    @property
    def found(self) -> int:
        """Mismatches it found, whatever became of them."""
        return sum(self.unresolved.values()) + self.healed + self.accepted

    @property
    def settled(self) -> bool:
        """Nothing is left that is wrong or unknown, and somebody stands for it by name."""
        return not self.unresolved and not self.unknown and self.signed_off_by is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCounts:
    """What a replay met and did.

    Of what the provider `listed`, `missing` was in no ledger. `duplicate` was stored already or
    arrived meanwhile, `inserted` was put back, and `unreadable` could not be filed. Of what was
    inserted the projector `applied` so much, found so much `stale`, and asked the provider
    (`fetched`) for so much. A replay object by object inserts nothing: `missing` are projections
    that differed, and it fetches.
    """

    listed: int
    duplicate: int
    inserted: int
    unreadable: int
    applied: int = 0
    stale: int = 0
    fetched: int = 0
    second_pass_inserted: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The newest replay of one account; `proven`: a second pass found nothing missing."""

    id: str
    kind: ReplayKind
    start: datetime
    end: datetime
    inserted: int
    fetched: int
    second_pass_inserted: int
    proven: bool
    at: datetime
    listed: int = 0
    missing: int = 0
    duplicate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutsSeen:
    """How new checkouts at one provider went when they were last examined.

    `sessions` are pages to pay on, made for `workspaces` different ones since the recovery; `paid`
    of them. `volume` checkouts were asked for in the `quiet_minutes` (30 at most) without a failed
    one. `lacks` are codes of what keeps it from being proof; () proves it.
    """

    at: datetime
    sessions: int
    workspaces: int
    probed: bool
    paid: int
    quiet_minutes: int
    volume: int
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingExit:
    """The facts behind the billing criteria, of this cycle; by provider."""

    checkouts: Mapping[str, CheckoutsSeen] = field(default_factory=dict)

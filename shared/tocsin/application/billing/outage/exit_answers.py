"""What the outage watch answers of the way out of an outage, and `billing_api` passes on."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.billing.outage.examination import Lack
from tocsin.incidents.model.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutsExamined:
    """What was counted at one provider, as the incident's gate judges it from now on.

    `lacks` names what keeps it from being proof. `sessions` for `workspaces` different ones since
    the recovery; `volume` checkouts in the `quiet_minutes` (30 at most) without a failure.
    """

    incident: str
    provider: str
    proven: bool
    lacks: tuple[Lack, ...]
    sessions: int
    workspaces: int
    probed: bool
    paid: int
    quiet_minutes: int
    volume: int
    examined_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalUpdateSent:
    """That stakeholders' channel took the final update."""

    incident: str
    sent_at: datetime | None
    lacks: tuple[str, ...]
    version: int


def examined(incident: Incident, provider: str) -> CheckoutsExamined:
    """What the incident knows of the provider's checkouts; they must have been examined."""
    seen = incident.billing_exit.checkouts[provider]
    return CheckoutsExamined(
        incident=incident.id,
        provider=provider,
        proven=not seen.lacks,
        lacks=tuple(Lack(each) for each in seen.lacks),
        sessions=seen.sessions,
        workspaces=seen.workspaces,
        probed=seen.probed,
        paid=seen.paid,
        quiet_minutes=seen.quiet_minutes,
        volume=seen.volume,
        examined_at=seen.at,
        version=incident.version,
    )


def final_sent(incident: Incident) -> FinalUpdateSent:
    """When it was sent, and without which parts."""
    final = incident.communication.internal
    return FinalUpdateSent(
        incident=incident.id,
        sent_at=final.final_at,
        lacks=final.final_lacks,
        version=incident.version,
    )

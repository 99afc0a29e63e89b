"""What the billing API answers about the way out of a provider's outage."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from functions.billing_api.resources.shapes import Moment
    from tocsin.billing.outage.examination import Lack


class CheckoutsExamined(TypedDict):
    """What was counted at one provider, as the incident's gate judges it from now on.

    `lacks` names what keeps it from being proof. `sessions` for `workspaces` different ones since
    the recovery; `volume` checkouts in the `quiet_minutes` (30 at most) without a failure.
    """

    incident: str
    provider: str
    proven: bool
    lacks: list[Lack]
    sessions: int
    workspaces: int
    probed: bool
    paid: int
    quiet_minutes: int
    volume: int
    examined_at: Moment
    version: int


class FinalUpdateSent(TypedDict):
    """That stakeholders' channel took the final update."""

    incident: str
    sent_at: Moment | None
    lacks: list[str]
    version: int

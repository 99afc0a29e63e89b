"""What requests of billing carry: one frozen value a body, named by its route."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.billing.access.freeze import BillingChange
from tocsin.billing.checkout.decision import Remedy
from tocsin.billing.identity import MODES
from tocsin.billing.provider import DEFAULT
from tocsin.billing.reconcile.work import Scope
from tocsin.billing.subscription import Status
from tocsin.incidents.commands.asked import asked
from tocsin.providers.registry import PROVIDERS

_APPROVAL = "INCIDENT:ENTRY, while a billing incident is open."
_WHOSE = f"{DEFAULT} where neither this nor an incident says it."
_INCIDENT = "The billing incident it belongs to; it tells what is left out here."
_NAME = r"[\x21-\x7e]{1,128}"
_WHY = "Why; part of the record."


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """The path says it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """Which subscription's correction."""

    provider: str = asked(among=PROVIDERS.names)
    account: str = asked("The provider's account.")
    mode: str = asked(among=MODES)
    subscription: str = asked("The provider's id of it.")
    reason: str = asked(_WHY, left_to_engine=True)
    approval: str = asked(_APPROVAL, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Lifted):
    """What a subscription shall count as, and until when."""

    until: datetime = asked("When it ends by itself.")
    status: Status = asked("What it counts as.")
    access_until: datetime | None = asked(
        "Until when a status without access leaves what was paid; at once without.", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayWanted:
    """Which window; with `incident` what is left out is found by the incident's facts."""

    incident: str | None = asked(_INCIDENT, default=None)
    provider: str | None = asked(_WHOSE, default=None)
    account: str | None = asked("The provider's account.", default=None)
    mode: str | None = asked("Live or test.", among=MODES, default=None)
    start: datetime | None = asked("The window's first second.", default=None)
    end: datetime | None = asked("The second after its last.", default=None)
    dry_run: bool = asked("Plan only; nothing is put back.", default=False)
    override: str = asked("Why it is started without proof of recovery.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """Which step by hand is done."""

    step: str = asked("As the replay lists it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Why a replay is given up."""

    reason: str = asked(_WHY, left_to_engine=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationWanted:
    """What is compared; without a start, what was touched since the incident's outage began."""

    start: datetime | None = asked("Since when; an hour before the end without.", default=None)
    end: datetime | None = asked("Until when; now without.", default=None)
    incident: str | None = asked(_INCIDENT, default=None)
    scope: Scope = asked("How much is read.", default=Scope.SAMPLE)
    workspaces: tuple[str, ...] = asked("These, whatever the scope.", default=())
    dry_run: bool = asked("Look only; nothing follows from it.", default=False)
    seed: str = asked("What the sample is drawn by; its own id without.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingWanted:
    """What is put right; without names everything that is open."""

    mismatches: tuple[str, ...] = asked("Their ids.", default=())
    approval: str = asked(_APPROVAL, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Which mismatch is left as it is, and why."""

    mismatch: str = asked("Its id.")
    reason: str = asked(_WHY, left_to_engine=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOff:
    """What the one who signs knows was not compared."""

    without: tuple[str, ...] = asked(
        "The accounts that were not compared, each as `not_compared` names it.", default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutWanted:
    """Who pays for what, and where the customer goes after."""

    workspace: str = asked("For which workspace.", pattern=_NAME)
    plan: str = asked("The product's name of the plan.", pattern=_NAME)
    currency: str = asked("ISO 4217.", pattern="[A-Z]{3}")
    region: str = asked("The customer's country, ISO 3166.", pattern="[A-Z]{2}")
    success_url: str = asked("https, where a customer who has paid goes.", maxLength=1_024)
    cancel_url: str = asked("https, where a customer who has not goes.", maxLength=1_024)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleDecided:
    """Which subscription is kept and what becomes of the others."""

    keep: str = asked("The provider whose subscription is kept.", among=PROVIDERS.names)
    remedy: Remedy = asked("What is done with the others.")
    why: str = asked(_WHY, minLength=1, maxLength=1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWanted:
    """Which kind of change."""

    change: BillingChange = asked("What would be changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitCheckWanted:
    """Whose new checkouts are examined."""

    incident: str = asked("Whose gate it is for.")
    provider: str | None = asked("Which one, where the incident names several.", default=None)
    probe: bool = asked("Make a checkout session and let it expire.", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalUpdate:
    """What stakeholders are told last."""

    incident: str = asked("Of which incident.")
    text: str = asked("The whole text.", minLength=1, maxLength=8_000)

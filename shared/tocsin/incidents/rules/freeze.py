"""What the commander may do about the freeze: hold it, lift it, let a linked change through."""

from datetime import datetime, timedelta

from tocsin.errors import BadInput, IllegalTransition, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.clocks.asked import in_charge
from tocsin.incidents.commands import freeze as c
from tocsin.incidents.events.freeze import ChangeAllowed, FreezeEnding, FreezeExtended, FreezeLifted
from tocsin.incidents.model.parts import LinkPurpose
from tocsin.incidents.queries.freeze import could_freeze, freezes
from tocsin.incidents.rules.draft import CLOCK, Draft, reason_of
from tocsin.incidents.vocabulary import Role

_MS = timedelta(milliseconds=1)
PURPOSES = (LinkPurpose.CONTAINMENT, LinkPurpose.FIX)


def extend(draft: Draft, command: c.ExtendFreeze) -> None:
    """Holds it beyond verified containment.

    Raises:
        IllegalTransition: the incident is not of the sort that freezes.
        BadInput: for no time, or longer than the policy allows after containment.
    """
    _require_commander(draft)
    longest = draft.policy.limits.freeze_extension_minutes
    too_long = BadInput(f"a freeze lasts at most {longest} minutes after containment")
    if not 0 < command.minutes <= longest:  # first: any number may be asked for
        raise too_long
    verified_at = draft.incident.containment.verified_at
    length = timedelta(minutes=command.minutes)
    hold = length if verified_at is None else draft.at - verified_at + length
    if hold > timedelta(minutes=longest):
        raise too_long
    draft.add(
        FreezeExtended(
            **draft.stamp,
            hold_ms=hold // _MS,
            until=None if verified_at is None else verified_at + hold,
            reason=reason_of(command.reason),
        )
    )


def lift(draft: Draft, command: c.LiftFreeze) -> None:
    """Ends it; losing containment puts it on again."""
    _require_commander(draft)
    if not any(held.lasts_at(draft.at) for held in freezes(draft.incident)):
        raise IllegalTransition("nothing is frozen by this incident")
    draft.add(FreezeLifted(**draft.stamp, reason=reason_of(command.reason)))


def allow(draft: Draft, command: c.AllowChange) -> None:
    """Lets one change through that contains or fixes.

    Raises:
        BadInput: the change is for something else.
        PayloadTooLarge: too many changes were let through.
    """
    _require_commander(draft)
    if command.purpose not in PURPOSES:
        raise BadInput("only a change that contains or fixes passes a freeze", field="purpose")
    change = limits.name("change", command.change)
    known = draft.incident.freeze.allowed
    if change not in known and len(known) >= limits.ALLOWED_CHANGES:
        raise PayloadTooLarge(f"a freeze lets at most {limits.ALLOWED_CHANGES} changes through")
    draft.add(
        ChangeAllowed(
            **draft.stamp,
            change=change,
            purpose=command.purpose,
            person=draft.actor.id,
            reason=reason_of(command.reason),
            url=limits.link("url", command.url) if command.url else "",
        )
    )


def warn(draft: Draft, until: datetime, due_at: datetime) -> None:
    """Says that a held freeze is about to end."""
    draft.add(
        FreezeEnding(
            actor=CLOCK,
            at=draft.at,
            occurred_at=due_at,
            until=until,
            people=in_charge(draft.incident, draft.policy),
        )
    )


def _require_commander(draft: Draft) -> None:
    draft.require_open()
    draft.require(Role.INCIDENT_COMMANDER)
    if not could_freeze(draft.incident):
        raise IllegalTransition("only a critical or high in production freezes deployments")

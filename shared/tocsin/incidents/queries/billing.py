"""The exit criteria of a provider's outage: met by recorded facts, never by somebody's word.

The facts come from outside as commands of robots; this room knows no provider and asks nobody.
"""

from tocsin.incidents.model.billing import CheckoutsSeen
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.signals import KEY_VERSION
from tocsin.incidents.timeline.entry import format_time

CHECKOUTS = "checkouts_succeed"

REPLAYED = "replay_completed"

COMPUTED = frozenset({CHECKOUTS})

"""Criteria that nobody can report met once the incident is a provider's outage."""

LACKS = {
    "breaker_open": "its breaker is open: wait until checkouts work and it has closed",
    "failing": "checkouts fail again: wait until they work",
    "too_few_sessions": (
        "fewer than three workspaces got a page to pay on: wait for more, or examine again with a"
        " probe (`--probe`)"
    ),
    "not_paid_nor_quiet": (
        "no checkout is known to be paid yet: wait for one, or for 30 minutes with ten checkouts"
        " and no failure"
    ),
    "probe_failed": "the probe made no session: find out why, and examine again",
    "probe_left_open": "the probe's session is not known to be expired: examine again",
}

"""What keeps an examination from being proof, and what to do about it."""

_EVIDENCE = f"{KEY_VERSION}:billing:"


def providers_named(incident: Incident) -> tuple[str, ...]:
    """The providers an incident is known to be about: named as its cause, or by evidence."""
    named = [incident.fix.provider] if incident.fix.provider else []
    named += [
        key.removeprefix(_EVIDENCE).partition(":")[0]
        for key in incident.signals
        if key.startswith(_EVIDENCE)
    ]
    return tuple(dict.fromkeys((*named, *incident.billing_exit.checkouts)))


def is_provider_outage(incident: Incident) -> bool:
    """Whether the billing criteria are computed: a provider is known to be concerned."""
    return bool(providers_named(incident))


def checkouts_standing(incident: Incident) -> tuple[bool, str]:
    """Whether new checkouts are proven to succeed, and the evidence or the next step."""
    seen = incident.billing_exit.checkouts
    lost = incident.containment.lost_at
    for provider in providers_named(incident):
        found = seen.get(provider)
        if found is None or (lost is not None and found.at < lost):
            again = "again, containment was lost since" if found else "with `tocsin billing exit`"
            return False, f"examine new checkouts at {provider} {again}"
        if found.lacks:
            steps = "; ".join(LACKS[code] for code in found.lacks)
            return False, f"{provider}: {steps}"
    return True, "; ".join(_proof(provider, one) for provider, one in seen.items())


def replay_standing(incident: Incident) -> tuple[bool, str]:
    """Whether what was lost is back and nothing is left wrong; the evidence or the next step.

    A replay that was recorded has to be proven. Where none is, the provider's own dashboard may
    have done it, and a person says so; the reconciliation is then the proof, and always needed.
    """
    for provider in providers_named(incident):
        mine = [one for key, one in incident.replays.items() if key.startswith(f"{provider}#")]
        if unproven := [one.id for one in mine if not one.proven]:
            return False, f"replay {', '.join(unproven)} is not proven: go on, or start another"
        if not mine and REPLAYED not in incident.confirmed:
            return False, f"replay what {provider} lost: `tocsin replay start`"
    return _reconciled(incident)


def _reconciled(incident: Incident) -> tuple[bool, str]:
    found = incident.reconciliation
    replayed_at = max((one.at for one in incident.replays.values()), default=None)
    if found is None or (replayed_at is not None and found.at < replayed_at):
        return False, "reconcile after the replay: `tocsin billing reconcile start`"
    if found.unresolved:
        left = ", ".join(f"{kind} {count}" for kind, count in found.unresolved.items())
        return False, f"unresolved mismatches in {found.id}: {left}; heal or accept them"
    if found.unknown:
        return False, f"{found.unknown} could not be compared in {found.id}: reconcile again"
    if found.signed_off_by is None:
        return False, f"somebody has to sign off {found.id}"
    replays = ", ".join(one.id for one in incident.replays.values()) or "reported"
    told = f"replay {replays}; {found.id} leaves no mismatch"
    return True, f"{told}, signed off by {found.signed_off_by}"


def _proof(provider: str, seen: CheckoutsSeen) -> str:
    probe = " and a probe" if seen.probed else ""
    good = f"{seen.volume} checkouts in {seen.quiet_minutes} minutes without a failure"
    if seen.paid:
        good = f"{seen.paid} paid"
    made = f"{seen.sessions} sessions of {seen.workspaces} workspaces{probe}"
    return f"{provider}: {made}, {good}, examined at {format_time(seen.at)}"

"""Every act, and how often it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.simulation.acts import around, billing, ending, opening, sources, working

if TYPE_CHECKING:
    from tocsin.simulation.acts.base import Act

ACTS: dict[str, tuple[Act, int]] = {
    "alarms": (around.alarms, 12),
    "all clear": (around.all_clear, 4),
    "opens": (opening.opens, 5),
    "acknowledges": (opening.acknowledges, 14),
    "notes": (opening.notes, 3),
    "escalates": (opening.escalates, 2),
    "pages": (opening.pages, 3),
    "answers": (opening.answers, 4),
    "assigns": (opening.assigns, 2),
    "hands over": (opening.hands_over, 2),
    "leaves": (opening.leaves, 2),
    "severity": (opening.changes_severity, 9),
    "category": (opening.changes_category, 2),
    "impact": (opening.records_impact, 4),
    "beginning": (opening.moves_beginning, 1),
    "contains": (working.contains, 6),
    "undoes": (working.undoes, 1),
    "loses containment": (working.loses_containment, 2),
    "fixes": (working.fixes, 4),
    "pauses": (working.pauses, 2),
    "resumes": (working.resumes, 1),
    "releases": (working.releases, 2),
    "waits and is raised": (working.a_low_waits_and_is_raised, 3),
    "updates": (working.updates, 5),
    "restricts": (ending.restricts, 2),
    "lifts restriction": (ending.lifts_restriction, 2),
    "access": (ending.changes_access, 2),
    "hides first": (ending.hides_before_messages_leave, 3),
    "holds freeze": (ending.holds_freeze, 1),
    "lifts freeze": (ending.lifts_freeze, 1),
    "merges": (ending.merges, 2),
    "splits": (ending.splits, 2),
    "waives": (ending.waives, 2),
    "closes": (ending.closes, 4),
    "works off": (ending.works_off, 4),
    "reopens": (ending.reopens, 3),
    "asks again": (ending.asks_again, 3),
    "trouble": (around.trouble, 8),
    "stream": (around.stream, 2),
    "channels": (around.channels, 2),
    "publishes": (around.publishes, 2),
    "expects": (sources.expects, 2),
    "a job changes": (sources.a_job_changes, 4),
    "a job is removed": (sources.a_job_is_removed, 1),
    "finds": (sources.finds, 4),
    "a finding changes": (sources.a_finding_changes, 7),
    "findings arrive": (sources.findings_arrive, 4),
}
OF_PEOPLE: dict[str, tuple[Act, int]] = {
    "reports": (sources.reports, 15),
    "posts": (sources.posts, 12),
    "closes what was reported": (sources.closes_what_was_reported, 12),
    "works": (sources.works, 20),
    "a stranger fires": (sources.a_stranger_fires, 6),
}
"""In every sixth life and often there: all others stay what they were before these came."""
OF_BILLING: dict[str, tuple[Act, int]] = {
    "subscribes": (billing.subscribes, 5),
    "customers change": (billing.customers_change, 9),
    "provider fails": (billing.provider_fails, 3),
    "rush in an outage": (billing.rush_in_an_outage, 3),
    "webhooks are lost": (billing.webhooks_are_lost, 3),
    "events are never made": (billing.events_are_never_made, 1),
    "buys": (billing.buys, 7),
    "pays": (billing.pays, 4),
    "is served twice": (billing.is_served_twice, 2),
    "other provider fails": (billing.other_provider_fails, 2),
    "settles": (billing.settles, 4),
    "replays": (billing.replays, 4),
    "reconciles": (billing.reconciles, 4),
}
_SIXTH, _TOLD = 6, 5
_BUSY = 4
"""How much more often than elsewhere billing comes in every third life."""


def weights(seed: int) -> dict[str, int]:
    """How often each act comes in the life of a seed."""
    busy = 1 if seed % 3 else _BUSY
    told = OF_PEOPLE if seed % _SIXTH == _TOLD else {}
    return {
        **{name: weight for name, (_, weight) in ACTS.items()},
        **{name: weight * busy for name, (_, weight) in OF_BILLING.items()},
        **{name: weight for name, (_, weight) in told.items()},
    }


def act_named(name: str) -> Act:
    """What is done under a name."""
    return {**ACTS, **OF_BILLING, **OF_PEOPLE}[name][0]

"""The three actions that fit best, each with why: a suggestion, never more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.containment.registry import ACTIONS

if TYPE_CHECKING:
    from tocsin.containment.registry import Action, Fit
    from tocsin.incidents.model.incident import Incident

AT_MOST = 3
WIDE = 100
"""Users or tenants from which a blast radius counts as wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One action; `reasons` completes "it fits because", the weightiest first."""

    action: str
    title: str
    reasons: tuple[str, ...]


def suggest(incident: Incident) -> tuple[Suggestion, ...]:
    """By what its signals speak of, its category and how many are affected."""
    scored = [(_fitting(action, incident), action) for action in ACTIONS]
    ranked = sorted(
        ((sum(fit.weight for fit in fits), fits, action) for fits, action in scored if fits),
        key=lambda each: -each[0],
    )
    return tuple(
        Suggestion(
            action=action.name, title=action.title, reasons=tuple(fit.because for fit in fits)
        )
        for _, fits, action in ranked[:AT_MOST]
    )


def _fitting(action: Action, incident: Incident) -> list[Fit]:
    said = " ".join((incident.title, *incident.signals)).casefold().replace(" ", "")
    impact = incident.impact
    many = impact is not None and max(impact.users or 0, impact.tenants or 0) >= WIDE
    found = [
        fit
        for fit in action.fits
        if any(word in said for word in fit.words)
        or (fit.category and fit.category == incident.category)
        or (fit.wide and many)
    ]
    return sorted(found, key=lambda fit: -fit.weight)

"""Preventive work as it is listed beyond its incident."""

import hashlib
from dataclasses import dataclass

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import Prevention


@dataclass(frozen=True, slots=True, kw_only=True)
class PreventiveAction:
    """One piece of work as it is listed, with the incident it came from."""

    incident: str
    action: str
    restricted: bool
    work: Prevention

    @property
    def open(self) -> bool:
        return self.work.done_at is None


def prevention_name(text: str) -> str:
    """The id of a piece of work: of its text, so that publishing a revision names the same ones."""
    return f"PA-{hashlib.sha256(text.casefold().encode()).hexdigest()[:10]}"


def changed_prevention(before: Incident | None, after: Incident) -> tuple[PreventiveAction, ...]:
    """What to write down anew of an incident's preventive work."""
    old = {} if before is None else before.prevention
    hidden = before is not None and before.restricted != after.restricted
    return tuple(
        PreventiveAction(incident=after.id, action=name, restricted=after.restricted, work=work)
        for name, work in after.prevention.items()
        if hidden or old.get(name) != work
    )

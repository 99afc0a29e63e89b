"""What verified containment still lacks."""

from datetime import datetime

from tocsin.incidents.model.incident import Incident
from tocsin.incidents.model.parts import ActionState, Check, Verdict


def missing_for_verification(incident: Incident) -> tuple[str, ...]:
    """Codes of what verification still needs; empty when somebody may verify."""
    containment = incident.containment
    states = [action.state for action in containment.actions.values()]
    missing = []
    if ActionState.PLANNED in states:
        missing.append("actions_settled")
    if ActionState.DONE not in states:
        if not containment.fix_contains:
            missing.append("action_done")
        elif incident.fix.deployed_at is None:
            missing.append("fix_deployed")
    last = last_change_at(incident)
    for check in Check:
        seen = containment.observations.get(check)
        stale = seen is not None and last is not None and seen.observed_at <= last
        if seen is None or seen.verdict is Verdict.FAILED or stale:
            missing.append(check)
    if incident.firing:
        missing.append("signals_clear")
    return tuple(str(code) for code in missing)


def last_change_at(incident: Incident) -> datetime | None:
    """What a look has to come after: the last action, a loss, and the fix that contains."""
    containment = incident.containment
    changed = (ActionState.DONE, ActionState.UNDONE)
    moments = [action.at for action in containment.actions.values() if action.state in changed]
    moments += [containment.lost_at] if containment.lost_at else []
    if containment.fix_contains and incident.fix.deployed_at:
        moments.append(incident.fix.deployed_at)
    return max(moments, default=None)

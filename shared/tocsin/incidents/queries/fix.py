"""What is not said about the fix: commits that were checked or deployed, and that nobody linked."""

from tocsin.incidents.model.incident import Incident


def unlinked(incident: Incident) -> tuple[str, ...]:
    """Commits reported in this cycle that may be the fix, the newest first.

    Empty once something was seen of the linked one: then the others are other work.
    """
    fix = incident.fix
    seen = fix.deployed_at is not None or bool(fix.green)
    if not incident.open or incident.fixed or fix.provider is not None or seen:
        return ()
    since = incident.cycle_started_at
    newest = (one.commit for one in reversed(incident.ahead) if one.at >= since)
    return tuple(dict.fromkeys(commit for commit in newest if commit != fix.commit))

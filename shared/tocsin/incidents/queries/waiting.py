"""What one person has asked for and a second one has to agree to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.clocks.asked import allowed, holder
from tocsin.incidents.model.incident import Incident
from tocsin.incidents.runbook.policy import Policy
from tocsin.incidents.vocabulary import Category, Role

COMMANDER, SECURITY, SPEAKER = (
    Role.INCIDENT_COMMANDER,
    Role.SECURITY_OWNER,
    Role.COMMUNICATIONS_OWNER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing that waits: `what` it is, who asked, why, and the command by which one agrees.

    `of` are the parts one of which has to agree; none: anybody else who may act. `key` names it
    where it ends by itself, after `until`; None: not by age.
    """

    what: str
    person: str
    reason: str
    command: str
    of: tuple[Role, ...] = ()
    key: str = ""
    until: datetime | None = None


def waiting(incident: Incident) -> tuple[Waiting, ...]:
    """Everything that waits for a second person."""
    return tuple(_waiting(incident)) if incident.open else ()


def _waiting(incident: Incident) -> Iterator[Waiting]:
    name = incident.name
    if (lowering := incident.lowering) is not None:
        yield Waiting(
            what=f"lower to {lowering.severity}",
            person=lowering.person,
            reason=lowering.reason,
            command=f"tocsin severity {name} {lowering.severity} --reason TEXT",
            of=_other(lowering.part, COMMANDER, SECURITY),
            key="lowering",
            until=lowering.until,
        )
    if (closing := incident.closing) is not None:
        resolution, _, other = closing.what.partition(":")
        other = closing.called or other
        same = f" --duplicate-of {other}" if other else ""
        yield Waiting(
            what=f"close as {resolution}{f' of {other}' if other else ''}",
            person=closing.person,
            reason=closing.reason,
            command=f"tocsin close {name} {resolution}{same} --reason TEXT",
            key="closing",
            until=closing.until,
        )
    if (lifting := incident.lifting) is not None:
        yield Waiting(
            what="lift the restriction",
            person=lifting.person,
            reason=lifting.reason,
            command=f"tocsin lift restriction {name} --reason TEXT",
            of=_other(lifting.part, COMMANDER, SECURITY),
            key="lifting",
            until=lifting.until,
        )
    yield from _decisions(incident, name)
    for offer in incident.requests or ():
        if offer.role is not None:
            yield Waiting(
                what=f"hand {offer.role.replace('_', ' ')} over to {offer.person}",
                person=offer.by,
                reason="",
                command=f"tocsin answer {name} --on-it",
            )


def _decisions(incident: Incident, name: str) -> Iterator[Waiting]:
    if (decision := incident.communication.proposal) is not None:
        tell = decision.what == str(True)
        flag = "--tell" if tell else "--not-tell"
        yield Waiting(
            what="tell customers" if tell else "not tell customers",
            person=decision.person,
            reason=decision.reason,
            command=f"tocsin customers {name} {flag} --reason TEXT",
            of=_other(decision.part, COMMANDER, SPEAKER),
        )
    for code, waiver in sorted(incident.waivers.items()):
        if waiver.approved_by is None:
            yield Waiting(
                what=f"waive {code}",
                person=waiver.asked_by,
                reason="",
                command=f"tocsin approve {name} {code}",
                of=(SECURITY if incident.category is Category.SECURITY else COMMANDER,),
                key=f"waiver:{code}",
                until=waiver.until,
            )


def second(one: Waiting, incident: Incident, policy: Policy) -> str | None:
    """Who is told that their word is waited for: whoever has a part or is on duty for it."""
    parts = one.of or (COMMANDER,)
    line = [holder(role, incident, policy) for role in parts]
    line += [policy.roster.backup.get(role) for role in parts]
    line.append(policy.roster.engineering_lead)
    return next((each for each in allowed(line, incident) if each != one.person), None)


def _other(part: Role | None, *both: Role) -> tuple[Role, ...]:
    return tuple(role for role in both if role is not part)

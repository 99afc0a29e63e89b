"""Putting what is known of an outage into its incident, and telling stakeholders of it.

The incident itself is opened by the alarm, as any other. What the alarm cannot carry joins it as a
signal of source `billing`: provider, regions, workspaces, examples without a customer in them, the
status page. The update to stakeholders is recorded in each incident, and leaves once, by the outbox
that is stored with one of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.billing.outage.wording import DOWN, OPERATIONAL, word
from tocsin.billing.provider import PROVIDERS
from tocsin.errors import Conflict, IdempotencyKeyReused, IllegalTransition
from tocsin.incidents.clocks.cadence import next_by
from tocsin.incidents.commands.opening import MergeSignals
from tocsin.incidents.commands.updates import RecordUpdate
from tocsin.incidents.model.parts import UpdateAudience
from tocsin.incidents.model.signals import Signal
from tocsin.incidents.queries.freeze import freezes
from tocsin.incidents.timeline.entry import Actor
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tocsin.application.incidents.outcome import Outcome
    from tocsin.billing.checkout.attempts import Attempt
    from tocsin.billing.outage.memory import LastWord
    from tocsin.billing.outage.signs import Trouble
    from tocsin.billing.outage.wording import Situation
    from tocsin.incidents.commands.base import Command
    from tocsin.incidents.model.incident import Incident
    from tocsin.ports.incidents import IncidentStore
    from tocsin.ports.runbooks import PolicySource

SOURCE = "billing"
ACTOR = Actor(ActorKind.RULE, "outage-watch")
EXAMPLES, WORKSPACES = 3, 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one provider's outage looks like. Times are epoch seconds.

    `counted` is what each rule counted, `(bad, total)`.
    """

    provider: str
    troubles: frozenset[Trouble]
    since: int
    failed: Sequence[Attempt]
    counted: Mapping[Trouble, tuple[int, int]] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """The same while nothing new is wrong: evidence is attached once for each."""
        return f"{self.provider}|{self.since}|{','.join(sorted(self.troubles))}"

    @property
    def facts(self) -> dict[str, str]:
        """As the facts of a signal: short texts, and no customer's data in them."""
        failed = sorted(self.failed, key=lambda each: each.at)
        workspaces = sorted({each.workspace for each in failed})
        shown = ", ".join(workspaces[:WORKSPACES])
        more = len(workspaces) - WORKSPACES
        return {
            "provider": self.provider,
            "troubles": ", ".join(sorted(self.troubles)) or "none",
            "counted": "; ".join(
                f"{trouble} {bad} of {total}"
                for trouble, (bad, total) in sorted(self.counted.items())
            )
            or "none",
            "since": _iso(self.since),
            "failed_attempts": str(len(failed)),
            "regions": ", ".join(sorted({each.region for each in failed})) or "none",
            "workspaces": (shown or "none") + (f" and {more} more" if more > 0 else ""),
            "examples": "; ".join(_example(each) for each in failed[-EXAMPLES:]) or "none",
            "status_page": known.status_page if (known := PROVIDERS.get(self.provider)) else "none",
        }


def evidence_key(provider: str, incident: str) -> str:
    """What the evidence of a provider is known by in an incident, whatever is wrong with it.

    One key for all of it: what fires under it is cleared under it, though troubles came and went.
    """
    return f"{provider}:{incident}"


def evidence_signal(evidence: Evidence, incident: str, *, firing: bool, now: datetime) -> Signal:
    """The signal that carries it; the same facts make the same signal."""
    facts = evidence.facts
    text = "|".join(f"{key}={value}" for key, value in facts.items())
    identity = f"{evidence.provider}|{evidence.since}|{firing}|{text}"
    return Signal(
        id=f"{SOURCE}-{hashlib.sha256(identity.encode()).hexdigest()[:32]}",
        source=SOURCE,
        rule=f"{evidence.provider}-{'failing' if firing else 'recovered'}",
        dedup_key=evidence_key(evidence.provider, incident),
        title=f"{evidence.provider} {'is failing' if firing else 'has recovered'}",
        detail=facts["troubles"] if firing else "no trouble for ten minutes",
        firing=firing,
        occurred_at=now,
        service="billing",
        facts=facts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Writes into incidents; what stakeholders are told leaves by their outbox."""

    store: IncidentStore
    policies: PolicySource
    execute: Callable[[Command], Outcome]
    now: Callable[[], datetime]

    def incident_of(self, key: str) -> Incident | None:
        """The open incident of a dedup key, if there is one."""
        pointer = self.store.pointer(key)
        if pointer is None or not pointer.open:
            return None
        return self.store.load(pointer.incident)

    def attach(self, incident: Incident, evidence: Evidence, *, firing: bool) -> bool:
        """Whether something new was attached."""
        signal = evidence_signal(evidence, incident.id, firing=firing, now=self.now())
        try:
            self.execute(
                MergeSignals(
                    incident_id=incident.id,
                    command_id=f"evidence-{signal.id}",
                    actor=ACTOR,
                    correlation_id=signal.id,
                    signals=(signal,),
                )
            )
        except (Conflict, IdempotencyKeyReused, IllegalTransition):
            return False  # somebody else was faster, or it has been closed meanwhile
        return True

    def still_firing(self, incident: Incident, provider: str) -> bool:
        """Whether the incident has the provider's evidence as firing."""
        ours = f":{SOURCE}:{evidence_key(provider, incident.id)}"
        return any(state.firing for key, state in incident.signals.items() if key.endswith(ours))

    def told(self, last: LastWord | None) -> tuple[Incident, ...]:
        """The incidents by which the last word left, closed as they are."""
        names = () if last is None else last.recorded_in
        return tuple(each for each in map(self.store.load, names) if each is not None)

    def frozen(self, incidents: Iterable[Incident]) -> bool:
        """Whether one of them holds the changes of billing that can wait."""
        at = self.now()
        held = (freeze for incident in incidents for freeze in freezes(incident))
        return any(freeze.billing and freeze.holds_at(at) for freeze in held)

    def update(
        self, incident: Incident, situation: Situation, last: LastWord, *, send: bool
    ) -> bool:
        """Records in the incident what stakeholders are told, once per word; whether it has it.

        With `send` it goes out to them; without, it did so by another incident. Promised is what
        the incident's table promises, since that is what it has a clock for.
        """
        promise = self._next_by(incident)
        wording = word(replace(situation, next_update=promise))
        text = f"{wording.stakeholders}\n\nFor support:\n" + "\n".join(wording.support)
        update = f"degraded-{last.name}"
        try:
            self.execute(
                RecordUpdate(
                    incident_id=incident.id,
                    command_id=f"update-{update}",
                    actor=ACTOR,
                    correlation_id=update,
                    update=update,
                    audience=UpdateAudience.INTERNAL,
                    text=text,
                    accepted=True,
                    headline=wording.headline if send else None,
                    next_by=None,
                    impact=wording.public,
                    mitigation=_mitigation(situation),
                    eta="unknown"
                    if promise is None
                    else f"unknown; next update by {_iso(promise)}",
                )
            )
        except IdempotencyKeyReused:
            return True  # the same word, with the times of a round that died before it said so
        except (Conflict, IllegalTransition):
            return False
        return True

    def _next_by(self, incident: Incident) -> int | None:
        """When the table wants the update after this one, in epoch seconds of incident time."""
        if not (incident.clocks and incident.open):
            return None
        policy = self.policies.version(incident.policy_version)
        due = next_by(incident, policy, UpdateAudience.INTERNAL, self.now())
        return None if due is None else int(due.timestamp())


def _mitigation(situation: Situation) -> str:
    if situation.level == OPERATIONAL:
        return "None needed any more: checkouts go to the preferred provider again."
    if situation.failing and situation.level != DOWN:
        return "Checkouts go to the provider that works, where it sells the plan."
    return "None yet."


def _example(attempt: Attempt) -> str:
    status = f" HTTP {attempt.http_status}" if attempt.http_status else ""
    return f"{_iso(attempt.second)} {attempt.code or attempt.result}{status} {attempt.elapsed} ms"


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"

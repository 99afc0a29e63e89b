"""The incident hears of a run: the choice, the action, and the state before and after as evidence.

Everything said is made of the stored run alone, and named by its id and step, so that telling it a
second time is a repeat and no second entry.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from tocsin.containment.registry import ACTIONS
from tocsin.containment.runs import Purpose, both_states, owed, told
from tocsin.errors import IllegalTransition, PayloadTooLarge
from tocsin.incidents import limits
from tocsin.incidents.commands.containment import (
    EndBlock,
    FinishAction,
    PlanAction,
    UndoAction,
    WarnOfBlock,
    WithdrawAction,
)
from tocsin.incidents.commands.record import RecordDecision, RecordEvidence
from tocsin.incidents.model.content import MediaType
from tocsin.incidents.timeline.entry import Actor, canonical_json, format_time
from tocsin.incidents.vocabulary import ActorKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tocsin.application.incidents.engine import Engine
    from tocsin.containment.runs import Run
    from tocsin.incidents.commands.base import Command


def tell(run: Run, engine: Engine) -> Run:
    """The run, after its incident has heard of every step it had not heard of."""
    decision = None
    for step in (steps := owed(run)):
        for command in _commands(run, step):
            # Closed meanwhile, said by hand, or a summary that is full: what was done is on the
            # run, and the rest is told all the same.
            with suppress(IllegalTransition, PayloadTooLarge):
                outcome = engine.execute(command)
                if isinstance(command, RecordDecision) and outcome.entries:
                    decision = outcome.entries[0].seq
    return told(run, steps, decision) if steps else run


def _commands(run: Run, step: str) -> list[Command]:
    """What one step says, in order."""
    title = f"{ACTIONS.entry(run.action).title}: {run.target}"[:180]
    by = _by(run, step)
    match step:
        case "planned":
            choice = _named(run, step, "decision", by) | {
                "chosen": title,
                "rejected": run.rejected,
                "why": run.reason,
                "expected_effect": f"run {run.id}",
            }
            plan = _named(run, step, "action", by) | {"action": run.id, "text": title}
            return [RecordDecision(**choice), PlanAction(**plan)]
        case "executed":
            done = FinishAction(**_named(run, step, "action", by), action=run.id)
            before = run.before.owned if run.before else {}
            return [
                done,
                *_agreed(run, step, Purpose.EXECUTE, by),
                _evidence(run, step, f"State before {run.id}", before, by),
                _evidence(run, f"{step}-after", f"State after {run.id}", run.wanted, by),
            ]
        case "ending" | "undone":
            return _over(run, step, by)
        case "failed":
            gone = _named(run, step, "action", by)
            return [WithdrawAction(**gone, action=run.id, reason=run.why or "it failed")]
        case "conflict":
            states = {"states": both_states(run, run.found or {})}
            return [_evidence(run, step, f"{run.id} met another's change", states, by)]
        case _:
            said = {"settled": canonical_json(dict(run.settled)).decode(), **run.wanted}
            return [_evidence(run, step, f"{run.id} verified", said, by)]


def _over(run: Run, step: str, by: Mapping[str, Any]) -> list[Command]:
    """That it is going to end, or has been taken back."""
    said = _named(run, step, "action", by) | {"action": run.id}
    if step == "ending":
        return [] if run.expires_at is None else [WarnOfBlock(**said, until=run.expires_at)]
    over = EndBlock if run.ended else UndoAction
    restored = run.before.owned if run.before else {}
    return [
        over(**said, reason=run.undo_reason),
        *_agreed(run, step, Purpose.UNDO, by),
        _evidence(run, step, f"State restored by {run.id}", restored, by),
    ]


def _agreed(run: Run, step: str, purpose: Purpose, by: Mapping[str, Any]) -> list[Command]:
    """Whose yes was spent on it, when it was given, and the hash of what they were shown."""
    yes = [each for each in run.approvals if each.purpose is purpose and each.spent_at]
    said = {each.by: f"{format_time(each.at)} to {each.bound}" for each in yes}
    return [_evidence(run, f"{step}-agreed", f"{run.id} agreed to", said, by)] if said else []


def _by(run: Run, step: str) -> Mapping[str, Any]:
    """Who says so: a person always, also where the sweep carries out what they have set."""
    person, groups = run.asked_by, run.asked_groups
    if step in ("executed", "verified", "ending") and run.executed_by:
        person, groups = run.executed_by, run.executed_groups
    if step == "undone" and run.undone_by:
        person, groups = run.undone_by, run.undone_groups
    return {"actor": Actor(ActorKind.PERSON, person), "groups": groups}


def _evidence(
    run: Run, step: str, title: str, state: Mapping[str, str], by: Mapping[str, Any]
) -> RecordEvidence:
    text = canonical_json(dict(state))
    if len(text) > limits.TEXT:
        sha256 = hashlib.sha256(text).hexdigest()
        text = canonical_json({"kept_with": run.id, "sha256": sha256, "bytes": len(text)})
    return RecordEvidence(
        **_named(run, step, "evidence", by),
        title=title,
        text=text.decode(),
        media_type=MediaType.JSON,
    )


def _named(run: Run, step: str, what: str, by: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "incident_id": run.incident,
        "command_id": f"{run.id}:{step}:{what}",
        "correlation_id": run.id,
        **by,
    }

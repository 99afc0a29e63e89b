"""What is asked of the function that contains, and what it answers, as both sides send it.

An order says in whose name it is given: whoever takes orders believes that, and so may be called by
nobody but the front door that proved it. A refusal crosses as its code and words, and is the same
error on the other side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 -- the codec reads the annotations
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from tocsin.application.containment.desk import Ask, Who
from tocsin.containment.guards import Rules  # noqa: TC001 -- the same
from tocsin.containment.rulebook import Rulebook  # noqa: TC001 -- the same
from tocsin.containment.runs import Purpose, Run
from tocsin.containment.states import Preview  # noqa: TC001 -- the same
from tocsin.errors import ConditionFailed, Conflict, TocsinError
from tocsin.incidents.vocabulary import Group  # noqa: TC001 -- the same

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.application.containment.desk import Desk
    from tocsin.application.containment.ruling import RulesDesk


class What(StrEnum):
    """What can be ordered."""

    PREVIEW = "preview"
    PLAN = "plan"
    APPROVE = "approve"
    RUN = "run"
    VERIFY = "verify"
    UNDO = "undo"
    LET_GO = "let_go"
    PROPOSE = "propose"
    AGREE = "agree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One wish of one person, as the front door proved them; a field belongs to what uses it.

    `agreed` is the hash of what they were shown.
    """

    what: What
    person: str
    groups: frozenset[Group]
    incident: str = ""
    run: str = ""
    action: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    key: str = ""
    lasts_seconds: int | None = None
    purpose: Purpose = Purpose.EXECUTE
    agreed: str = ""
    settled: Mapping[str, str] = field(default_factory=dict)
    rules: Rules | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error on its way; `context` is the error's as JSON."""

    code: str
    detail: str
    context: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an order led to: the run as it is then, with a dry run its preview, or the rules."""

    run: Run | None = None
    preview: Preview | None = None
    book: Rulebook | None = None
    refused: Refusal | None = None


def carry_out(order: Order, desk: Desk, rules: RulesDesk) -> Done:
    """Does what is asked; what is refused is an answer too.

    Raises:
        TocsinError: what is wrong is wrong with us, and no wish of a person leads to it.
    """
    who = Who(person=order.person, groups=order.groups)
    try:
        if order.what is What.PREVIEW:
            dry = desk.dry_run(who, _ask(order))
            return Done(run=dry.run, preview=dry.preview)
        if order.what is What.PROPOSE and order.rules is not None:
            return Done(book=rules.propose(who, order.rules, why=order.reason))
        if order.what is What.AGREE:
            return Done(book=rules.agree(who, shown=order.agreed))
        return Done(run=_STEPS[order.what](desk, who, order))
    except ConditionFailed:
        return Done(refused=refusal(Conflict("somebody wrote at the same moment: look again")))
    except TocsinError as error:
        if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return Done(refused=refusal(error))


def refusal(error: TocsinError) -> Refusal:
    """An error as it is sent."""
    return Refusal(code=error.code, detail=error.detail, context=json.dumps(error.context))


def raised(refused: Refusal) -> TocsinError:
    """The error that was refused with, as it was raised."""
    kind = _KNOWN.get(refused.code, TocsinError)
    return kind(refused.detail, **json.loads(refused.context))


def _ask(order: Order) -> Ask:
    lasts = order.lasts_seconds
    return Ask(
        incident=order.incident,
        action=order.action,
        inputs=order.inputs,
        reason=order.reason,
        command_id=order.key,
        lasts=None if lasts is None else timedelta(seconds=lasts),
    )


def _approve(desk: Desk, who: Who, order: Order) -> Run:
    return desk.approve(who, order.incident, order.run, purpose=order.purpose, agreed=order.agreed)


_STEPS: Mapping[What, Callable[[Desk, Who, Order], Run]] = {
    What.PLAN: lambda desk, who, order: desk.plan(who, _ask(order)),
    What.APPROVE: _approve,
    What.RUN: lambda desk, who, order: desk.execute(who, order.incident, order.run),
    What.VERIFY: lambda desk, who, order: desk.verify(
        who, order.incident, order.run, order.settled
    ),
    What.UNDO: lambda desk, who, order: desk.undo(
        who, order.incident, order.run, reason=order.reason
    ),
    What.LET_GO: lambda desk, who, order: desk.let_go(
        who, order.incident, order.run, reason=order.reason
    ),
}


def _leaves(kind: type[TocsinError]) -> dict[str, type[TocsinError]]:
    """Errors that are made of their words alone, by code: those with more are never sent."""
    found = {} if "__init__" in vars(kind) and kind is not TocsinError else {kind.code: kind}
    for leaf in kind.__subclasses__():
        found = _leaves(leaf) | found
    return found


_KNOWN = _leaves(TocsinError)

"""The guard rails: what may be acted on, how often, and who has to agree.

Every rule is asked again when the run is carried out: what was right when it was asked may have
changed, and a run that lay there is not trusted to have been checked.
"""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from tocsin.containment.registry import DRILL, REAL, TAG, Action
from tocsin.containment.runs import (
    Approval,
    Purpose,
    Run,
    RunState,
    bound,
    same_person,
)
from tocsin.containment.states import State, named
from tocsin.errors import (
    ApprovalInvalid,
    ApprovalRequired,
    Conflict,
    GroupRequired,
    IllegalTransition,
    NotAllowed,
    SecondPersonRequired,
)
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.timeline.entry import canonical_json
from tocsin.incidents.vocabulary import BECOME_COMMANDER, Group, Kind

HOUR = timedelta(hours=1)
APPROVAL_LASTS = timedelta(hours=1)
APPROVING = frozenset({Group.COMMANDER, Group.SECURITY})
ACTING = frozenset({Group.RESPONDER, *APPROVING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a stage allows. Names are as states give them: `user/…`, `role/…`, `function/…`.

    `containable` are the targets that may be acted on; `protected` those that never may, like
    break-glass accounts, and whatever begins with one of `own` is Tocsin's. `approvers` are the
    only ones who may approve (none named: whoever is commander or security). `wide` are ranges
    that are blocked by two people or not at all: the office, the load balancer.
    """

    containable: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    own: tuple[str, ...] = ("tocsin", "Tocsin")
    approvers: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    per_hour: int = 20
    per_incident: int = 6

    @property
    def digest(self) -> str:
        """Changes with any of them: what was asked under other rules waits for nothing more."""
        return hashlib.sha256(canonical_json(encode_fields(self))).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An action that was begun, for counting."""

    incident: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Which run holds which target, and what was begun lately: one for the whole stage."""

    live: Mapping[str, str] = field(default_factory=dict)
    begun: tuple[Begun, ...] = ()
    ver: int = 0

    def claimed(self, run: Run, rules: Rules, at: datetime) -> Self:
        """With the run's target taken.

        Raises:
            Conflict: another run holds it.
            NotAllowed: too much was begun within the hour.
        """
        holder = self.live.get(run.slot)
        if holder not in (None, run.id):
            raise Conflict(f"{holder} is in force on {named(run.slot)}: undo that one", run=holder)
        recent = tuple(each for each in self.begun if each.at > at - HOUR)
        of_incident = sum(each.incident == run.incident for each in recent)
        if len(recent) >= rules.per_hour or of_incident >= rules.per_incident:
            raise NotAllowed(
                f"{len(recent)} actions were begun within the hour, {of_incident} of them here: at"
                f" most {rules.per_hour} and {rules.per_incident} are allowed"
            )
        return replace(
            self,
            live={**self.live, run.slot: run.id},
            begun=(*recent, Begun(incident=run.incident, at=at)),
            ver=self.ver + 1,
        )

    def released(self, run: Run) -> Self:
        """Without the run's hold on its target."""
        live = {slot: holder for slot, holder in self.live.items() if holder != run.id}
        return replace(self, live=live, ver=self.ver + 1)


def check_target(target: str, seen: State, kind: Kind, rules: Rules) -> None:
    """Only what is listed and tagged, never ours, and in a drill only what is a drill's.

    Raises:
        NotAllowed: it may not be acted on; the message says which rule and what would change it.
    """
    for name in (target, *seen.touched):
        _, _, bare = name.partition("/")
        if name in rules.protected or bare in rules.protected:
            raise NotAllowed(f"{name} is protected: Tocsin never acts on it")
        if bare.startswith(rules.own):
            raise NotAllowed(f"{name} is Tocsin's own: it would shut itself out")
    listed = target in rules.containable or (
        bool(seen.touched) and all(name in rules.containable for name in seen.touched)
    )
    if not listed:
        raise NotAllowed(f"{named(target)} is not in the list of what is containable")
    wanted = DRILL if kind is Kind.DRILL else REAL
    if (tag := seen.tags.get(TAG)) != wanted:
        raise NotAllowed(
            f"{named(target)} has the tag {TAG}={tag or 'none'}, and {kind} incidents act on"
            f" {TAG}={wanted} only"
        )
    if kind is Kind.BACKFILLED:
        raise NotAllowed("a backfilled incident acts on nothing")


def check_actor(groups: frozenset[Group], person: str) -> None:
    """Whoever runs, verifies or undoes is at least a responder.

    Raises:
        GroupRequired: a viewer.
    """
    if not groups & ACTING:
        raise GroupRequired(f"{person} may look but not act")


def others_needed(action: Action, severity: str, inputs: Mapping[str, str], rules: Rules) -> int:
    """How many people besides the one who runs it have to agree.

    What cannot be undone never passes on one person's word, however severe (I11).
    """
    needed = action.others[severity]
    irreversible = action.reversal == "irreversible"
    return max(needed, 1) if irreversible or wide_range(inputs, rules) else needed


def wide_range(inputs: Mapping[str, str], rules: Rules) -> bool:
    """Whether the addresses hold everybody, our own office, or what our traffic comes through."""
    if (text := inputs.get("addresses")) is None:
        return False
    asked = ipaddress.ip_network(text)
    if asked.prefixlen < (16 if asked.version == 4 else 32):  # noqa: PLR2004 # the two families
        return True
    ours = (ipaddress.ip_network(each) for each in rules.wide)
    return any(each.version == asked.version and each.overlaps(asked) for each in ours)


def approved(
    run: Run, purpose: Purpose, *, by: str, groups: frozenset[Group], agreed: str,
    rules: Rules, at: datetime,
) -> Run:  # fmt: skip
    """With one more person's yes. `agreed` is the hash of what that person was shown.

    Raises:
        ApprovalInvalid: they agreed to something else, too late, or the rules have changed since.
        SecondPersonRequired: it is the one who asked, in whatever session, or a second yes.
        GroupRequired: not one who may approve.
        IllegalTransition: nothing waits for it.
    """
    asked_by, until, asked_under = _waiting(run, purpose)
    if agreed != bound(run, purpose):
        raise ApprovalInvalid("what was agreed to is not what is asked: look at the run again")
    if asked_under != rules.digest:
        raise ApprovalInvalid(
            "who may approve or what is containable has changed since it was asked: ask anew"
        )
    if at >= until:
        raise ApprovalInvalid("it was asked too long ago: ask anew")
    yes = [each for each in run.approvals if each.purpose is purpose and each.spent_at is None]
    if same_person(by, asked_by) or any(same_person(by, each.by) for each in yes):
        raise SecondPersonRequired(f"{by} has asked or agreed already: another person has to")
    if not groups & APPROVING:
        raise GroupRequired(f"{by} may not approve: {BECOME_COMMANDER}")
    if rules.approvers and not any(same_person(by, each) for each in rules.approvers):
        raise GroupRequired(f"{by} is none of those who may approve containment")
    given = Approval(purpose=purpose, by=by, at=at, until=until, bound=agreed)
    state = RunState.APPROVED if purpose is Purpose.EXECUTE else run.state
    return replace(run, approvals=(*run.approvals, given), state=state, ver=run.ver + 1)


def _waiting(run: Run, purpose: Purpose) -> tuple[str, datetime, str]:
    """Who asked, until when, under which rules."""
    if purpose is Purpose.UNDO:
        if run.undo_asked is None:
            raise IllegalTransition(f"nobody has asked to undo {run.id}")
        return run.undo_asked.by, run.undo_asked.until, run.undo_asked.rules
    if run.state not in (RunState.PLANNED, RunState.APPROVED):
        raise IllegalTransition(f"{run.id} is {run.state}: nothing waits for a yes")
    return run.asked_by, run.approve_by, run.rules


def check_approvals(
    run: Run, purpose: Purpose, needed: int, *, by: str, rules: Rules, at: datetime
) -> None:
    """Whether enough people other than the one who acts have agreed to just this.

    Raises:
        ApprovalRequired: too few; those that do not count any more are not counted.
    """
    if needed == 0:
        return
    what = bound(run, purpose)
    _, _, asked_under = _waiting(run, purpose)
    counted: list[str] = []
    for each in run.approvals:
        right = each.purpose is purpose and each.bound == what and each.spent_at is None
        in_time = each.at <= at < each.until and asked_under == rules.digest
        others = not any(same_person(each.by, other) for other in (by, *counted))
        if right and in_time and others:
            counted.append(each.by)
    if len(counted) < needed:
        raise ApprovalRequired(
            f"{needed - len(counted)} more of the commanders or security have to approve run"
            f" {run.id}, and not {by}",
            run=run.id,
            agree=what,
        )

"""The rules of a stage as they are kept: who wrote them, who agreed, and what is proposed.

Whoever decides what may be contained decides what containment can break, so no rule changes on one
person's word. One proposal waits at a time; another takes its place, and what somebody agrees to is
the hash of just what they were shown.
"""

import hashlib
import ipaddress
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.containment.guards import APPROVING, Rules
from tocsin.containment.runs import same_person
from tocsin.errors import (
    ApprovalInvalid,
    BadInput,
    GroupRequired,
    IllegalTransition,
    SecondPersonRequired,
)
from tocsin.incidents import limits
from tocsin.incidents.rules.draft import reason_of
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.timeline.entry import canonical_json, format_time
from tocsin.incidents.vocabulary import BECOME_COMMANDER, Group

PROPOSAL_LASTS = timedelta(hours=24)
MOST = 200
"""Of each list: what is contained is looked at by two people, and nobody reads a thousand names."""
MOST_PER_HOUR = 100
_NAME = re.compile(r"(user|role|function|ip-set)/[\w+=,.@/-]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Rules that are or were in force. Times are real ones."""

    number: int
    rules: Rules
    proposed_by: str
    agreed_by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Rules that wait for another person; they take the place of edition `replaces`."""

    rules: Rules
    by: str
    at: datetime
    until: datetime
    why: str
    replaces: int

    @property
    def bound(self) -> str:
        """What a yes is bound to: the rules, whose, why, until when, and what they replace."""
        said = encode_fields(self) | {"until": format_time(self.until)}
        return hashlib.sha256(canonical_json(said)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What is in force, and what waits. Before the first edition nothing is containable."""

    edition: Edition | None = None
    proposal: Proposal | None = None
    ver: int = 0

    @property
    def rules(self) -> Rules:
        """Those in force. What is ours is as this build says, not as a build before did."""
        if self.edition is None:
            return Rules()
        return replace(self.edition.rules, own=Rules().own)

    @property
    def number(self) -> int:
        return 0 if self.edition is None else self.edition.number


def proposed(
    book: Rulebook, rules: Rules, *, by: str, groups: frozenset[Group], why: str, at: datetime
) -> Rulebook:
    """With these rules waiting for another person.

    Raises:
        GroupRequired: not one who may approve containment.
        BadInput: they do not read, contradict themselves, or change nothing.
    """
    _may_decide(by, groups, book.rules)
    asked = checked(rules)
    if asked.digest == book.rules.digest:
        raise BadInput("nothing differs from the rules in force: nothing is proposed")
    waiting = Proposal(
        rules=asked,
        by=by,
        at=at,
        until=at + PROPOSAL_LASTS,
        why=limits.line("why", reason_of(why)),
        replaces=book.number,
    )
    return replace(book, proposal=waiting, ver=book.ver + 1)


def agreed(
    book: Rulebook, *, by: str, groups: frozenset[Group], shown: str, at: datetime
) -> Rulebook:
    """With what was proposed in force. What waits for a yes under other rules waits in vain.

    Raises:
        IllegalTransition: nothing is proposed.
        ApprovalInvalid: they were shown something else, or too long ago.
        SecondPersonRequired: it is the one who proposed it, in whatever session.
        GroupRequired: not one who may approve under the rules in force.
    """
    _may_decide(by, groups, book.rules)
    if (waiting := book.proposal) is None:
        raise IllegalTransition("no change of the rules of containment waits for a yes")
    if shown != waiting.bound:
        raise ApprovalInvalid("what was agreed to is not what is proposed: look at it again")
    if at >= waiting.until:
        raise ApprovalInvalid("it was proposed too long ago: propose it anew")
    if same_person(by, waiting.by):
        raise SecondPersonRequired(f"{by} has proposed it: another person has to agree")
    edition = Edition(
        number=book.number + 1,
        rules=waiting.rules,
        proposed_by=waiting.by,
        agreed_by=by,
        at=at,
        why=waiting.why,
    )
    return replace(book, edition=edition, proposal=None, ver=book.ver + 1)


def checked(rules: Rules) -> Rules:
    """The rules in the form that is kept: sorted, each name once, what is ours as built.

    Raises:
        BadInput: a name or a range does not read, a name is in both lists, only one person could
            approve, or a limit is none.
    """
    for field in ("containable", "protected"):
        names = getattr(rules, field)
        if wrong := [name for name in names if not _NAME.fullmatch(name)]:
            raise BadInput(
                f"{wrong[0][:64]!r} is no target: user/NAME, role/NAME, function/NAME or"
                " ip-set/NAME/ID",
                field=field,
            )
    if both := sorted({*rules.containable} & {*rules.protected}):
        raise BadInput(f"{both[0]} is containable and protected at once", field="protected")
    ours = [each for each in rules.containable if each.partition("/")[2].startswith(Rules().own)]
    if ours:
        raise BadInput(f"{ours[0]} is Tocsin's own: it would shut itself out", field="containable")
    if rules.approvers and all(same_person(each, rules.approvers[0]) for each in rules.approvers):
        raise BadInput(
            "name two approvers at least: one alone could agree to nothing, not even to other"
            " rules, and then nobody could",
            field="approvers",
        )
    if not 1 <= rules.per_incident <= rules.per_hour <= MOST_PER_HOUR:
        raise BadInput(
            f"an hour has 1 to {MOST_PER_HOUR} actions, and an incident no more of them than all",
            field="per_hour",
        )
    kept = {
        "containable": rules.containable,
        "protected": rules.protected,
        "approvers": tuple(limits.name("approvers", each) for each in rules.approvers),
        "wide": tuple(map(_range, rules.wide)),
    }
    if long := [field for field, names in kept.items() if len(names) > MOST]:
        raise BadInput(f"`{long[0]}` has at most {MOST} names", field=long[0])
    once = {field: tuple(sorted({*names})) for field, names in kept.items()}
    return Rules(**once, per_hour=rules.per_hour, per_incident=rules.per_incident)


def _range(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise BadInput(f"{text[:64]} is no address and no range: {error}", field="wide") from error


def _may_decide(person: str, groups: frozenset[Group], rules: Rules) -> None:
    """Whoever may approve containment now; those who are to be named do not name themselves."""
    if not groups & APPROVING:
        raise GroupRequired(f"{person} may not change what is containable: {BECOME_COMMANDER}")
    if rules.approvers and not any(same_person(person, each) for each in rules.approvers):
        raise GroupRequired(f"{person} is none of those who may approve containment")

"""What a source says, in one shape, and the pure rule that turns it into severity and category.

Parsers (one per source) build `Signal`s; nothing after them knows which source it was. A signal
that says "clear" is a fact for an open incident and never the start of one, and so is one that is
`only_told`: it says neither that something is wrong nor that it is over.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from tocsin.incidents.limits import DEDUP_KEY, DEDUP_PART
from tocsin.incidents.runbook.policy import Policy, RuleMode, TriageRule
from tocsin.incidents.vocabulary import Category, Role, Severity

KEY_VERSION = "v1"
UNMATCHED_RULE = "unmatched"
HELD = "-held"
"""Ends the id of a signal that is held back: let through, it is the news it would have been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One message of a source.

    `id` is the same when the source sends it again. `rule` is what triage matches (an alarm's
    name); `dedup_key` says which signals are about the same trouble. `occurred_at` is what the
    source says, never Tocsin's clock. A `suppressed` one fires, and its source has been told to
    keep that to itself: it is kept as a trace, and heard of again once it is let through; where
    the source will not say so itself, it is let through at `held_until`.

    `part` names what of a whole this is about (one time series of an alarm over many), which fires
    and clears for itself. A whole that is `gone` takes its parts along.

    `hint` is how bad the source calls it. `overheard` is what nobody sent here on purpose: it was
    taken from the account's events. `only_told` goes on the record of an incident that is open and
    changes nothing; with `withdraws` it also ends what is held back of its key. One that `yields`
    is no news if its key has cleared since, in whatever order the two come. What is `named_only`
    means nothing unless a rule of the policy names it. One that is held back here, and not by its
    source, says what it is `held_for`, and since when.

    `received_at` is when a person's report came in: it is t0 of what it opens.
    """

    id: str
    source: str
    rule: str
    dedup_key: str
    title: str
    detail: str = ""
    firing: bool
    occurred_at: datetime
    service: str | None = None
    environment: str = "production"
    facts: Mapping[str, str] = field(default_factory=dict)
    correlation_id: str = ""
    drill: bool = False
    suppressed: bool = False
    held_until: datetime | None = None
    part: str = ""
    gone: bool = False
    hint: Severity | None = None
    overheard: bool = False
    only_told: bool = False
    withdraws: bool = False
    yields: bool = False
    named_only: bool = False
    link: str = ""
    received_at: datetime | None = None
    held_for: str = ""
    held_since: datetime | None = None

    @property
    def key(self) -> str:
        """The versioned dedup key; drills have a space of their own, so they never mix.

        A key too long to be kept stands by its digest. A part's begins with that of its whole.
        """
        return f"{self.whole}{PART}{_bounded(self.part, DEDUP_PART)}" if self.part else self.whole

    @property
    def whole(self) -> str:
        """The key of all that this is a part of; its own if it is no part."""
        space = f"drill:{self.source}" if self.drill else self.source
        return f"{KEY_VERSION}:{space}:{_bounded(self.dedup_key, DEDUP_KEY)}"

    def let_through(self) -> "Signal":
        """The news it would have been had nothing held it back."""
        return replace(
            self,
            id=self.id.removesuffix(HELD),
            suppressed=False,
            held_until=None,
            held_for="",
            held_since=None,
        )


PART = "|"
"""Between the key of a whole and what tells its parts apart."""


def _bounded(name: str, most: int) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return name if len(name) <= most else f"sha256:{digest}"


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_ANY_WORDS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What the policy makes of a signal, and which rule said so.

    `known` is False where only the rule for everything else took it; `nothing` where that is
    not enough for it to mean anything. `parent`: a rule names this one among its `parents`.
    """

    severity: Severity
    category: Category
    rule: str
    service: str | None
    roles: tuple[Role, ...] = ()
    containment: tuple[str, ...] = ()
    mode: RuleMode = RuleMode.PAGE
    known: bool = True
    nothing: bool = False
    group: bool = False
    at_least: int = 0
    within: timedelta = timedelta()
    parents: tuple[str, ...] = ()
    parent: bool = False
    unsteady: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One rule of the policy and why it takes a signal, or does not (`against`)."""

    rule: TriageRule
    against: str

    @property
    def takes(self) -> bool:
        """Whether the rule matches."""
        return not self.against


def _matches(name: str, rule: TriageRule) -> bool:
    if not rule.words:
        return fnmatchcase(name.lower(), rule.pattern.lower())
    said = " ".join(("", *_WORD.findall(name), "")).lower()
    return any(_phrase(phrase).search(said) for phrase in rule.words)


@lru_cache(maxsize=256)
def _phrase(phrase: str) -> re.Pattern[str]:
    """Finds a phrase among words with a space around each; a word also in its plural."""
    words = (
        r"(?:\S+ )*" if word == _ANY_WORDS else re.escape(word) + "(?:s|es)? "
        for word in phrase.lower().split()
    )
    return re.compile(" " + "".join(words))


def judged(signal: Signal, policy: Policy) -> Iterator[Judged]:
    """The rules of the signal's source in their order, each with what speaks against it.

    The first that takes it decides; those after it are not looked at.
    """
    for rule in policy.triage:
        if rule.source != signal.source:
            continue
        found = Judged(rule=rule, against=_against(signal, rule))
        yield found
        if found.takes:
            return


def _against(signal: Signal, rule: TriageRule) -> str:
    if not _matches(signal.rule, rule):
        return "another name"
    if rule.hints and signal.hint not in rule.hints:
        return f"the source says {signal.hint or 'nothing of how bad it is'}"
    if rule.overheard and not signal.overheard:
        return "it was sent here on purpose"
    return ""


def triage(signal: Signal, policy: Policy) -> Triage:
    """The first triage rule of `signal.source` that takes it.

    A signal no rule knows is a high production incident: in doubt the higher severity, but not
    every unknown alarm wakes everybody. What is overheard and known to no rule is medium.
    """
    for one in judged(signal, policy):
        if one.takes:
            rule = one.rule
            return Triage(
                severity=rule.severity,
                category=rule.category,
                rule=rule.id,
                service=rule.service or signal.service,
                roles=rule.roles,
                containment=rule.containment,
                mode=rule.mode,
                known=not rule.unknown,
                nothing=rule.unknown and signal.named_only,
                group=rule.group,
                at_least=rule.at_least,
                within=timedelta(minutes=rule.within_minutes),
                parents=rule.parents,
                parent=any(rule.id in other.parents for other in policy.triage),
                unsteady=rule.unsteady,
            )
    return Triage(
        severity=Severity.MEDIUM if signal.overheard else Severity.HIGH,
        category=Category.PRODUCTION,
        rule=UNMATCHED_RULE,
        service=signal.service,
        known=False,
        nothing=signal.named_only,
    )

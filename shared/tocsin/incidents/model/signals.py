"""What a source says, in one shape, and the pure rule that turns it into severity and category.

Parsers (one per source) build `Signal`s; nothing after them knows which source it was. A signal
that says "clear" is a fact for an open incident and never the start of one.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache

from tocsin.incidents.limits import DEDUP_KEY, DEDUP_PART
from tocsin.incidents.runbook.policy import Policy, TriageRule
from tocsin.incidents.vocabulary import Category, Severity

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
        return replace(self, id=self.id.removesuffix(HELD), suppressed=False, held_until=None)


PART = "|"
"""Between the key of a whole and what tells its parts apart."""


def _bounded(name: str, most: int) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return name if len(name) <= most else f"sha256:{digest}"


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_ANY_WORDS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What the policy makes of a signal, and which rule said so."""

    severity: Severity
    category: Category
    rule: str
    service: str | None


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


def triage(signal: Signal, policy: Policy) -> Triage:
    """The first triage rule of `signal.source` whose pattern matches its rule name.

    A signal no rule knows is a high production incident: in doubt the higher severity, but not
    every unknown alarm wakes everybody.
    """
    for rule in policy.triage:
        if rule.source != signal.source:
            continue
        if _matches(signal.rule, rule):
            return Triage(
                severity=rule.severity,
                category=rule.category,
                rule=rule.id,
                service=rule.service or signal.service,
            )
    return Triage(
        severity=Severity.HIGH,
        category=Category.PRODUCTION,
        rule=UNMATCHED_RULE,
        service=signal.service,
    )

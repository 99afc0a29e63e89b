"""What a runbook must be beyond its shape: rules that need more than one key to judge.

Each check yields the key at fault and a sentence; the caller adds file and line.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tocsin.billing.provider import PROVIDERS
from tocsin.billing.subscription import Status
from tocsin.errors import InvalidPolicy
from tocsin.incidents.runbook.policy import CriterionSection
from tocsin.incidents.runbook.targets import BusinessDays, Elapsed, NextRelease
from tocsin.incidents.runbook.wording import free_in, own_claims
from tocsin.incidents.vocabulary import Category, Phase, Role, Severity, WayKind
from tocsin.policy.authoring.holidays import business_calendar, closed_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tocsin.incidents.runbook.targets import Target
    from tocsin.policy.authoring.problems import Path
    from tocsin.policy.authoring.schema import Rule, Runbook

type Finding = tuple[Path, str]

# What the gate computes and updates send by name: these may be reworded, never dropped.
CRITERIA = {
    CriterionSection.DEFINITION_OF_DONE: (
        "containment_verified",
        "fix_deployed_and_monitored",
        "communication_completed",
        "postmortem_published",
    ),
    CriterionSection.BILLING_EXIT: (
        "checkouts_succeed",
        "replay_completed",
        "residual_update_sent",
    ),
    CriterionSection.ADDED: ("timeline_intact",),
}
NEVER_WAIVED = {
    (CriterionSection.DEFINITION_OF_DONE, "containment_verified"): {Severity.CRITICAL},
    (CriterionSection.ADDED, "timeline_intact"): set(Severity),
}
RINGING = frozenset({WayKind.SMS, WayKind.WEBHOOK})
TEMPLATES = ("internal", "customer", "customer-before-containment")
REMOVED = "is missing, and cannot be removed"
PLACEHOLDERS = frozenset({"ID", "level", "summary", "status", "time", "scope"})
_PLACEHOLDER = re.compile(r"<([^<>]*)>")


def findings(runbook: Runbook) -> Iterator[Finding]:
    """Everything wrong with a runbook whose shape is right.

    Of one that lacks a severity, role, category or phase, only that.
    """
    absent = list(_absent(runbook))
    yield from absent
    if absent:
        return
    yield from _targets(runbook)
    yield from _paging(runbook)
    yield from _ways(runbook)
    yield from _ids(runbook)
    yield from _criteria(runbook)
    yield from _templates(runbook)
    yield from _triage(runbook)
    yield from _business_time(runbook)
    yield from _billing(runbook)
    yield from _smoke_tests(runbook)


def _absent(runbook: Runbook) -> Iterator[Finding]:
    tables: list[tuple[Path, Mapping[Any, object], Iterable[str]]] = [
        (("severities",), runbook.severities, Severity),
        (("roles",), runbook.roles, Role),
        (("paged",), runbook.paged, Category),
        (("phases",), runbook.phases, Phase),
        (("billing", "access"), runbook.billing.access, Status),
        *(
            (("phases", phase, "due"), chapter.due, Severity)
            for phase, chapter in runbook.phases.items()
        ),
    ]
    for path, given, words in tables:
        yield from (((*path, word), REMOVED) for word in words if word not in given)


def _targets(runbook: Runbook) -> Iterator[Finding]:
    rows = list(runbook.severities.items())
    for severity, row in rows:
        for earlier, later in pairwise(("acknowledge", "contain", "fix")):
            if _surely_later(getattr(row, earlier), getattr(row, later)):
                yield ("severities", severity, later), f"is due before `{earlier}`"
        for clock in ("acknowledge", "contain", "acknowledge_timeout"):
            if isinstance(getattr(row, clock), NextRelease):
                yield ("severities", severity, clock), "only a fix can wait for a release"
    for (worse, upper), (_, lower) in pairwise(rows):
        for clock in ("acknowledge", "contain", "fix"):
            if _surely_later(getattr(upper, clock), getattr(lower, clock)):
                yield ("severities", worse, clock), "is slower than the next lower severity"


def _surely_later(one: Target, other: Target) -> bool:
    """Whether `one` always ends after `other`; False where it depends on the calendar."""
    match one, other:
        case (Elapsed(first), Elapsed(second)) | (BusinessDays(first), BusinessDays(second)):
            return first > second
        case NextRelease(), Elapsed() | BusinessDays():
            return True
    return False


def _paging(runbook: Runbook) -> Iterator[Finding]:
    for severity, row in runbook.severities.items():
        path: Path = ("severities", severity, "paging")
        steps = [step.after for step in row.paging.steps]
        if steps[0] != 0:
            yield (*path, "steps", 0, "after"), "the first step is at `0 minutes`"
        for at, (before, after) in enumerate(pairwise(steps), start=1):
            if after <= before:
                yield (*path, "steps", at, "after"), "each step comes later than the one before"
        for at, repeat in enumerate(row.paging.repeats):
            if repeat.every == 0:
                yield (*path, "repeats", at, "every"), "must be longer than nothing"
            if repeat.times is None and at < len(row.paging.repeats) - 1:
                yield (*path, "repeats", at), "repeats for ever, so what follows is never reached"


def _ways(runbook: Runbook) -> Iterator[Finding]:
    """A page rings, and nothing else does: what a team may order anew is the rest."""
    for severity, row in runbook.severities.items():
        above: Path = ("severities", severity, "paging")
        ways, quiet = row.paging.ways, row.paging.quiet_ways
        if row.paging.pages and not ways:
            yield (*above, "ways"), "says by which ways a page is tried, such as [sms, mail]"
        if ways and not row.paging.pages:
            yield (*above, "ways"), "is never used: this severity sends no page"
        if ways and WayKind.MAIL in ways[:-1]:
            yield (*above, "ways"), "mail rings nowhere: it comes last"
        if ways == [WayKind.MAIL]:
            yield (*above, "ways"), "mail alone is no page: name a way that rings before it"
        for at, kind in enumerate(quiet):
            if kind in RINGING:
                yield (*above, "quiet_ways", at), f"{kind} rings: it is for pages"
        for name, kinds in (("ways", ways or []), ("quiet_ways", quiet)):
            if len(set(kinds)) < len(kinds):
                yield (*above, name), "names a way twice"


def _ids(runbook: Runbook) -> Iterator[Finding]:
    seen: set[str] = set()
    for phase, chapter in runbook.phases.items():
        for name, item in chapter.items.items():
            path: Path = ("phases", phase, "items", name)
            for at in (path, *((*path, "items", sub) for sub in item.items)):
                if str(at[-1]) in seen:
                    yield at, "another item of the checklist has this id"
                seen.add(str(at[-1]))


def _criteria(runbook: Runbook) -> Iterator[Finding]:
    for section, codes in CRITERIA.items():
        given = getattr(runbook.criteria, section)
        for code in codes:
            if code not in given:
                yield ("criteria", section, code), "a criterion is waived, never removed"
        for code in given:
            if code not in codes:
                yield ("criteria", section, code), "nothing can tell whether this is met"
    for (section, code), severities in NEVER_WAIVED.items():
        criterion = getattr(runbook.criteria, section).get(code)
        if criterion and not severities <= set(criterion.never_waived_for):
            words = ", ".join(sorted(severities))
            path = ("criteria", section, code, "never_waived_for")
            yield path, f"always names {words}"


def _templates(runbook: Runbook) -> Iterator[Finding]:
    for name in TEMPLATES:
        if name not in runbook.templates:
            yield ("templates", name), "updates are sent with this template; it cannot be removed"
    free = free_in(runbook.templates.values())
    for name, template in runbook.templates.items():
        for unknown in set(_PLACEHOLDER.findall(template.text)) - PLACEHOLDERS:
            known = ", ".join(f"<{word}>" for word in sorted(PLACEHOLDERS))
            yield ("templates", name, "text"), f"<{unknown}> is never filled in; known: {known}"
        if template.claims and not template.needs_containment:
            yield ("templates", name, "claims"), "is for texts with `needs_containment: true`"
        if template.needs_containment and not own_claims(template, free):
            yield (
                ("templates", name, "claims"),
                "names the words that claim containment: no sentence of the text is its own",
            )
        says = "contained the issue" in template.text
        if says and not template.needs_containment:
            path = ("templates", name, "needs_containment")
            yield path, "must be true: the text says that the issue is contained"


def _triage(runbook: Runbook) -> Iterator[Finding]:
    caught: set[str] = set()
    items = {
        name
        for chapter in runbook.phases.values()
        for above, item in chapter.items.items()
        for name in (above, *getattr(item, "items", ()))
    }
    for name, rule in runbook.triage.items():
        for at, choice in enumerate(rule.containment):
            if choice not in items:
                yield ("triage", name, "containment", at), "no item of the checklist is called so"
        if bool(rule.pattern) == bool(rule.words):
            yield ("triage", name), "takes a pattern, or words"
        yield from _noise_of(name, rule, runbook)
        if rule.source in caught:
            yield ("triage", name), f"never reached: an earlier rule takes all of {rule.source}"
        if rule.pattern == "*" and not rule.hints and not rule.overheard:
            caught.add(rule.source)
    for source in {rule.source for rule in runbook.triage.values()} - caught:
        yield ("triage",), f"the last rule of {source} must have the pattern `*`"


def _noise_of(name: str, rule: Rule, runbook: Runbook) -> Iterator[Finding]:
    if (rule.at_least is None) != (rule.within is None):
        yield ("triage", name), "`at_least` and `within` go together"
    for at, parent in enumerate(rule.parents):
        if parent not in runbook.triage or parent == name:
            yield ("triage", name, "parents", at), "no other rule is called so"


def _billing(runbook: Runbook) -> Iterator[Finding]:
    for status, row in runbook.billing.access.items():
        if row.in_incident and row.in_incident.rank > row.access.rank:
            path: Path = ("billing", "access", status, "in_incident")
            yield path, "gives less than `access`: an incident takes nothing away"
    for at, provider in enumerate(runbook.billing.confirm):
        if provider not in PROVIDERS:
            yield ("billing", "confirm", at), f"no such provider; known: {', '.join(PROVIDERS)}"


def _business_time(runbook: Runbook) -> Iterator[Finding]:
    time = runbook.business_time
    public = time.public_holidays
    if public and public.first_year > public.last_year:
        yield ("business_time", "public_holidays", "last_year"), "is before `first_year`"
    try:
        closed = frozenset(closed_names(time))
    except ValueError as unknown:
        yield ("business_time", "public_holidays", "country"), str(unknown)
        return
    try:
        business_calendar(time, closed)
    except InvalidPolicy as wrong:
        part = "zone" if "zone" in wrong.context else "hours"
        yield ("business_time", part), wrong.detail


def _smoke_tests(runbook: Runbook) -> Iterator[Finding]:
    for name, test in runbook.smoke_tests.items():
        if {"{", "}"} & set(test.url.replace("{service}", "")):
            yield ("smoke_tests", name, "url"), "only `{service}` may stand in braces"
        if test.method == "HEAD" and test.contains:
            yield ("smoke_tests", name, "contains"), "the answer to HEAD has no body"

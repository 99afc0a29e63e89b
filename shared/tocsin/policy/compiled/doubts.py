"""What a valid runbook is doubted for: a calendar that will mislead, though nothing is wrong.

And rules of a team's own that catch parts of words, as `*auth*` catches `author`.

Some doubts are known when a runbook is compiled, because they need the place it names, and are
kept in the policy. Others come with time: a table of holidays that ends.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from tocsin.incidents.runbook.calendar import load_zone
from tocsin.incidents.runbook.policy import Doubt

if TYPE_CHECKING:
    from tocsin.incidents.runbook.calendar import BusinessCalendar
    from tocsin.incidents.runbook.policy import Policy

AHEAD = timedelta(days=366)
"""How far a table of holidays reaches at least; the longest deadlines are weeks."""

_NO_PLACE = frozenset(
    [
        "EST",
        "MST",
        "HST",
        "UTC",
        "UCT",
        "GMT",
        "GMT0",
        "GMT+0",
        "GMT-0",
        "Greenwich",
        "Universal",
        "Zulu",
    ]
)
_ZONE, _HOLIDAYS = "business_time.zone", "business_time.public_holidays"


def doubts(policy: Policy, today: date) -> tuple[Doubt, ...]:
    """All of a policy on a day, each once."""
    found = (*policy.doubts, *_of_table(policy.calendar, today), *of_zone(policy.calendar.zone))
    return tuple(dict.fromkeys(found))


def _of_table(calendar: BusinessCalendar, today: date) -> tuple[Doubt, ...]:
    years = calendar.holiday_years
    if years is None:
        return (Doubt(_HOLIDAYS, "no holiday is known: every day of the week counts as it stands"),)
    found = []
    if today.year < years[0]:
        text = f"the table of holidays begins with {years[0]}: until then they count as work days"
        found.append(Doubt(f"{_HOLIDAYS}.first_year", text))
    if today > date(years[1], 12, 31) - AHEAD:
        text = f"the table of holidays ends with {years[1]}: later ones count as work days"
        found.append(Doubt(f"{_HOLIDAYS}.last_year", text))
    return tuple(found)


def of_zone(zone: str, country: str | None = None) -> tuple[Doubt, ...]:
    """Whether the zone's clocks stand still in summer, though those of the team's place do not."""
    if _changes(zone):
        return ()
    if zone in _NO_PLACE or zone.startswith("Etc/"):
        text = f"{zone} has no summer time: name the team's place, like America/New_York"
        return (Doubt(_ZONE, text),)
    places = _places().get(country or "", ())
    changing = [place for place in places if _changes(place)]
    if not changing or zone in places:
        return ()
    text = f"{zone} has no summer time, and {changing[0]} has: name the place in {country}"
    return (Doubt(_ZONE, text),)


def _changes(zone: str) -> bool:
    """Whether its clocks are put forward or back in a year; by now's rules, as of 2026."""
    rules = load_zone(zone)
    months = (datetime.combine(date(2026, month, 15), time(), UTC) for month in range(1, 13))
    return len({moment.astimezone(rules).utcoffset() for moment in months}) > 1


@lru_cache(maxsize=1)
def _places() -> dict[str, tuple[str, ...]]:
    """The zones of each country, as tzdata lists them."""
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for line in lines.splitlines():
        if not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found[country] = (*found.get(country, ()), zone)
    return found


_WORDS = (
    *("author", "authoring", "authority", "breakdown", "catalog", "changelog", "countdown"),
    *("cooldown", "dashboard", "datastore", "description", "download", "failback", "flatline"),
    *("ingestion", "keyboard", "leaderboard", "loading", "mainframe", "markdown", "mirror"),
    *("onboarding", "outbound", "payload", "payments", "preload", "production", "rebuild"),
    *("reload", "replication", "reproduction", "restore", "shutdown", "slowdown", "terror"),
    *("tokenizer", "touchdown", "translation", "transport", "upload", "viewport", "workload"),
)
"""Words of names of alarms that nobody means by a shorter word inside them."""

_SHOWN = 3


def of_rules(policy: Policy, shipped: Policy) -> tuple[Doubt, ...]:
    """The rules of a team's own that would catch innocent names by a part of a word."""
    theirs = {(rule.id, rule.pattern) for rule in shipped.triage}
    found = []
    for rule in policy.triage:
        if (rule.id, rule.pattern) in theirs:
            continue
        word = rule.pattern.lower().strip("*")
        caught = [each for each in _WORDS if _inside(word, each, rule.pattern)]
        if caught:
            text = (
                f"{rule.pattern} also catches {', '.join(caught[:_SHOWN])}:"
                f" write the whole name, or the word with its dash, like *-{word}*"
            )
            found.append(Doubt(f"triage.{rule.id}.pattern", text))
    return tuple(found)


def _inside(word: str, whole: str, pattern: str) -> bool:
    """Whether a pattern that asks for a word finds it as a part of another."""
    bare = word.isalpha() and whole not in {word, f"{word}s"}
    return bare and fnmatchcase(f"x-{whole}-x", pattern.lower())

"""What differs between two versions, in words people compare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.policy.builders import overridden
from tocsin.errors import InvalidPolicy
from tocsin.incidents.runbook.policy import ChangedKey
from tocsin.policy.authoring.diff import changes, flatten
from tocsin.policy.compiled.decoding import decode_policy
from tocsin.policy.compiled.policies import default, plain, sealed

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_policy_does_not_differ_from_itself() -> None:
    assert changes(default(), default()) == ()


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        (
            "severities: {critical: {acknowledge: 10 minutes}}",
            ChangedKey("severities.critical.acknowledge", "15 minutes", "10 minutes"),
        ),
        (
            "severities: {high: {paging: {repeats: [{every: 1 hour, times: 3}]}}}",
            ChangedKey(
                "severities.high.paging.repeats",
                "every 30 minutes for ever",
                "every 1 hour 3 times",
            ),
        ),
        (
            "severities: {medium: {acknowledge_timeout: null}}",
            ChangedKey("severities.medium.acknowledge_timeout", "1 business day", "none"),
        ),
        (
            "roles: {security_owner: {primary: alex}}",
            ChangedKey("roles.security_owner.primary", "security-primary", "alex"),
        ),
        (
            "phases: {0-15m: {items: {open-channel: null}}}",
            ChangedKey(
                "phases.0-15m.items.open-channel", "Open incident channel and assign IC.", None
            ),
        ),
        (
            "phases: {15-60m: {items: {confirm-blast-radius: {items: {regions: regions}}}}}",
            ChangedKey("phases.15-60m.items.confirm-blast-radius.items.regions", None, "regions"),
        ),
        (
            "phases: {0-15m: {items: {open-channel: {severities: [critical]}}}}",
            ChangedKey(
                "phases.0-15m.items.open-channel",
                "Open incident channel and assign IC.",
                "Open incident channel and assign IC. (critical only)",
            ),
        ),
        (
            "triage: {mine: {source: cloudwatch, pattern: x, severity: low, category: security}}",
            ChangedKey("triage.mine", None, "cloudwatch `x` is low security"),
        ),
        (
            "business_time: {closed_dates: {2026-12-24: Shutdown}}",
            ChangedKey("business_time.closed_dates.2026-12-24", None, "Shutdown"),
        ),
        (
            "business_time: {hours: {friday: [09:00-12:00, 13:00-15:00]}}",
            ChangedKey("business_time.hours.friday", "09:00-18:00", "09:00-12:00, 13:00-15:00"),
        ),
        ("limits: {waiver_days: 7}", ChangedKey("limits.waiver_days", "14", "7")),
    ],
)
def test_a_difference_is_said_with_the_key_of_the_file(yaml: str, expected: ChangedKey) -> None:
    assert expected in changes(default(), overridden(yaml))


def test_removing_what_was_added_is_the_same_difference_backwards() -> None:
    mine = overridden("triggers: {mine: A new one.}\nlimits: {flap: 5 minutes}")
    forth, back = changes(default(), mine), changes(mine, default())
    assert {(one.key, one.old, one.new) for one in forth} == {
        (one.key, one.new, one.old) for one in back
    }
    assert len(forth) == 2


def edited(value: Any, *, inside: str = "") -> Iterator[Any]:
    """The value with one part of it changed at a time.

    A record that repeats the key it stands under keeps it: no compiler says two things there.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if item == inside:
                continue
            yield from ({**value, key: other} for other in edited(item, inside=key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield [*value[:at], *value[at + 1 :]]
            yield from ([*value[:at], other, *value[at + 1 :]] for other in edited(item))
        yield from ([*value[1:], value[0]],) if len(value) > 1 else ()
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value}x"


def test_no_difference_that_changes_the_version_is_hidden() -> None:
    document = plain(default())
    # Hundreds of days and many rules of one shape: each part of each would be changed on its own.
    document["calendar"]["closed_dates"] = document["calendar"]["closed_dates"][:3]
    document["closed_names"] = dict(list(document["closed_names"].items())[:3])
    document["triage"] = document["triage"][::5]
    known = sealed(decode_policy(json.loads(json.dumps(document))))
    compared = 0
    for other in edited({key: item for key, item in document.items() if key != "change"}):
        try:
            policy = sealed(decode_policy({**json.loads(json.dumps(other)), "change": None}))
        except (InvalidPolicy, ValueError, TypeError, LookupError):
            continue
        if policy.version != known.version and other["version"] == document["version"]:
            compared += 1
            assert changes(known, policy), [
                (key, item) for key, item in other.items() if item != document[key]
            ]
    assert compared > 300


def test_every_key_is_said_once() -> None:
    keys = [key for key, _ in flatten(default())]
    assert len(keys) == len(set(keys))

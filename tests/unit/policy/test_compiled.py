"""The compiled policy: round trip, seal, freshness, and which version an incident finds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.policy.builders import overridden
from tocsin.errors import InvalidPolicy
from tocsin.incidents.runbook.policy import Change, ChangedKey
from tocsin.policy.authoring.compiler import compile_policy, load
from tocsin.policy.compiled.policies import (
    DEFAULT_FILE,
    PackagedPolicies,
    default,
    from_json,
    plain,
    sealed,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.incidents.runbook.policy import Policy

CHANGE = Change(
    author="alex",
    changed_at="2026-09-08T14:00:00.000Z",
    reason="answer faster",
    previous="default-1+000000000000",
    keys=(ChangedKey("severities.critical.acknowledge", "15 minutes", "10 minutes"),),
)

EVERY_KIND_OF_VALUE = """
    phases:
      15-60m:
        items:
          assign-owners: { severities: [critical], categories: [security, production] }
    triage:
      ours: { source: cloudwatch, pattern: "a|*", severity: low, category: security, service: s }
    triggers: { mine: { text: "Ünïcode 警報", categories: [security] } }
    severities: { low: { paging: { repeats: [{ every: 1 day, times: 2 }] } } }
    business_time: { hours: { sunday: [00:00-06:00, 18:00-24:00] } }
    """


def test_the_packaged_policy_is_what_the_packaged_runbook_compiles_to() -> None:
    fresh = to_json(compile_policy(load()))
    assert fresh == DEFAULT_FILE.read_bytes(), (
        f"stale: tocsin runbook compile --out shared/tocsin/policy/{DEFAULT_FILE.name}"
    )


@pytest.mark.parametrize("policy", [default(), overridden(EVERY_KIND_OF_VALUE)])
def test_a_policy_survives_being_stored(policy: Policy) -> None:
    changed = replace(policy, change=CHANGE)
    for one in (policy, changed):
        assert from_json(to_json(one)) == one
        assert to_json(from_json(to_json(one))) == to_json(one)


def test_who_changed_it_is_kept_beside_the_version_and_not_in_it() -> None:
    assert sealed(replace(default(), change=CHANGE)).version == default().version


def edited(value: Any) -> Iterator[Any]:
    """The value with each text, number and flag in it changed once, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in edited(item))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in edited(item))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield value + "x"


def test_a_compiled_policy_edited_by_hand_anywhere_is_refused() -> None:
    document = plain(default())
    assert document.pop("change") is None
    edits = 0
    for broken in edited(document):
        edits += 1
        with pytest.raises(InvalidPolicy):
            from_json(json.dumps({**broken, "change": None}).encode())
    assert edits > 500


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"{}", b'"text"', b"{\xff}", b"[" * 100_000, b'{"schema_version": 1}'],
)
def test_what_is_no_compiled_policy_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidPolicy, match="not a compiled policy"):
        from_json(raw)


def test_a_policy_of_another_schema_is_refused() -> None:
    document = plain(default()) | {"schema_version": 2}
    with pytest.raises(InvalidPolicy, match="schema version 2"):
        from_json(json.dumps(document).encode())


def test_functions_load_the_policy_without_the_tools_that_made_it() -> None:
    script = (
        "import sys; from tocsin.policy.compiled.policies import PackagedPolicies; "
        "PackagedPolicies().current(); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "tocsin.incidents.runbook.policy" in loaded
    assert not loaded & {"pydantic", "yaml", "holidays", "typer", "rich", "boto3", "botocore"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / DEFAULT_FILE.name).write_bytes(DEFAULT_FILE.read_bytes())
    return tmp_path


def test_without_a_runbook_of_ones_own_the_shipped_policy_is_current() -> None:
    assert PackagedPolicies().current() == default()
    assert PackagedPolicies().version(default().version) == default()


def test_a_deployed_policy_is_current_and_earlier_ones_are_still_found(folder: Path) -> None:
    mine, before = overridden("version: mine-2"), overridden("version: mine-1")
    (folder / "deployed.json").write_bytes(to_json(mine))
    (folder / "earlier").mkdir()
    (folder / "earlier" / f"{before.version}.json").write_bytes(to_json(before))
    policies = PackagedPolicies(folder)
    assert policies.current() == mine
    assert policies.version(before.version) == before
    assert policies.version(default().version) == default()
    assert policies.version(mine.version) == mine


@pytest.mark.parametrize("version", ["mine-9+000000000000", "../default", ""])
def test_a_version_this_build_does_not_hold_is_an_error_that_names_it(
    folder: Path, version: str
) -> None:
    with pytest.raises(InvalidPolicy) as missing:
        PackagedPolicies(folder).version(version)
    assert missing.value.context["version"] == version

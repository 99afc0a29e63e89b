"""A policy that was ever released still comes with the build: open incidents go by it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import InvalidPolicy
from tocsin.policy.compiled.policies import DEFAULT_FILE, PackagedPolicies, default, sealed, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
RECORD = Path(__file__).with_name("releases.txt")
RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)


def recorded(text: str) -> dict[str, str]:
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {line[0]: line[1] for line in lines}


def faults(changelog: str, record: Mapping[str, str], policies: PackagedPolicies) -> Iterator[str]:
    """What is wrong with the record of releases, in words."""
    for release in RELEASE.findall(changelog):
        if release not in record:
            yield f"{release} was released, and {RECORD.name} does not say with which policy"
    for release, version in record.items():
        try:
            policies.version(version)
        except InvalidPolicy:
            yield f"{release} shipped {version}: copy its default.json to policy/compiled/earlier/"


def test_every_released_policy_comes_with_this_build() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    record = recorded(RECORD.read_text(encoding="utf-8"))
    assert list(faults(changelog, record, PackagedPolicies())) == []


def test_a_release_whose_policy_is_not_recorded_is_noticed() -> None:
    changelog = "## [Unreleased]\n\n## [1.1.0] - 2027-01-02\n\n## [1.0.0] - 2026-12-01\n"
    found = faults(changelog, {"1.0.0": default().version}, PackagedPolicies())
    assert [fault.partition(" ")[0] for fault in found] == ["1.1.0"]


def test_a_released_policy_that_was_changed_and_not_kept_is_noticed(tmp_path: Path) -> None:
    released = default()
    folder = tmp_path / "policy"
    folder.mkdir()
    shutil.copy(DEFAULT_FILE, folder)
    record = {"1.0.0": released.version}
    assert list(faults("", record, PackagedPolicies(folder))) == []

    changed = sealed(replace(released, version="changed"))
    assert changed.version != released.version
    (folder / DEFAULT_FILE.name).write_bytes(to_json(changed))
    assert len(list(faults("", record, PackagedPolicies(folder)))) == 1

    (folder / "earlier").mkdir()
    (folder / "earlier" / f"{released.version}.json").write_bytes(to_json(released))
    assert list(faults("", record, PackagedPolicies(folder))) == []

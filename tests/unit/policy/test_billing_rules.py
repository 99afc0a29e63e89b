"""The billing rules on their own: the same as in the whole policy, under the same seal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.policy.builders import overridden, problems_of
from tocsin.billing.access.entitlement import Access
from tocsin.billing.access.freeze import SHIPPED, BillingChange
from tocsin.billing.subscription import Status
from tocsin.errors import InvalidPolicy
from tocsin.policy.compiled.billing_rules import EssentialChanges, current_billing_rules
from tocsin.policy.compiled.policies import DEFAULT_FILE, default, from_json, sealed, to_json
from tocsin.policy.compiled.seal import seal
from tocsin.policy.render.rules import rules

if TYPE_CHECKING:
    from pathlib import Path


def test_functions_read_what_the_whole_policy_says() -> None:
    rules, whole = current_billing_rules(), default().billing
    assert {status.value for status in rules.access} == set(whole.access) == set(Status)
    for status, rule in rules.access.items():
        row = whole.access[status]
        assert (rule.access, rule.in_incident) == (row.access, row.in_incident)
        assert rule.until_period_end is row.until_period_end
        assert (rule.grace_days, rule.collection_paused) == (row.grace_days, row.collection_paused)
    assert rules.confirm == set(whole.confirm)
    assert rules.essential == set(whole.essential) == set(SHIPPED)
    assert rules.version == default().version


def test_a_teams_own_rules_are_read_where_there_are_any(tmp_path: Path) -> None:
    own = overridden("billing: { access: { paused: { access: grace } }, confirm: [stripe] }")
    (tmp_path / "default.json").write_bytes(DEFAULT_FILE.read_bytes())
    (tmp_path / "deployed.json").write_bytes(to_json(own))
    rules = current_billing_rules(tmp_path)
    assert rules.access[Status.PAUSED].access is Access.GRACE
    assert rules.confirm == {"stripe"}


def test_paused_collection_has_a_row_in_the_runbook_and_a_team_its_own(tmp_path: Path) -> None:
    assert "| Active, collection paused | yes | yes | | |" in "\n".join(rules(default()))
    own = overridden('billing: { access: { active: { access: "yes", collection_paused: "no" } } }')
    (tmp_path / "default.json").write_bytes(DEFAULT_FILE.read_bytes())
    (tmp_path / "deployed.json").write_bytes(to_json(own))
    read = current_billing_rules(tmp_path).access[Status.ACTIVE]
    assert (read.access, read.collection_paused) == (Access.YES, Access.NO)
    assert "| Active, collection paused | no |" in "\n".join(rules(own))


@pytest.mark.parametrize("changed", [b'"confirm": []', b'"confirm": {}'])
def test_a_changed_file_is_no_policy(tmp_path: Path, changed: bytes) -> None:
    document = json.loads(DEFAULT_FILE.read_bytes())
    document["billing"] |= json.loads(b"{" + changed + b"}")
    (tmp_path / "default.json").write_text(json.dumps(document))
    with pytest.raises(InvalidPolicy):
        current_billing_rules(tmp_path)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("{ access: { past_due: { in_incident: 'no' } } }", "an incident takes nothing away"),
        ("{ access: { sleeping: { access: 'no' } } }", "sleeping"),
        ("{ access: { active: { access: maybe } } }", "grace"),
        ("{ confirm: [paypal] }", "no such provider"),
        ("{ essential: [anything] }", "bulk_edit"),
    ],
)
def test_rules_that_cannot_be_meant_do_not_compile(override: str, says: str) -> None:
    assert says in " ".join(map(str, problems_of(f"billing: {override}")))


def test_the_essential_changes_of_every_version_of_the_build_are_known(tmp_path: Path) -> None:
    strict = overridden("billing: { essential: [] }")
    wide = overridden("billing: { essential: [checkout, bulk_edit] }")
    (tmp_path / "earlier").mkdir()
    (tmp_path / "default.json").write_bytes(DEFAULT_FILE.read_bytes())
    (tmp_path / "deployed.json").write_bytes(to_json(strict))
    (tmp_path / "earlier" / f"{wide.version}.json").write_bytes(to_json(wide))
    essential = EssentialChanges(tmp_path)
    assert essential(wide.version) == {BillingChange.CHECKOUT, BillingChange.BULK_EDIT}
    assert essential(default().version) == set(SHIPPED)
    assert essential(strict.version) == essential("unheard-of") == essential("") == set()


def test_the_essential_changes_of_a_published_version_are_asked_for_once_and_kept(
    tmp_path: Path,
) -> None:
    (tmp_path / "default.json").write_bytes(DEFAULT_FILE.read_bytes())
    rules = replace(default().billing, essential=("bulk_edit",))
    wide = sealed(replace(default(), version="wide", billing=rules))
    kept = {wide.version: to_json(wide), "spoilt": b"nothing"}
    asked: list[str] = []

    def published(version: str) -> bytes | None:
        asked.append(version)
        return kept.get(version)

    essential = EssentialChanges(tmp_path, published)
    assert essential(wide.version) == essential(wide.version) == {BillingChange.BULK_EDIT}
    assert essential(default().version) == set(SHIPPED)
    assert asked == [wide.version], "what came with the build is not asked for"
    assert essential("spoilt") == essential("unheard-of") == essential("") == set(SHIPPED)
    assert asked == [wide.version, "spoilt", "unheard-of"]


def test_a_policy_from_before_it_could_say_so_has_the_shipped_ones(tmp_path: Path) -> None:
    document = json.loads(DEFAULT_FILE.read_bytes())
    del document["billing"]["essential"]
    document["version"] = seal("old", document)
    raw = json.dumps(document).encode()
    (tmp_path / "default.json").write_bytes(raw)
    assert from_json(raw).billing.essential == SHIPPED
    assert current_billing_rules(tmp_path).essential == set(SHIPPED)

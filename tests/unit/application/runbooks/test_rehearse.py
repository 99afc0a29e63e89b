"""A runbook is tried before incidents go by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.fakes.time import START
from tocsin.application.runbooks.rehearse import check, rehearse
from tocsin.errors import InvalidPolicy
from tocsin.incidents.vocabulary import Category, ClockName, Phase, Role, Severity
from tocsin.policy.compiled.policies import default

if TYPE_CHECKING:
    from tocsin.incidents.runbook.policy import Policy

SHIPPED = default()
LOW = SHIPPED.severities[Severity.LOW]


def without(table: Any, key: Any) -> dict[Any, Any]:
    return {each: value for each, value in table.items() if each != key}


def test_the_shipped_runbook_passes() -> None:
    check(SHIPPED, build=SHIPPED, now=START)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"severities": without(SHIPPED.severities, Severity.LOW)}, "severities.low"),
        ({"roles": without(SHIPPED.roles, Role.SECURITY_OWNER)}, "roles.security_owner"),
        ({"phases": without(SHIPPED.phases, Phase.FIRST_15_MINUTES)}, "phases.0-15m"),
        ({"templates": {}}, f"templates.{next(iter(SHIPPED.templates))}"),
        ({"criteria": SHIPPED.criteria[1:]}, f"criteria.{SHIPPED.criteria[0].code}"),
        (
            {
                "severities": {
                    **SHIPPED.severities,
                    Severity.LOW: replace(LOW, targets=without(LOW.targets, ClockName.FIX)),
                }
            },
            "severities.low.fix",
        ),
        (
            {
                "roster": replace(
                    SHIPPED.roster, paged=without(SHIPPED.roster.paged, Category.SECURITY)
                )
            },
            "paged.security",
        ),
        ({"limits": replace(SHIPPED.limits, nag_times=-1)}, "limits.nag_times"),
        ({"calendar": replace(SHIPPED.calendar, minutes_per_day=2_000)}, "business_time.day"),
        (
            {"criteria": tuple(replace(each, never_waived_for=()) for each in SHIPPED.criteria)},
            "never_waived_for",
        ),
        ({"sampling": replace(SHIPPED.sampling, per_stratum=1)}, "billing"),
    ],
)
def test_what_incidents_need_or_deployments_bring_is_named(
    changed: dict[str, Any], key: str
) -> None:
    policy: Policy = replace(SHIPPED, **changed)
    with pytest.raises(InvalidPolicy) as refused:
        check(policy, build=SHIPPED, now=START)
    assert key in str(refused.value.context["key"])


def test_what_this_code_cannot_work_with_is_refused_and_never_raised_at_an_alarm() -> None:
    nothing: Any = None
    strange = replace(LOW, internal_updates=nothing)
    policy = replace(SHIPPED, severities={**SHIPPED.severities, Severity.LOW: strange})
    with pytest.raises(InvalidPolicy, match="no low security incident can be opened by it"):
        rehearse(policy, START)


def test_what_a_later_build_adds_to_a_runbook_keeps_no_published_one_from_being_gone_by() -> None:
    """The team's people and promises count for more than a criterion they have not heard of."""
    rehearse(replace(SHIPPED, criteria=SHIPPED.criteria[1:]), START)

"""Production cannot move its clock: no variable, no right, no parameter, no route, no module.

Each rule is also asserted the other way round where the clock can be moved, so that none of them
passes because it looks for the wrong thing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.app import ROOT
from infra.bundle.import_graph import ADJUSTABLE_CLOCK, Sources
from infra.catalogue import FUNCTIONS
from infra.constructs.function import CLOCK_VARIABLE
from infra.routes import ROUTES
from infra.stage import STAGES
from tests.infra.deployment import statements
from tocsin.runtime.clock import AHEAD_VARIABLE, PARAMETER_VARIABLE

if TYPE_CHECKING:
    from tests.infra.deployment import Deployment

MODULE = f"{ADJUSTABLE_CLOCK.replace('.', '/')}.py"


def variables(deployment: Deployment) -> set[str]:
    return {
        name
        for one in deployment.of("AWS::Lambda::Function")
        for name in one["Environment"]["Variables"]
    }


def parameter_rights(deployment: Deployment) -> set[str]:
    return {
        action
        for role in deployment.of("AWS::IAM::Role")
        for statement in statements(role)
        for action in statement["Action"]
        if action.startswith("ssm:")
    }


def test_the_variable_is_the_one_the_runtime_reads() -> None:
    assert CLOCK_VARIABLE == PARAMETER_VARIABLE


def test_only_production_has_a_clock_that_cannot_be_moved() -> None:
    fixed = {name for name, stage in STAGES.items() if not stage.clock_adjustable}
    assert fixed == {"production"}


def test_production_has_no_variable_right_or_parameter_for_the_clock(
    production: Deployment,
) -> None:
    assert CLOCK_VARIABLE not in variables(production)
    assert parameter_rights(production) == set()
    assert production.of("AWS::SSM::Parameter") == []


def test_nothing_in_production_even_mentions_it(production: Deployment, local: Deployment) -> None:
    words = ("incident_clock", "clock-offset", "clockoffset", "ssm:getparameter")
    for deployment, expected in ((production, set()), (local, set(words))):
        text = json.dumps(deployment.templates).lower()
        assert {word for word in words if word in text} == expected


@pytest.mark.parametrize("stage", ["local", "drill", "production"])
def test_no_template_puts_the_clock_of_outages_ahead(
    stage: str, request: pytest.FixtureRequest
) -> None:
    deployment: Deployment = request.getfixturevalue(stage)
    assert AHEAD_VARIABLE not in variables(deployment)


@pytest.mark.parametrize("stage", ["local", "drill"])
def test_stages_that_rehearse_have_all_of_them(stage: str, request: pytest.FixtureRequest) -> None:
    deployment: Deployment = request.getfixturevalue(stage)
    assert CLOCK_VARIABLE in variables(deployment)
    assert parameter_rights(deployment) == {"ssm:GetParameter"}
    parameter = deployment.one("AWS::SSM::Parameter")
    assert parameter["Name"] == deployment.context.stage.clock_parameter
    for name, spec in FUNCTIONS.items():
        environment = deployment.function(name)["Environment"]["Variables"]
        assert environment.get(CLOCK_VARIABLE) == (
            parameter["Name"] if spec.incident_clock else None
        )


def test_no_route_moves_a_clock() -> None:
    assert not [route.key for route in ROUTES if route.path.split("/")[-1] in {"clock", "advance"}]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_module_that_moves_it_is_in_no_production_bundle(name: str) -> None:
    fixed = Sources(ROOT, clock_adjustable=False).needed_by(name)
    assert not [place for place in fixed if place.startswith("tocsin/local")]


def test_the_module_is_in_a_bundle_that_rehearses() -> None:
    assert MODULE in Sources(ROOT, clock_adjustable=True).needed_by("sla_check")

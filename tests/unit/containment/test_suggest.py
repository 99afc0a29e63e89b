"""Three actions at most, the one that fits best first, each with why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.worlds.containing import Containing
from tests.harness.worlds.stories import ANA, make
from tocsin.containment.registry import ACTIONS
from tocsin.containment.suggest import suggest
from tocsin.incidents.commands.record import RecordImpact
from tocsin.incidents.vocabulary import Category


@pytest.mark.parametrize(
    ("title", "category", "first"),
    [
        ("UnauthorizedAccess:IAMUser/MaliciousIPCaller", Category.SECURITY, "access-key-off"),
        ("a secret is in a public repository", Category.SECURITY, "access-key-off"),
        (
            "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
            Category.SECURITY,
            "role-sessions-revoked",
        ),
        ("5xx rate of checkout", Category.PRODUCTION, "lambda-alias-rollback"),
        ("Recon:EC2/PortProbe", Category.SECURITY, "ip-block"),
    ],
)
def test_what_a_signal_speaks_of_comes_first(title: str, category: Category, first: str) -> None:
    found = suggest(Containing(title=title, category=category).state())

    assert found[0].action == first
    assert len(found) <= 3
    assert all(each.reasons for each in found)


def test_what_fits_nothing_is_not_suggested() -> None:
    assert suggest(Containing(title="a disk is full", category=Category.OPERATIONAL).state()) == ()


def test_a_wide_blast_radius_is_a_reason() -> None:
    def reasons(**impact: Any) -> tuple[str, ...]:
        world = Containing(title="checkout", category=Category.PRODUCTION)
        command = make(RecordImpact, ANA, incident_id=world.incident, summary="many", **impact)
        world.world.application.execute(command)
        return suggest(world.state())[0].reasons

    assert "many are affected, and one step takes all of them back" in reasons(users=100)
    assert len(reasons(users=99)) == 1


def test_every_action_says_why_it_would_fit_and_what_its_inputs_are() -> None:
    for action in ACTIONS:
        assert action.fits
        assert all(each.says for each in action.asked)
        assert set(action.others) == {"critical", "high", "medium", "low"}
        assert (action.lasts is None) == (action.longest is None)

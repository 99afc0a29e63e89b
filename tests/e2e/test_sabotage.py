"""The demo can fail: each fault turns exactly the checks it names red, and is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.drills import demo
from tocsin.drills.sabotage.proof import prove
from tocsin.drills.sabotage.switches import SWITCHES
from tocsin.drills.scenario import Silent

if TYPE_CHECKING:
    from tocsin.drills.sabotage.switch import Switch
    from tocsin.drills.stage import Stage

# One on every run; the others take minutes and run with the full sizes, and by CI.
ALWAYS = {"outbox-item-missing"}


@pytest.mark.parametrize(
    "switch",
    [
        pytest.param(
            switch, id=switch.name, marks=() if switch.name in ALWAYS else pytest.mark.full
        )
        for switch in SWITCHES
    ],
)
def test_a_fault_turns_exactly_its_checks_red(stage: Stage, switch: Switch) -> None:
    proof = prove(stage, switch)
    assert (proof.missed, proof.surprising) == (frozenset(), frozenset()), proof.detail
    assert proof.holds


@pytest.mark.full
def test_after_the_faults_the_stage_is_whole_again(stage: Stage) -> None:
    stage.empty()
    assert demo.play(stage, Silent()).red == frozenset()

"""Runbook overrides as tests write them: YAML text over the shipped runbook."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tocsin.policy.authoring.compiler import DEFAULT_RUNBOOK, compile_policy, validate
from tocsin.policy.authoring.problems import InvalidRunbook
from tocsin.policy.authoring.source import overlay, parse, read

if TYPE_CHECKING:
    from tocsin.incidents.runbook.policy import Policy
    from tocsin.policy.authoring.problems import Problem


def overridden(yaml: str) -> Policy:
    """The policy of the shipped runbook with this over it."""
    override = parse(dedent(yaml), file="mine.yaml")
    return compile_policy(validate(overlay(read(DEFAULT_RUNBOOK), override)))


def problems_of(yaml: str) -> tuple[Problem, ...]:
    """What is wrong with an override; fails the test when nothing is."""
    with pytest.raises(InvalidRunbook) as refused:
        overridden(yaml)
    return refused.value.problems

"""`make demo` as people run it: the command, its score and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.drills.sabotage import stage_faults

if TYPE_CHECKING:
    from tocsin.drills.stage import Stage

TOCSIN = Path(sys.executable).with_name("tocsin")
AGAIN_SECONDS = 90


SHORT = ("alarm", "webhooks")
"""Without the outage, which takes as long as these two together."""


def demo(stage: Stage, *parts: str) -> tuple[int, dict[str, Any]]:
    """Exit code and score of the demo, or of parts of it, on the cloud that runs."""
    wanted = [word for part in parts for word in ("--part", part)]
    done = subprocess.run(
        [TOCSIN, "--json", "drill", "run", "demo", "--no-up", *wanted],
        env={**os.environ, "TOCSIN_LOCAL_DIR": str(stage.cloud.places.state)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def seen_instead(score: dict[str, Any]) -> list[dict[str, Any]]:
    """Every check that does not hold, whole: with what was seen instead."""
    checks = (check for step in score["steps"] for check in step["checks"])
    return [check for check in checks if not check["passed"]]


def test_the_demo_holds_every_check_on_a_cloud_that_was_used_before(stage: Stage) -> None:
    code, score = demo(stage)
    assert (code, score["failed"], score["passed"]) == (0, [], True), seen_instead(score)
    assert score["checks"] == 46
    assert score["seconds"] < AGAIN_SECONDS


def test_one_failed_check_makes_the_exit_code_one_and_is_named(stage: Stage) -> None:
    """Each other check holds, though the demo ran on this cloud a moment ago."""
    with stage_faults.subscription_removed(stage, "stakeholders_topic_arn"):
        code, score = demo(stage, *SHORT)
    assert (code, score["failed"], score["passed"]) == (1, ["mail.stakeholders"], False)
    assert score["checks"] == 25

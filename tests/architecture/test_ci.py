"""The script that CI runs: in this order, to its end, in time, and red when anything was."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "run"
STEPS = ["check", "test", *(f"{each} SCALE=small" for each in ("bench", "fuzz", "simulate", "e2e"))]
FAKE_MAKE = """#!/bin/sh
echo "$@" >> "{log}"
echo "the last words of $1"
case "$*" in {failing}) exit 2 ;; esac
"""


def run(tmp_path: Path, *, failing: str = "nothing") -> tuple[int, list[str], str]:
    """Exit code, what make was asked for, and what was printed, with a make that only says yes."""
    log, make = tmp_path / "asked", tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text(FAKE_MAKE.format(log=log, failing=f"'{failing}'"))
    make.chmod(0o755)
    path = f"{make.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [SCRIPT],
        env=os.environ | {"PATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, log.read_text().splitlines(), done.stdout


def test_check_comes_first_then_the_suite_then_the_rest_at_small_size(tmp_path: Path) -> None:
    code, asked, _ = run(tmp_path)
    assert (code, asked) == (0, STEPS)


@pytest.mark.parametrize("failing", STEPS)
def test_a_failed_step_makes_it_red_and_the_others_still_run(tmp_path: Path, failing: str) -> None:
    code, asked, printed = run(tmp_path, failing=failing)
    assert (code, asked) == (1, STEPS)
    before, _, after = printed.partition("== summary\n")
    summary = after.splitlines()
    ends = before.partition(f"== the end of make {failing}\n")[2]
    assert ends.strip() == f"the last words of {failing.split(maxsplit=1)[0]}"
    assert [line for line in summary if "exit   0" not in line] == [
        line for line in summary if line.startswith(f"make {failing} ")
    ]
    assert len(summary) == len(STEPS)


def test_its_limits_add_up_to_less_than_ninety_minutes() -> None:
    limits = [int(each) for each in re.findall(r"^step (\d+) ", SCRIPT.read_text(), re.MULTILINE)]
    assert len(limits) == len(STEPS)
    assert sum(limits) + len(limits) < 90  # and a minute each to be killed in


@pytest.mark.parametrize("target", ["check", "test", "bench", "fuzz", "simulate", "e2e"])
@pytest.mark.parametrize("scale", ["small", "full", "huge"])
def test_make_knows_every_step_at_either_scale_and_no_other(target: str, scale: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target, f"SCALE={scale}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode == 0) is (scale != "huge"), done.stderr

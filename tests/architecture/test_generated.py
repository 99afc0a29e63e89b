"""What is generated is fresh: whoever changes its source runs `make docs`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["command_page", "openapi"])
def test_the_generated_document_is_fresh(module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", f"tools.{module}", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": ".:.ci:shared"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr

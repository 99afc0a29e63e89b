"""Compiles what tests import, once, before the workers of a first run would each do it.

    python -m tests.harness.compiled

Every worker collects every test, all at the same time and in the same order: where nothing is
compiled yet, each compiles all of it. What pytest rewrites is only written by pytest itself, so two
of them collect a part each. What fails here fails again, and is told, in the run that follows.
"""

from __future__ import annotations

import subprocess
import sys

# About as long as each other: the CDK and the SDKs come with the second.
PARTS = (
    ("tests/unit", "tests/property", "tests/fuzz", "tests/e2e"),
    ("tests/infra", "tests/cloud", "tests/contract", "tests/integration", "tests/architecture"),
)


def main() -> None:
    """Collect the parts beside each other, and say nothing."""
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    parts = [
        subprocess.Popen([*collect, *part], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for part in PARTS
    ]
    for each in parts:
        each.wait()


if __name__ == "__main__":
    main()

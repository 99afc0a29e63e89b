"""`make chaos`: the deployed stage under fire, as a table and in `.local/chaos.json`.

    python -m tests.chaos [--events N] [--commands N] [--seed N] [--break NAME]

Two runs over one local cloud, identity checks on in both: one with every trouble there is, one in
which functions are killed and nothing else. Exits with 1 when a promise is broken. `--break` puts
a fault of `tests/chaos/breaks.py` into the deployed code first, which has to be found.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

from tests.chaos import account
from tests.chaos.breaks import BREAKS, broken
from tests.chaos.run import Plan, run
from tests.conftest import scrubbed
from tests.harness.cloud.local_cloud import session_cloud

ROOT = Path(__file__).resolve().parents[2]
FULL_EVENTS, FULL_COMMANDS = 10_000, 1_000
KILLED_SHARE = 10
"""One event of so many, and one command, is enough for the run with kills alone."""


def main(arguments: list[str]) -> int:
    """Runs, shows, writes; the exit code."""
    asked = _arguments(arguments)
    os.environ.update(scrubbed(os.environ))
    whole = Plan("everything", asked.events, asked.commands, asked.seed)
    killed = Plan(
        "kills only",
        max(1, asked.events // KILLED_SHARE),
        max(1, asked.commands // KILLED_SHARE),
        asked.seed + 100,
        kills_only=True,
    )
    phases: dict[str, account.Phase] = {}
    with session_cloud(strict=False) as stage, contextlib.ExitStack() as faults:
        if asked.fault:
            faults.enter_context(broken(stage, asked.fault))
        for plan in (whole, killed):
            phases[plan.name] = run(stage, plan, _say)
            sys.stdout.write(account.table(phases[plan.name]) + "\n")
            sys.stdout.flush()
    document = account.document(phases)
    path = ROOT / ".local" / "chaos.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for text in document["broken"]:
        _say(f"broken: {text}")
    if not document["broken"]:
        sys.stdout.write("nothing is lost, and nothing is doubled that may not be\n")
    return 1 if document["broken"] else 0


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=FULL_EVENTS)
    parser.add_argument("--commands", type=int, default=FULL_COMMANDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="fault", choices=sorted(BREAKS))
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    sys.stderr.write(f"chaos: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

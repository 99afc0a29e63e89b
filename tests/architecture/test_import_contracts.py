"""The import contracts of pyproject.toml hold, and each of them can fail.

A contract that lists a room by a wrong name would be kept for ever. So every one is broken once, in
a copy, by one module that imports what it must not.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.architecture.sources import PACKAGES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

# contract id -> (module to add, what it says)
VIOLATIONS = {
    "core": ("shared/tocsin/incidents/broken.py", "import tocsin.ports.incidents"),
    "core-halves": ("shared/tocsin/billing/broken.py", "import tocsin.incidents.model.incident"),
    "incident-floors": (
        "shared/tocsin/incidents/model/broken.py",
        "import tocsin.incidents.rules.decide",
    ),
    "application": ("shared/tocsin/application/broken.py", "import tocsin.runtime.settings"),
    "functions-apart": ("functions/notifier/broken.py", "import functions.sla_check.settings"),
    "upward": ("shared/tocsin/drills/broken.py", "import infra"),
    "functions-undeployed": ("functions/sla_check/broken.py", "import infra"),
    "product-tools": ("shared/tocsin/channels/broken.py", "import tocsin.drills.tool"),
    "cli-is-top": ("shared/tocsin/local/broken.py", "import tocsin.cli.tool"),
    "light-functions": ("functions/incident_api/broken.py", "import pydantic"),
    "light-ingest": ("functions/webhook_ingest/broken.py", "def late():\n    import stripe"),
    "containment": ("shared/tocsin/containment/broken.py", "import botocore"),
    "aws-rooms": ("shared/tocsin/documents/broken.py", "import boto3"),
    "powertools-room": ("shared/tocsin/signals/broken.py", "import aws_lambda_powertools"),
    "provider-sdks": ("shared/tocsin/runtime/broken.py", "import stripe"),
    "policy-tools": ("shared/tocsin/signals/broken2.py", "import yaml"),
}
NEEDED = {  # modules that a violation imports, should the room be empty
    "shared/tocsin/drills/tool.py": "",
    "shared/tocsin/cli/tool.py": "",
}


def contracts() -> dict[str, str]:
    """Contract names by id."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {entry["id"]: entry["name"] for entry in config["tool"]["importlinter"]["contracts"]}


def lint(root: Path) -> tuple[int, dict[str, bool]]:
    """The exit code of lint-imports in `root`, and which contract (by name) is kept."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=root,
        env={"PYTHONPATH": f"{root / 'shared'}", "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    verdicts = {}
    for line in done.stdout.splitlines():
        for verdict in ("KEPT", "BROKEN"):
            if line.endswith(verdict):
                verdicts[line.removesuffix(verdict).strip()] = verdict == "KEPT"
    assert verdicts, done.stdout + done.stderr
    return done.returncode, verdicts


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for base, package in PACKAGES:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / base / package, tmp_path / base / package, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept(copy: Path) -> None:
    code, verdicts = lint(copy)

    assert verdicts == dict.fromkeys(contracts().values(), True)
    assert code == 0


def test_every_contract_breaks_when_it_is_broken(copy: Path) -> None:
    assert VIOLATIONS.keys() == contracts().keys()
    for path, text in (*NEEDED.items(), *VIOLATIONS.values()):
        (copy / path).write_text(f"{text}\n", encoding="utf-8")

    code, verdicts = lint(copy)

    assert verdicts == dict.fromkeys(contracts().values(), False)
    assert code == 1

"""How an emulator is started with the strict AWS before it."""

from __future__ import annotations

from pathlib import Path

from tests.harness.strict_aws import findings, rights
from tests.harness.strict_aws.tables import as_text
from tests.harness.strict_aws.template import DEFAULT

PROGRAM = (str(Path(__file__).with_name("in_emulator.py")),)
"""What the emulator's interpreter runs in the emulator's place."""


def variables(file: Path) -> dict[str, str]:
    """What it is told: the file of refusals, which belong to the test that is running."""
    findings.watch(file)
    called = rights_file(file)
    called.write_text("", encoding="utf-8")
    return {
        findings.FILE_VARIABLE: str(file),
        findings.TABLE_VARIABLE: as_text(DEFAULT),
        rights.FILE_VARIABLE: str(called),
    }


def rights_file(refusals: Path) -> Path:
    """The file of rights that calls needed, beside that of refusals."""
    return refusals.with_name("rights")

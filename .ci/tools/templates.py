"""cfn-lint over the templates of every stage: what CloudFormation would refuse, found here.

The emulator takes unknown properties, missing ones and references to nothing.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cfnlint.api import ManualArgs, lint

# First, for it settles which node drives the CDK.
from tools.stages import STAGES, assembly

if TYPE_CHECKING:
    from collections.abc import Iterable

REGIONS = ["us-east-1", "eu-west-1", "ap-south-1"]
# The CDK names the role that a function depends on twice; nothing follows from it.
LET_BE = ["W3005"]


def findings(template: str) -> list[str]:
    """What is wrong with one template, each with where it stands."""
    config = ManualArgs(regions=REGIONS, ignore_checks=LET_BE)
    return [
        f"{match.rule.id} {'/'.join(map(str, match.path or ()))}: {match.message}"
        for match in lint(template, config=config)
    ]


def every_template(folder: Path) -> Iterable[tuple[str, str]]:
    """Stage and text; what two stages share is looked at once."""
    seen = set()
    for stage, told in STAGES.items():
        (place := folder / stage).mkdir()
        for path in sorted(assembly(told, place).glob("*.template.json")):
            text = path.read_text(encoding="utf-8")
            if text not in seen:
                seen.add(text)
                yield path.name, text


def main() -> int:
    """The exit code: 1 with a line for each finding."""
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in every_template(Path(folder)):
            for finding in findings(text):
                found = 1
                sys.stderr.write(f"{name}: {finding}\n")
    return found


if __name__ == "__main__":
    sys.exit(main())

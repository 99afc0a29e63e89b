"""What we build from, looked over without a network: secrets in the tree, actions, packages.

    python -m tools.supply               all of it; 1 with a line for each finding
    python -m tools.supply --sbom FILE   the bill of materials (CycloneDX) of what is deployed

Known vulnerabilities are asked for where there is a network: `.github/workflows/supply-chain.yml`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
ZIZMOR = Path(sys.executable).with_name("zizmor")
WORKFLOWS = ".github/workflows"
DEPLOYED = (
    "fn-ingest",
    "fn-incidents",
    "fn-billing",
    "fn-containment",
    "fn-deployments",
    "fn-selling",
)
"""The groups of pyproject.toml that bundles are made of."""

# Shapes that their givers document. Made-up ones of tests say so in their own letters.
SECRETS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/]{16}"),
    "a key id of AWS": re.compile(r"\b(?:AKIA|ASIA)(?!FAKE)[A-Z2-7]{16}\b"),
    "a secret key of AWS": re.compile(
        r"(?i)aws_secret_access_key\W{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"
    ),
    "a live key of Stripe": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{24,}"),
    "a signing secret of Stripe": re.compile(r"\bwhsec_[A-Za-z0-9+/]{32,}"),
    "a live key of Razorpay": re.compile(r"\brzp_live_[A-Za-z0-9]{14}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})"),
    "a token of Slack": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    "a webhook of Slack": re.compile(r"hooks\.slack\.com/(?:services|workflows)/T\w{8,}/\w{8,}"),
    "a token of PyPI": re.compile(r"\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}"),
}
EXAMPLES = frozenset({"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "AKIDEXAMPLE"})
"""Keys that AWS prints in its own pages."""

_USES = re.compile(r"^\s*(?:-\s+)?uses:\s*(\S+)(?:\s+#\s*(\S+))?", re.MULTILINE)
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def tracked() -> list[Path]:
    """Every file that is committed or about to be."""
    listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def secrets(files: Iterable[Path]) -> Iterator[str]:
    """Where in these files something stands that nobody may read; never the thing itself."""
    for file in files:
        text = file.read_bytes().decode("utf-8", "replace")
        for kind, pattern in SECRETS.items():
            for match in pattern.finditer(text):
                if match[0] not in EXAMPLES:
                    line = text.count("\n", 0, match.start()) + 1
                    yield f"{_shown(file)}:{line}: {kind}"


def unpinned(files: Iterable[Path]) -> Iterator[str]:
    """Actions that are not pinned by a commit, or do not say which version that is."""
    for file in files:
        for action, version in _USES.findall(file.read_text(encoding="utf-8")):
            if action.startswith("./"):
                continue
            if not _PINNED.fullmatch(action):
                yield f"{_shown(file)}: {action} is pinned by a name that can be moved"
            elif not version:
                yield f"{_shown(file)}: {action} does not say which version it is"


def workflow_findings(folder: Path) -> Iterator[str]:
    """What zizmor finds in workflows: rights, injections, kept credentials; it asks nobody."""
    done = subprocess.run(
        [str(ZIZMOR), "--offline", "--quiet", "--format", "json-v1", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        yield f"zizmor did not answer: {done.stderr.strip()[:300]}"
        return
    for each in found:
        if not each.get("ignored"):
            yield f"{folder.name}: {each['ident']}: {each['desc']}"


def bill_of_materials() -> dict[str, Any]:
    """CycloneDX 1.5 of what bundles hold, from uv.lock alone."""
    groups = [word for group in DEPLOYED for word in ("--only-group", group)]
    told = ("--frozen", "--offline", "--quiet", "--preview-features", "sbom-export")
    found: dict[str, Any] = json.loads(
        _run(str(UV), "export", *told, "--format", "cyclonedx1.5", *groups)
    )
    return found


def incomplete(bill: dict[str, Any]) -> Iterator[str]:
    """Packages in a bill of materials that carry no hash, or that the lock does not have."""
    locked = {
        (each["name"], each["version"])
        for each in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
        if "version" in each
    }
    components = bill.get("components", [])
    if not components:
        yield "the bill of materials is empty"
    for each in components:
        name = f"{each['name']} {each['version']}"
        if (each["name"], each["version"]) not in locked:
            yield f"{name} is not in uv.lock"
        sources = each.get("externalReferences", [])
        if not any(source.get("hashes") for source in sources):
            yield f"{name} has no hash"


def findings() -> list[str]:
    """All that is wrong."""
    folder = ROOT / WORKFLOWS
    return [
        *secrets(tracked()),
        *unpinned(sorted(folder.glob("*.yml"))),
        *workflow_findings(folder),
        *incomplete(bill_of_materials()),
    ]


def _shown(file: Path) -> str:
    return file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main(arguments: list[str]) -> int:
    """The exit code."""
    if arguments[:1] == ["--sbom"]:
        text = json.dumps(bill_of_materials(), indent=2) + "\n"
        Path(arguments[1]).write_text(text, encoding="utf-8")
        return 0
    found = findings()
    for each in found:
        sys.stderr.write(f"{each}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

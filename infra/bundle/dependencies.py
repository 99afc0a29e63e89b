"""The part of a bundle that is not ours: one base zip per dependency group and architecture.

Installed from the lock file by hash, as wheels only, for the processor it will run on; then cut
down to what a function can reach. Six functions share three groups, so the slow part (install,
trim, compile, deflate) is done once per group and found again by what went into it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.bundle import archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.bundle.groups import DependencyGroup

MANIFEST = "bundle.json"
"""In every bundle: the group, the architecture and each distribution with its wheel tags."""

_PLATFORMS = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}
_PINNED_BY = ("pyproject.toml", "uv.lock")
_PYTHON = ".".join(map(str, archive.RUNTIME))
_UV_SECONDS = 300

# Never read at run time. `botocore/docs` is: clients build their docstrings from it.
_DROPPED_FOLDERS = (
    "*.dist-info",
    "bin",
    "tests",
    "*/tests",
    "aws_lambda_powertools/event_handler",
)
_DROPPED_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed", ".lock")
# Of Powertools, the logger and the metrics; they need this one of its thirty utilities.
_KEPT_UTILITIES = frozenset({"jmespath_utils"})
_ROOT_DATA = ("_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json")
_SERVICE_DATA = ("service-2", "service-2.sdk-extras", "endpoint-rule-set-1", "paginators-1")


class NoUv(Exception):
    """No uv that runs was found."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one base zip is made from. `requirements` are the lock's pins of the group, hashed."""

    group: DependencyGroup
    arch: str
    requirements: str
    uv: str

    @property
    def key(self) -> str:
        """A hash over everything the zip depends on: our own code and the compiler included."""
        digest = hashlib.sha256(MAGIC_NUMBER)
        for source in (__file__, archive.__file__):
            digest.update(Path(source).read_bytes())
        services = " ".join(self.group.aws_services)
        for value in (self.group.name, services, self.arch, self.requirements):
            digest.update(b"\0" + value.encode())
        return digest.hexdigest()


def recipe(group: DependencyGroup, *, arch: str, root: Path) -> Recipe:
    """The recipe by which `group` is built from the lock file of the checkout at `root`.

    Raises:
        NoUv: no uv that runs was found.
        subprocess.CalledProcessError: the lock file is missing or has no such group.
    """
    uv = find_uv(root)
    inputs = tuple((root / name).read_bytes() for name in _PINNED_BY if (root / name).exists())
    pins = _pins(uv, group.name, root, inputs)
    return Recipe(group=group, arch=arch, requirements=pins, uv=uv)


@cache
def _pins(uv: str, group: str, root: Path, _inputs: tuple[bytes, ...]) -> str:
    """What the lock has of the group, asked once of the same files: functions share groups."""
    options = ["--only-group", group, "--frozen", "--no-emit-project"]
    return _run([uv, "export", *options, "--no-header", "--no-annotate"], root)


def base_zip(recipe: Recipe, *, cache_dir: Path) -> Path:
    """The zip with everything the group installs; built now if it is not in the cache."""
    target = cache_dir / f"base-{recipe.group.name}-{recipe.arch}-{recipe.key[:16]}.zip"
    if not target.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix="building-") as scratch:
            _build(recipe, Path(scratch)).replace(target)
    return target


def find_uv(root: Path) -> str:
    """A uv that answers: the one in `UV`, the project's own, or the one on the path.

    Version managers put shims on the path that exist and fail, so each candidate is run.

    Raises:
        NoUv: none of them runs.
    """
    candidates = (os.environ.get("UV"), str(root / ".tools/uv/bin/uv"), shutil.which("uv"))
    for candidate in filter(None, candidates):
        if _runs(candidate, root):
            return candidate
    raise NoUv("no uv runs here; make puts one under .tools/uv")


@cache
def _runs(candidate: str, root: Path) -> bool:
    try:
        _run([candidate, "--version"], root)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def trim(site: Path, group: DependencyGroup) -> None:
    """Removes from an installed site what no function of `group` reads at run time."""
    for pattern in _DROPPED_FOLDERS:
        for folder in site.glob(pattern):
            shutil.rmtree(folder)
    for pattern in _DROPPED_FILES:
        for file in site.rglob(pattern):
            file.unlink()
    for utility in site.glob("aws_lambda_powertools/utilities/*"):
        if utility.is_dir() and utility.name not in _KEPT_UTILITIES:
            shutil.rmtree(utility)
    data = site / "botocore" / "data"
    kept = frozenset(_kept_models(data, group))
    for file in [path for path in data.rglob("*") if path.is_file()]:
        if file not in kept:
            file.unlink()


def _kept_models(data: Path, group: DependencyGroup) -> Iterator[Path]:
    """Models of the services that clients are built for, in their newest version."""
    if not group.aws_services:
        return
    yield from (data / name for name in _ROOT_DATA)
    for service in group.aws_services:
        newest = max(path for path in (data / service).iterdir() if path.is_dir())
        for stem in _SERVICE_DATA:
            yield from (newest / f"{stem}.json", newest / f"{stem}.json.gz")


def _build(recipe: Recipe, scratch: Path) -> Path:
    site = scratch / "site"
    listing = scratch / "requirements.txt"
    listing.write_text(recipe.requirements)
    options = ["--target", str(site), "--python-platform", _PLATFORMS[recipe.arch]]
    options += ["--python-version", _PYTHON, "--python", sys.executable]
    options += ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--no-progress"]
    _run([recipe.uv, "pip", "install", *options, "-r", str(listing)], scratch)
    manifest = _manifest(site, recipe)
    trim(site, recipe.group)
    (site / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    archive.compile_bytecode(site)
    built = scratch / "base.zip"
    archive.append(built, archive.files_under(site))
    return built


def _manifest(site: Path, recipe: Recipe) -> dict[str, Any]:
    """What is inside, read from the wheels' own metadata before it is dropped."""
    distributions = []
    for info in sorted(site.glob("*.dist-info")):
        metadata = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
        wheel = HeaderParser().parsestr((info / "WHEEL").read_text(encoding="utf-8"))
        tags = sorted(wheel.get_all("Tag", []))
        distributions.append(
            {"name": metadata["Name"], "version": metadata["Version"], "tags": tags}
        )
    return {"arch": recipe.arch, "distributions": distributions, "group": recipe.group.name}


def _run(command: list[str], folder: Path) -> str:
    """What uv prints.

    Raises:
        subprocess.CalledProcessError: with what it said on stderr as a note.
    """
    try:
        done = subprocess.run(  # noqa: S603 - uv, with arguments of ours
            command, cwd=folder, capture_output=True, text=True, timeout=_UV_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
    return done.stdout

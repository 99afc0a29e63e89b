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
from email.parser import HeaderParser
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.archive import append, compile_bytecode, files_under

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.catalogue import DependencyGroup

MANIFEST = "bundle.json"
"""In every bundle: the group, the architecture and each distribution with its wheel tags."""

_PLATFORMS = {
    "arm64": "aarch64-manylinux_2_28",
    "x86_64": "x86_64-manylinux_2_28",
}
_UV_SECONDS = 300
# Never read at run time. `botocore/docs` is: clients build their docstrings lazily from it.
_DROPPED_FOLDERS = ("*.dist-info", "bin", "tests", "*/tests", "boto3/data", "boto3/examples")
_DROPPED_FILES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed")
_ROOT_DATA = ("_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json")
_SERVICE_DATA = ("service-2", "service-2.sdk-extras", "endpoint-rule-set-1", "paginators-1")


class NoUv(Exception):
    """No uv that runs was found."""


def find_uv(root: Path) -> str:
    """A uv that answers: the one in `UV`, the project's own, or the one on the path.

    Version managers put shims on the path that exist and fail, so each candidate is run.

    Raises:
        NoUv: none of them runs.
    """
    candidates = (os.environ.get("UV"), str(root / ".tools/uv/bin/uv"), shutil.which("uv"))
    for candidate in filter(None, candidates):
        if (
            Path(candidate).exists()
            and _run([candidate, "--version"], root, check=False) is not None
        ):
            return candidate
    raise NoUv("no uv runs; `make setup` makes one under .tools/uv")


def base_zip(group: DependencyGroup, *, arch: str, root: Path, cache_dir: Path) -> tuple[Path, str]:
    """The zip with everything `group` installs, and the hash of what went into it."""
    uv = find_uv(root)
    requirements = _requirements(uv, group, root)
    key = _key(requirements, arch, json.dumps([group.name, *group.aws_services]))
    target = cache_dir / f"base-{group.name}-{arch}-{key[:16]}.zip"
    if not target.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix="building-") as scratch:
            built = _build(uv, group, requirements, arch, root, Path(scratch))
            os.replace(built, target)
    return target, key


def _build(
    uv: str, group: DependencyGroup, requirements: str, arch: str, root: Path, scratch: Path
) -> Path:
    site = scratch / "site"
    listing = scratch / "requirements.txt"
    listing.write_text(requirements)
    options = ["--target", str(site), "--python-platform", _PLATFORMS[arch]]
    options += ["--python-version", "3.13", "--python", sys.executable]
    options += ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--no-progress"]
    _run([uv, "pip", "install", *options, "-r", str(listing)], root)
    manifest = _manifest(site, group, arch)
    trim(site, group)
    (site / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    compile_bytecode(site)
    built = scratch / "base.zip"
    append(built, files_under(site))
    return built


def trim(site: Path, group: DependencyGroup) -> None:
    """Removes from an installed site what no function of `group` reads at run time."""
    for pattern in _DROPPED_FOLDERS:
        for folder in site.glob(pattern):
            shutil.rmtree(folder)
    for pattern in _DROPPED_FILES:
        for file in site.rglob(pattern):
            file.unlink()
    data = site / "botocore" / "data"
    if not data.is_dir():
        return
    kept = frozenset(_kept_models(data, group))
    for file in [path for path in data.rglob("*") if path.is_file()]:
        if file not in kept:
            file.unlink()
    for folder in sorted((path for path in data.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _kept_models(data: Path, group: DependencyGroup) -> Iterable[Path]:
    """Models of the services that clients are built for, in their newest version."""
    if not group.aws_services:
        return
    yield from (data / name for name in _ROOT_DATA)
    for service in group.aws_services:
        newest = max(path for path in (data / service).iterdir() if path.is_dir())
        for stem in _SERVICE_DATA:
            yield from (newest / f"{stem}.json", newest / f"{stem}.json.gz")


def _manifest(site: Path, group: DependencyGroup, arch: str) -> dict[str, Any]:
    distributions = []
    for info in sorted(site.glob("*.dist-info")):
        metadata = HeaderParser().parsestr((info / "METADATA").read_text())
        wheel = HeaderParser().parsestr((info / "WHEEL").read_text())
        distributions.append(
            {
                "name": metadata["Name"],
                "version": metadata["Version"],
                "tags": sorted(wheel.get_all("Tag", [])),
            }
        )
    return {"arch": arch, "distributions": distributions, "group": group.name}


def _requirements(uv: str, group: DependencyGroup, root: Path) -> str:
    """What the lock file pins for the group, with hashes."""
    options = ["--only-group", group.name, "--frozen", "--no-emit-project"]
    exported = _run([uv, "export", *options, "--no-header", "--no-annotate"], root)
    return exported or ""


def _key(*inputs: str) -> str:
    """A hash over everything the base zip depends on, our own code included."""
    digest = hashlib.sha256(MAGIC_NUMBER)
    for source in (__file__, compile_bytecode.__code__.co_filename):
        digest.update(Path(source).read_bytes())
    for value in inputs:
        digest.update(b"\0" + value.encode())
    return digest.hexdigest()


def _run(command: list[str], root: Path, *, check: bool = True) -> str | None:
    """What `command` prints; None if it fails and `check` is false."""
    done = subprocess.run(  # noqa: S603 - uv with arguments of ours
        command, cwd=root, capture_output=True, text=True, timeout=_UV_SECONDS, check=False
    )
    if done.returncode == 0:
        return done.stdout
    if check:
        raise subprocess.CalledProcessError(
            done.returncode, command, output=done.stdout, stderr=done.stderr
        )
    return None

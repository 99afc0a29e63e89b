"""Synthesises the CDK app, unless the very same inputs were synthesised before.

The local cloud deploys the template that production gets, so `infra` is run as a process, as
`cdk` would. Its inputs are the files that can reach a template or a bundle; the CLI, the drills
and the local cloud's own code cannot, so editing those costs no synthesis.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tocsin.local.errors import ProcessFailed
from tocsin.local.machine.processes import tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tocsin.local.machine.places import Places

_LIMIT_SECONDS = 300
_KEPT = 6
_FILES = ("uv.lock", "pyproject.toml", ".python-version")
_FOLDERS = ("infra", "functions", "shared/tocsin")
_UNREACHED = ("shared/tocsin/cli/", "shared/tocsin/drills/", "shared/tocsin/local/")
_REACHED = "shared/tocsin/local/adjustable_clock.py"
_WITHHELD = ("AWS_", "CDK_", "JSII_", "PYTHON")


def synthesise(places: Places, context: Mapping[str, str]) -> tuple[Path, bool]:
    """The folder of the cloud assembly for this tree and context, and whether it was made now.

    Raises:
        ProcessFailed: the CDK app failed or took longer than 5 minutes; with the end of its log.
    """
    name = fingerprint(places.checkout, context)
    assembly = places.syntheses / name
    if _whole(assembly):
        os.utime(assembly)
        return assembly, False
    making = places.syntheses / f"making-{os.getpid()}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        _run_app(places, context, making)
        if fingerprint(places.checkout, context) != name:
            # A file was saved meanwhile: good for this deployment, but not known by any name.
            assembly = places.syntheses / "unsettled"
            shutil.rmtree(assembly, ignore_errors=True)
        if not _whole(assembly):  # else another process made the same meanwhile, and may read it
            shutil.rmtree(assembly, ignore_errors=True)
            making.rename(assembly)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    _forget_old(places.syntheses)
    return assembly, True


def fingerprint(checkout: Path, context: Mapping[str, str]) -> str:
    """A name for what a synthesis depends on: sources, lock file, interpreter and context."""
    digest = hashlib.sha256()
    digest.update(json.dumps([sys.version, sorted(context.items())]).encode())
    for path in _inputs(checkout):
        name = path.relative_to(checkout).as_posix()
        digest.update(f"\0{name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _inputs(checkout: Path) -> Iterator[Path]:
    for name in _FILES:
        if (checkout / name).is_file():
            yield checkout / name
    for folder in _FOLDERS:
        for path in sorted((checkout / folder).rglob("*")):
            name = path.relative_to(checkout).as_posix()
            skipped = name.startswith(_UNREACHED) and name != _REACHED
            if path.is_file() and "__pycache__" not in path.parts and not skipped:
                yield path


def _run_app(places: Places, context: Mapping[str, str], outdir: Path) -> None:
    log = places.log("synth")
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as output:
            subprocess.run(
                [sys.executable, "-m", "infra.app"],
                cwd=places.checkout,
                env={
                    **_environ(),
                    "CDK_OUTDIR": str(outdir),
                    "CDK_CONTEXT_JSON": json.dumps(dict(context)),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
                timeout=_LIMIT_SECONDS,
            )
    except subprocess.CalledProcessError as error:
        raise ProcessFailed(f"synthesis failed with code {error.returncode}{tail(log)}") from error
    except subprocess.TimeoutExpired as error:
        raise ProcessFailed(f"synthesis took over {_LIMIT_SECONDS} s{tail(log)}") from error
    if not (outdir / "manifest.json").is_file():
        raise ProcessFailed(f"synthesis wrote no cloud assembly{tail(log)}")


def _environ() -> dict[str, str]:
    """This environment, for uv's settings and proxies, less what could change a template."""
    return {name: text for name, text in os.environ.items() if not name.startswith(_WITHHELD)}


def _forget_old(syntheses: Path) -> None:
    found = [path for path in syntheses.iterdir() if _whole(path)]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def _whole(assembly: Path) -> bool:
    return (assembly / "manifest.json").is_file()

"""Folders as Lambda lays them out: a zip extracted with the dates that the CDK gave it.

Ours and the bare boto3 come from `infra.bundle`. The usual stack comes the usual way: installed
whole, with the bytecode that installers write, which the dates in the zip then make worthless.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.bundle.build import bundle
from infra.bundle.dependencies import base_zip, find_uv, recipe
from infra.bundle.groups import DependencyGroup
from infra.catalogue import FUNCTIONS

if TYPE_CHECKING:
    from pathlib import Path

CDK_DATE = (1980, 1, 1, 0, 0, 0)
_BARE_BOTO3 = DependencyGroup("bench-boto3", aws_services=("dynamodb", "sns"))
_EPOCH_OF_CDK_DATE = 315_532_800
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Layout:
    """An extracted zip: what is put on `sys.path`, and how large it came."""

    task: Path
    zip_bytes: int


class Layouts:
    """Makes layouts under `work`; bundles are taken from the cache that deployments use."""

    def __init__(self, root: Path, work: Path) -> None:
        self._root, self._work = root, work
        self._cache = root / ".local" / "bundles"
        self._arch = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"

    def function(self, name: str) -> Layout:
        """The production zip of one of our functions."""
        made = bundle(
            name, arch=self._arch, stage="production", root=self._root, cache_dir=self._cache
        )
        return self._extract(name, made)

    def functions(self) -> dict[str, Layout]:
        return {name: self.function(name) for name in FUNCTIONS}

    def bare_boto3(self) -> Layout:
        """boto3 in the same kind of bundle: trimmed, with bytecode that is valid."""
        made = recipe(_BARE_BOTO3, arch=self._arch, root=self._root)
        return self._extract("bare_boto3", base_zip(made, cache_dir=self._cache))

    def usual_stack(self, *sources: Path) -> Layout:
        """The `bench` group installed whole, with `sources` beside it."""
        uv = find_uv(self._root)
        site = self._work / "usual-site"
        shutil.rmtree(site, ignore_errors=True)
        options = ["--only-group", "bench", "--frozen", "--no-emit-project", "--no-header"]
        wanted = self._run([uv, "export", *options])
        listing = self._work / "usual-requirements.txt"
        listing.write_text(wanted, encoding="utf-8")
        target = ["--target", str(site), "--python", sys.executable, "--compile-bytecode"]
        self._run([uv, "pip", "install", *target, "--no-deps", "-r", str(listing)])
        for source in sources:
            shutil.copy(source, site)
        made = self._work / "usual.zip"
        _zip_as_cdk_does(site, made)
        shutil.rmtree(site)
        return self._extract("usual", made)

    def _extract(self, name: str, made: Path) -> Layout:
        task = self._work / name
        shutil.rmtree(task, ignore_errors=True)
        with zipfile.ZipFile(made) as archive:
            archive.extractall(task)
        for file in task.rglob("*"):
            os.utime(file, (_EPOCH_OF_CDK_DATE, _EPOCH_OF_CDK_DATE))
        return Layout(task, made.stat().st_size)

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self._root, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr.strip()}")
        return done.stdout


def _zip_as_cdk_does(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), CDK_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())

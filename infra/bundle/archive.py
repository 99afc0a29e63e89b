"""Zips that come out the same, byte for byte, whenever and wherever they are made.

The same inputs must give the same hash: then an unchanged function is not deployed again, and a
reviewer can rebuild what runs. So names are sorted, dates and modes are fixed, and bytecode is
compiled with a fixed hash seed and with paths as Lambda will see them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from infra.bundle import dataclass_methods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TASK_ROOT = "/var/task"
RUNTIME = (3, 13)
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_COMPILE_SECONDS = 300


class WrongCompiler(Exception):
    """The interpreter at hand would write bytecode that the Lambda runtime ignores."""


def compile_bytecode(folder: Path) -> None:
    """Writes unchecked-hash bytecode for every module under `folder`.

    Lambda unpacks zips read-only with a date that no timestamp bytecode matches, so anything but
    this kind is compiled again at every cold start.

    Raises:
        WrongCompiler: this interpreter is not the runtime's minor version.
        subprocess.CalledProcessError: a module does not compile.
    """
    _right_compiler()
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", TASK_ROOT]
    _run(["-m", "compileall", "-q", "-j", "1", *options, str(folder)], folder)


def compile_own(folder: Path) -> None:
    """As `compile_bytecode`, for our own modules: with the methods of their dataclasses written.

    Raises:
        WrongCompiler: this interpreter is not the runtime's minor version.
        subprocess.CalledProcessError: a module does not compile.
    """
    _right_compiler()
    _run(["-I", dataclass_methods.__file__, str(folder), TASK_ROOT], folder)


def _right_compiler() -> None:
    if sys.version_info[:2] != RUNTIME:
        raise WrongCompiler(f"bytecode is compiled by Python {RUNTIME}, not {sys.version_info[:2]}")


def _run(arguments: Sequence[str], folder: Path) -> None:
    subprocess.run(  # noqa: S603 - our own interpreter on our own folder
        [sys.executable, *arguments],
        check=True,
        timeout=_COMPILE_SECONDS,
        env={**_QUIET, "PYTHONHASHSEED": "0"},
        cwd=folder,
    )


# Nothing of the caller's environment may reach the compiler and so the bytes.
_QUIET = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def files_under(folder: Path) -> Mapping[str, Path]:
    """Every file below `folder` by its POSIX path from there, sorted."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def append(archive: Path, files: Mapping[str, Path]) -> None:
    """Adds `files` to a zip, which is made if it does not exist; deflated fast, dates fixed."""
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=_DATE)
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            target.writestr(entry, path.read_bytes(), compresslevel=1)

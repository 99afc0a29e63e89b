"""Opening bundles for tests: unpacked like Lambda lays them out, run like Lambda runs them."""

from __future__ import annotations

import ast
import json
import platform
import subprocess
import sys
import zipfile
from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.app import ROOT
from infra.bundle.import_graph import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBE = Path(__file__).with_name("bundle_probe.py")
SECONDS = 60
HOST_ARCH = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
RUNTIME_VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAFAKEFORTESTS0000",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_LAMBDA_FUNCTION_NAME": "test",
}


def unpack(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def contents(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@cache
def trees(function: str) -> tuple[ast.AST, ...]:
    """The syntax of every module of ours that the function needs."""
    files = Sources(ROOT, clock_adjustable=False).needed_by(function)
    return tuple(_parsed(path) for path in files.values() if path.suffix == ".py")


@cache
def _parsed(path: Path) -> ast.Module:
    """Functions share most of what they need; nothing changes while tests run."""
    return ast.parse(path.read_text())


def services_called_by(function: str, *, through: str) -> set[str]:
    """The AWS services named in calls of a function called `through`."""
    return {
        node.args[0].value
        for tree in trees(function)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == through
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def assumed_by(function: str) -> set[str]:
    """The services that a function has clients of in the rights of a role it assumes."""
    return {
        service
        for through in ("connect", "_connect", "create_client")
        for service in services_called_by(function, through=through)
    }


def settings_of(function: str) -> dict[str, str]:
    """A value for every variable that the function reads at init."""
    settings = import_module(f"functions.{function}.settings").Settings
    values = {"LOG_LEVEL": "INFO", "STAGE": "local", "API_BASES": "{}", "SIGN_IN": "none"}
    return {
        each.name: values.get(each.name, f"test-{each.name.lower()}") for each in fields(settings)
    }


def probe(folder: Path, verb: str, *names: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the probe prints when run by the base interpreter, without site-packages.

    The interpreter of the virtual environment would find what the bundle lacks.
    """
    base: str = sys._base_executable  # type: ignore[attr-defined]  # undocumented, set since 3.7
    done = subprocess.run(
        [base, "-I", "-S", "-B", str(PROBE), str(folder), verb, *names],
        env={**RUNTIME_VARIABLES, **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

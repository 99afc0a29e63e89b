"""The parts of bundling that fail in ways a good build does not show."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.app import ROOT
from infra.bundle import archive
from infra.bundle.build import _forget_old
from infra.bundle.dependencies import NoUv, Recipe, find_uv, trim
from infra.bundle.dependencies import recipe as recipe_of
from infra.bundle.groups import INCIDENTS, INGEST, DependencyGroup
from infra.node import pinned_node
from tests.infra.bundles import HOST_ARCH

if TYPE_CHECKING:
    from pathlib import Path


def recipe(**changes: object) -> Recipe:
    values: dict[str, object] = {
        "group": INGEST,
        "arch": "arm64",
        "requirements": "botocore==1.0 --hash=sha256:00",
        "uv": "/somewhere/uv",
    }
    return Recipe(**{**values, **changes})  # type: ignore[arg-type]  # values as the test names them


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_cache_keeps_the_newest_bundles_of_a_function_and_leaves_others_alone(
    tmp_path: Path,
) -> None:
    made = [tmp_path / f"notifier-arm64-{number:02}.zip" for number in range(20)]
    others = [tmp_path / "notifier-x86_64-00.zip", tmp_path / "base-fn-ingest-arm64-00.zip"]
    for age, path in enumerate([*others, *made]):
        path.touch()
        os.utime(path, ns=(age, age))
    _forget_old(tmp_path, "notifier-arm64-")
    assert set(tmp_path.iterdir()) == {*others, *made[-8:]}


@pytest.mark.parametrize(
    "changed",
    [
        {"arch": "x86_64"},
        {"group": INCIDENTS},
        {"requirements": "botocore==1.0 --hash=sha256:01"},
    ],
)
def test_whatever_changes_a_base_changes_its_name(changed: dict[str, object]) -> None:
    assert recipe().key == recipe().key
    assert recipe(**changed).key != recipe().key


def test_where_uv_lies_does_not_change_a_base() -> None:
    assert recipe(uv="/elsewhere/uv").key == recipe().key


def test_the_pins_of_a_group_carry_hashes() -> None:
    pins = recipe_of(INCIDENTS, arch="arm64", root=ROOT).requirements
    names = {line.split("==")[0] for line in pins.splitlines() if "==" in line}
    assert {"botocore", "urllib3"} <= names
    assert pins.count("--hash=sha256:") >= len(names)
    assert "==" not in recipe_of(INGEST, arch="arm64", root=ROOT).requirements


def test_a_uv_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = script(tmp_path / "shim" / "uv", "exit 127")
    working = script(tmp_path / "root" / ".tools/uv/bin/uv", "echo uv 0.0.0")
    monkeypatch.setenv("UV", str(broken))
    assert find_uv(tmp_path / "root") == str(working)


def test_without_any_uv_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoUv, match="make"):
        find_uv(tmp_path)


def test_another_python_is_refused_as_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "RUNTIME", (3, 14))
    with pytest.raises(archive.WrongCompiler, match="3, 14"):
        archive.compile_bytecode(tmp_path)


def test_a_module_that_does_not_compile_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def broken(:\n")
    with pytest.raises(subprocess.CalledProcessError):
        archive.compile_bytecode(tmp_path)


def test_a_zip_holds_fixed_dates_and_modes_in_order(tmp_path: Path) -> None:
    for name in ("b.py", "a.so"):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1_000_000_000, 1_000_000_000))
    archive.append(tmp_path / "out.zip", archive.files_under(tmp_path))
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        entries = made.infolist()
    assert [one.filename for one in entries] == ["a.so", "b.py"]
    assert {one.date_time for one in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [oct(one.external_attr >> 16) for one in entries] == ["0o100755", "0o100644"]


def test_trimming_keeps_the_newest_model_of_a_used_service_only(tmp_path: Path) -> None:
    data = tmp_path / "botocore" / "data"
    for name in (
        "dynamodb/2011-12-05/service-2.json.gz",
        "dynamodb/2012-08-10/service-2.json.gz",
        "dynamodb/2012-08-10/endpoint-rule-set-1.json.gz",
        "dynamodb/2012-08-10/examples-1.json",
        "dynamodb/2012-08-10/waiters-2.json",
        "lambda/2015-03-31/service-2.json.gz",
        "sesv2/2019-09-27/service-2.json.gz",
        "sns/2010-03-31/service-2.json.gz",
        "ec2/2016-11-15/service-2.json.gz",
        "s3/2006-03-01/service-2.json.gz",
        "partitions.json",
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("{}")
    trim(tmp_path, DependencyGroup("some", aws_services=("dynamodb", "lambda")))
    left = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    assert left == {
        "dynamodb/2012-08-10/service-2.json.gz",
        "dynamodb/2012-08-10/endpoint-rule-set-1.json.gz",
        "lambda/2015-03-31/service-2.json.gz",
        "partitions.json",
    }
    trim(tmp_path, INGEST)
    assert not [path for path in data.rglob("*") if path.is_file()]


def test_the_cdk_is_driven_by_the_pinned_node() -> None:
    node = pinned_node()
    assert os.environ["JSII_NODE"] == str(node)
    done = subprocess.run(
        [node, "--version"], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith("v24.")


def run_app(
    command: str, folder: Path, context: str, outdir: str
) -> subprocess.CompletedProcess[str]:
    # What leads to the package index (proxies, certificates) is the machine's; nothing else is.
    ours = ("AWS_", "CDK_", "JSII_", "PYTHON", "PYTEST_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**inherited, "CDK_OUTDIR": outdir, "CDK_CONTEXT_JSON": context},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_app_run_as_a_process_refuses_an_unknown_stage(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m infra.app"
    done = run_app(command, ROOT, '{"stage": "mars"}', str(tmp_path))
    assert done.returncode == 1
    assert "unknown stage 'mars'; known: local, drill, production" in done.stderr
    assert not (tmp_path / "manifest.json").exists()


def test_the_command_in_cdk_json_runs_where_the_cdk_runs_it(tmp_path: Path) -> None:
    """The CDK's own CLI starts it in the folder of cdk.json, with a relative output folder.

    It asks for the bundles that tests/infra/test_bundles.py looks at: each is made once.
    """
    settings = json.loads((ROOT / "infra/cdk.json").read_text())
    assert (ROOT / "infra" / settings["output"]).resolve() == ROOT / ".local/cdk.out"
    relative = os.path.relpath(tmp_path, ROOT / "infra")
    done = run_app(
        settings["app"],
        ROOT / "infra",
        json.dumps({"stage": "production", "ops_mail": "ops@example.com", "arch": HOST_ARCH}),
        relative,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "tocsin-production-functions.template.json").exists()

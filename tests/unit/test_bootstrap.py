"""From a Python 3 and nothing else: the parts of the bootstrap that can be wrong in silence."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from tools import bootstrap, package_index

ADDRESS = "https://index.example/simple/uv/"
PAGE = """<!DOCTYPE html><html><body>
<a href="../../files/uv-0.13.9.tar.gz#sha256=aa">uv-0.13.9.tar.gz</a>
<a href="../../files/uv-0.13.8-py3-none-manylinux_2_17_x86_64.whl#sha256=00">old</a>
<a href="../../files/uv-0.13.9-py3-none-macosx_11_0_arm64.whl#sha256=11">m</a>
<a href="../../files/uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl#sha256=22">musl</a>
<a href="../../files/uv-0.13.9-py3-none-manylinux_2_17_x86_64.whl#sha256=33">g</a>
<a href="../../files/uv-0.13.9-py3-none-manylinux_2_17_aarch64.whl#sha256=44">a</a>
<a name="no-link">nothing</a></body></html>"""


@pytest.mark.parametrize(
    ("machine", "libc", "digest"),
    [
        ("linux-x86_64", "glibc", "33"),
        ("linux-aarch64", "glibc", "44"),
        ("linux-x86_64", "", "22"),
        ("macosx-11.0-arm64", "", "11"),
    ],
)
def test_the_wheel_of_this_machine_and_version_is_chosen(
    machine: str, libc: str, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, "2.36" if libc else ""))

    url, chosen = package_index.choose(package_index.links(PAGE, ADDRESS), "0.13.9", machine)

    assert chosen == digest
    assert url.startswith("https://index.example/files/uv-0.13.9-py3-none-")


@pytest.mark.parametrize(("version", "machine"), [("9.9.9", "linux-x86_64"), ("0.13.9", "aix-ppc")])
def test_no_fitting_wheel_is_said_so(version: str, machine: str) -> None:
    with pytest.raises(package_index.NotInIndex, match=f"no wheel of version {version}"):
        package_index.choose(package_index.links(PAGE, ADDRESS), version, machine)


def test_without_settings_the_index_is_the_one_the_lock_file_names() -> None:
    lock = 'source = { registry = "https://index.example/simple" }\nsource = { editable = "." }'
    assert package_index.locked_index(lock) == "https://index.example/simple"
    root = Path(package_index.__file__).parent.parent.parent
    assert package_index.locked_index((root / "uv.lock").read_text()).startswith("https://")
    with pytest.raises(package_index.NotInIndex, match="names no package index"):
        package_index.locked_index('source = { editable = "." }')


def serve(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:
    monkeypatch.setattr(package_index, "_get", lambda address, tls: files[address])
    monkeypatch.setattr(package_index, "pip_settings", lambda: {"index-url": ADDRESS[:-4]})
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))


def wheel(script: str) -> tuple[bytes, str]:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(f"uv-0.13.9.data/scripts/{script}", b"#!binary")
    return held.getvalue(), hashlib.sha256(held.getvalue()).hexdigest()


def page_for(digest: str) -> bytes:
    name = "uv-0.13.9-py3-none-manylinux2014_x86_64.whl"
    return f'<a href="https://files.example/{name}#sha256={digest}">{name}</a>'.encode()


WHEEL_ADDRESS = "https://files.example/uv-0.13.9-py3-none-manylinux2014_x86_64.whl"


def test_without_pip_the_binary_comes_out_of_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, digest = wheel("uv")
    serve(monkeypatch, {ADDRESS: page_for(digest), WHEEL_ADDRESS: content})
    target = tmp_path / "bin" / "uv"

    package_index.fetch_binary("uv", "0.13.9", target, "linux-x86_64")

    assert target.read_bytes() == b"#!binary"
    assert target.stat().st_mode & stat.S_IXUSR


def test_a_wheel_other_than_the_index_promised_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, _ = wheel("uv")
    serve(monkeypatch, {ADDRESS: page_for("0" * 64), WHEEL_ADDRESS: content})

    with pytest.raises(package_index.NotInIndex, match="not the file its index promised"):
        package_index.fetch_binary("uv", "0.13.9", tmp_path / "uv", "linux-x86_64")
    assert not (tmp_path / "uv").exists()


def test_a_wheel_without_the_script_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, digest = wheel("uvx")
    serve(monkeypatch, {ADDRESS: page_for(digest), WHEEL_ADDRESS: content})

    with pytest.raises(package_index.NotInIndex, match=r"holds no uv-0\.13\.9\.data/scripts/uv"):
        package_index.fetch_binary("uv", "0.13.9", tmp_path / "uv", "linux-x86_64")


def test_pip_settings_come_from_its_files_and_variables_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pip" / "pip.conf"
    config.parent.mkdir()
    config.write_text("[global]\nindex-url = https://a.example/simple\ncert = /a.pem\nquiet = 1\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_CERT", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example/simple")

    settings = package_index.pip_settings()

    assert settings == {"index-url": "https://b.example/simple", "cert": "/a.pem"}


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_shim_that_exists_and_fails_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "shims" / "python3.13", "exit 127")
    executable(tmp_path / "old" / "python3.13", "echo 3 12 /old/python3.12")
    good = executable(tmp_path / "good" / "python3.13", "echo 3 13 /opt/some where/python3.13")
    path = os.pathsep.join(str(tmp_path / name) for name in ("shims", "old", "none", "good"))
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(bootstrap, "_uv_python", lambda action: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "shims" / "python3.13"))

    assert good.is_file()
    assert bootstrap.resolve_python() == "/opt/some where/python3.13"


def test_when_no_python_runs_a_download_is_tried_and_its_failure_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    monkeypatch.setattr(bootstrap, "_uv_python", asked.append)

    assert bootstrap.resolve_python() is None
    assert asked == ["find", "install"]


def test_the_ways_to_uv_are_tried_in_turn_and_all_refusals_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*command: str) -> None:
        raise OSError(f"no {command[2]} here")

    def unreachable(*_: object) -> None:
        raise package_index.NotInIndex("no wheel for a toaster")

    monkeypatch.setattr(bootstrap, "UV_HOME", tmp_path / "uv")
    monkeypatch.setattr(bootstrap, "UV_BINARY", tmp_path / "uv" / "bin" / "uv")
    monkeypatch.setattr(bootstrap, "_run", refuse)
    monkeypatch.setattr(package_index, "fetch_binary", unreachable)

    with pytest.raises(SystemExit) as caught:
        bootstrap.install_uv()

    told = str(caught.value)
    assert "uv_by_venv: no venv here" in told
    assert "uv_by_pip_target: no pip here" in told
    assert "uv_by_index: no wheel for a toaster" in told


def test_the_makefile_and_the_bootstrap_read_the_version_that_the_project_asks_for() -> None:
    root = Path(bootstrap.__file__).parent.parent.parent
    wanted = ".".join(str(part) for part in bootstrap.PYTHON)

    assert (root / ".python-version").read_text().strip() == wanted
    requires = re.search(r'requires-python = ">=([0-9.]+),', (root / "pyproject.toml").read_text())
    assert requires
    assert requires[1] == wanted

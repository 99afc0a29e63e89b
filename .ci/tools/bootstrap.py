"""From a Python 3 and nothing else to the project's own environment.

Run by the Makefile with whatever Python 3.8 or newer answered first, so it uses the standard
library only and syntax that old. It writes inside the clone (`.tools`, `.venv`, `.local`) and in
the caches of pip and uv, nowhere else. Every Python it considers is run, never just looked up:
version managers put shims on the PATH that exist and fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tools import package_index

UV = "0.13.9"
PYTHON = (3, 13)

ROOT = Path(__file__).resolve().parent.parent.parent
UV_HOME = ROOT / ".tools" / "uv"
UV_BINARY = UV_HOME / "bin" / ("uv.exe" if os.name == "nt" else "uv")
PYTHON_RECORD = ROOT / ".local" / "python"

_DESCRIBE = (
    "import os, sys; base = getattr(sys, '_base_executable', sys.executable);"
    "print(sys.version_info[0], sys.version_info[1], os.path.realpath(base))"
)


def main() -> int:
    """Make the environment, or say on stderr what is missing; 0 when it is ready."""
    os.chdir(ROOT)
    if not _is_right_uv():
        _say("uv {}, into .tools/uv".format(UV))
        install_uv()
    python = resolve_python()
    if python is None:
        _say(_HOW_TO_GET_PYTHON)
        return 1
    PYTHON_RECORD.parent.mkdir(exist_ok=True)
    PYTHON_RECORD.write_text(python + "\n", encoding="utf-8")
    _say("packages of uv.lock for {}, into .venv".format(python))
    sync = [str(UV_BINARY), "sync", "--frozen", "--quiet", "--python", python]
    return subprocess.call(sync, env=_uv_environment())


def install_uv() -> None:
    """Put the pinned uv into `.tools/uv`, by the first way this Python offers.

    Raises:
        SystemExit: no way worked; the message says what each one answered.
    """
    refusals = []
    for way in (_uv_by_venv, _uv_by_pip_target, _uv_by_index):
        shutil.rmtree(str(UV_HOME), ignore_errors=True)
        try:
            way()
        except (OSError, subprocess.CalledProcessError, package_index.NotInIndex) as refusal:
            refusals.append("  {}: {}".format(way.__name__.lstrip("_"), refusal))
            continue
        if _is_right_uv():
            return
        refusals.append("  {}: left no working uv".format(way.__name__.lstrip("_")))
    message = "uv {} could not be installed:\n{}".format(UV, "\n".join(refusals))
    raise SystemExit(message)


def _uv_by_venv() -> None:
    """The ordinary way; Debian without python3-venv has no ensurepip and refuses."""
    _run(sys.executable, "-m", "venv", str(UV_HOME))
    python = UV_HOME / ("Scripts" if os.name == "nt" else "bin") / "python"
    _run(str(python), "-m", "pip", "install", "--quiet", "--only-binary=:all:", "uv==" + UV)


def _uv_by_pip_target() -> None:
    """A pip without ensurepip; `--target` puts scripts into its own bin."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
    _run(*pip, "--target", str(UV_HOME), "uv==" + UV)


def _uv_by_index() -> None:
    """No pip at all: the wheel is a zip with the binary inside."""
    package_index.fetch_binary("uv", UV, UV_BINARY, sysconfig.get_platform())


def resolve_python() -> str | None:
    """The absolute path of a Python 3.13 that runs, by uv's search, the PATH, or a download."""
    names = ("python{}.{}".format(*PYTHON), "python3")
    on_path = [path for name in names for path in _on_path(name)]
    for candidate in [_uv_python("find"), sys.executable, *on_path]:
        if candidate and (resolved := _is_right_python(candidate)):
            return resolved
    if _uv_python("install") is None:
        return None
    downloaded = _uv_python("find")
    return _is_right_python(downloaded) if downloaded else None


def _uv_python(action: str) -> str | None:
    """What `uv python find|install 3.13` prints; None when it fails."""
    wanted = "{}.{}".format(*PYTHON)
    command = [str(UV_BINARY), "python", action, "--quiet", wanted]
    done = subprocess.run(
        command, env=_uv_environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def _is_right_python(candidate: str) -> str | None:
    """The real path of this interpreter's base, when it runs and is the right version."""
    try:
        answer = subprocess.run(
            [candidate, "-c", _DESCRIBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=30,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor, path = answer.strip().split(" ", 2)
    return path if (int(major), int(minor)) == PYTHON else None


def _is_right_uv() -> bool:
    try:
        answer = subprocess.run(
            [str(UV_BINARY), "--version"], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.split()[:2] == ["uv", UV]


def _uv_environment() -> dict[str, str]:
    """A download of Python stays in the clone, and an active environment of another project out."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment.setdefault("UV_PYTHON_INSTALL_DIR", str(ROOT / ".tools" / "python"))
    environment.setdefault("UV_PYTHON_INSTALL_BIN", "0")
    return environment


def _on_path(name: str) -> list[str]:
    """Every file of that name on the PATH, not only the first: the first may be a broken shim."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [str(Path(folder) / name) for folder in folders if (Path(folder) / name).is_file()]


def _run(*command: str) -> None:
    subprocess.run(
        command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr
    )


def _say(text: str) -> None:
    sys.stderr.write("tocsin: {}\n".format(text))
    sys.stderr.flush()


_HOW_TO_GET_PYTHON = """\
Python 3.13 is needed and was neither found nor downloadable. Install it with one of
    apt install python3.13          (Debian 13, Ubuntu 25.04 and newer)
    brew install python@3.13        (macOS)
    pyenv install 3.13              (anywhere)
and run make again."""


if __name__ == "__main__":
    sys.exit(main())

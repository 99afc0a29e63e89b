"""One binary out of one wheel, straight from the package index, when there is no pip to ask.

A Debian with `python3` but neither `python3-venv` nor `python3-pip` is a fresh machine too. The
wheel's file is checked against the digest that the index publishes beside its link.
"""

from __future__ import annotations

import configparser
import hashlib
import html.parser
import io
import os
import platform
import re
import ssl
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

_LOCK = Path(__file__).resolve().parent.parent.parent / "uv.lock"
_SECONDS = 60


class NotInIndex(Exception):
    """The index has no wheel of that version for this machine, or not the one it promised."""


def fetch_binary(project: str, version: str, target: Path, machine: str) -> None:
    """Write the wheel's script of the project's own name to `target`, executable.

    Args:
        project: as in the index, e.g. `uv`.
        version: exactly this one.
        target: where the binary goes; folders are made.
        machine: as `sysconfig.get_platform()` says it, e.g. `linux-x86_64`.

    Raises:
        NotInIndex: no wheel fits, the digest is wrong, or the wheel holds no such script.
        OSError: the index did not answer.
    """
    settings = pip_settings()
    index = settings.get("index-url") or locked_index(_LOCK.read_text(encoding="utf-8"))
    page = "{}/{}/".format(index.rstrip("/"), project)
    tls = ssl.create_default_context(cafile=settings.get("cert"))
    url, digest = choose(links(_get(page, tls).decode("utf-8"), page), version, machine)
    wheel = _get(url, tls)
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise NotInIndex("{} is not the file its index promised".format(url))
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        inside = "{}-{}.data/scripts/{}".format(project, version, target.name)
        if inside not in archive.namelist():
            raise NotInIndex("{} holds no {}".format(url, inside))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read(inside))
    target.chmod(0o755)


def locked_index(lock: str) -> str:
    """The index the lock file was resolved against: written once, there.

    Raises:
        NotInIndex: the lock file names none.
    """
    named = re.search(r'registry = "([^"]+)"', lock)
    if named is None:
        raise NotInIndex("uv.lock names no package index")
    return named.group(1)


def choose(offered: list[str], version: str, machine: str) -> tuple[str, str]:
    """The address and sha256 of the wheel of `version` that runs on `machine`.

    Raises:
        NotInIndex: none does.
    """
    fits = _platform_pattern(machine)
    for link in offered:
        address, _, fragment = link.partition("#")
        name = urllib.parse.unquote(address.rsplit("/", 1)[-1])
        parts = name[: -len(".whl")].split("-") if name.endswith(".whl") else []
        if len(parts) < 5 or parts[1] != version or not fits.search(parts[-1]):  # noqa: PLR2004 - a wheel's name has five parts
            continue
        if fragment.startswith("sha256="):
            return address, fragment[len("sha256=") :]
    raise NotInIndex("no wheel of version {} for {}".format(version, machine))


def _platform_pattern(machine: str) -> re.Pattern[str]:
    """Which platform tags run here; musl and glibc are told apart by the C library's name."""
    system, _, architecture = machine.replace("universal2", platform.machine()).rpartition("-")
    if system.startswith("linux"):
        library = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
        return re.compile("{}.*_{}$".format(library, re.escape(architecture)))
    if system.startswith("macosx"):
        return re.compile("macosx_.*_({}|universal2)$".format(re.escape(architecture)))
    return re.compile("^{}$".format(re.escape(machine.replace("-", "_"))))


def links(page: str, address: str) -> list[str]:
    """Every link of a simple-index page, absolute."""
    reader = _Links()
    reader.feed(page)
    return [urllib.parse.urljoin(address, link) for link in reader.found]


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") if tag == "a" else None
        if target:
            self.found.append(target)


def pip_settings() -> dict[str, str]:
    """What pip itself would use as `index-url` and `cert`: its files, then its variables."""
    home = Path.home()
    files = [
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf",
        Path(os.environ.get("PIP_CONFIG_FILE") or os.devnull),
    ]
    parser = configparser.RawConfigParser()
    parser.read([str(file) for file in files], encoding="utf-8")
    settings: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            settings.update(parser.items(section))
    for name in ("index-url", "cert"):
        variable = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if variable:
            settings[name] = variable
    return {name: settings[name] for name in ("index-url", "cert") if settings.get(name)}


def _get(address: str, tls: ssl.SSLContext) -> bytes:
    if not address.startswith("https://"):
        raise NotInIndex("{} is not fetched over https".format(address))
    request = urllib.request.Request(address, headers={"Accept": "text/html"})  # noqa: S310 - https only, see above
    with urllib.request.urlopen(request, timeout=_SECONDS, context=tls) as answer:  # noqa: S310 - https only, see above
        body: bytes = answer.read()
        return body

"""Deploys a function with one module changed, and puts the original back.

The change is text added to the end of a module: it replaces names there, so it needs no knowledge
of the lines above. The module's bytecode is taken out of the bundle, because unchecked bytecode
wins over an edited source.
"""

from __future__ import annotations

import contextlib
import io
import urllib.request
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from tocsin.local.errors import DrillUnsound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.local.look.clients import Clients

_TAG: Final = "cpython-313"
_SECONDS: Final = 30.0


@contextlib.contextmanager
def patched(clients: Clients, function: str, module: str, addition: str) -> Iterator[None]:
    """`function` runs with `addition` at the end of `module`, a path inside its bundle.

    Raises:
        DrillUnsound: the bundle has no such module, so nothing would be sabotaged.
    """
    original = _download(clients, function)
    _upload(clients, function, altered(original, module, addition))
    try:
        yield
    finally:
        _upload(clients, function, original)


def altered(bundle: bytes, module: str, addition: str) -> bytes:
    """The bundle with `addition` at the end of one module, and without that module's bytecode."""
    path = PurePosixPath(module)
    bytecode = str(path.parent / "__pycache__" / f"{path.stem}.{_TAG}.pyc")
    result, found = io.BytesIO(), False
    with (
        zipfile.ZipFile(io.BytesIO(bundle)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for entry in source.infolist():
            if entry.filename == bytecode:
                continue
            content = source.read(entry)
            if entry.filename == module:
                found = True
                content += f"\n\n{addition}".encode()
            target.writestr(entry, content)
    if not found:
        raise DrillUnsound(f"the bundle has no {module}")
    return result.getvalue()


def _download(clients: Clients, function: str) -> bytes:
    location = clients.functions.get_function(FunctionName=function)["Code"]["Location"]
    if not location.startswith(("http://127.0.0.1", "http://localhost")):
        raise DrillUnsound("only the cloud of this machine is sabotaged")
    with urllib.request.urlopen(location, timeout=_SECONDS) as answer:  # noqa: S310  # loopback, see above
        content: bytes = answer.read()
    return content


def _upload(clients: Clients, function: str, bundle: bytes) -> None:
    clients.functions.update_function_code(FunctionName=function, ZipFile=bundle)
    clients.functions.get_waiter("function_updated_v2").wait(FunctionName=function)

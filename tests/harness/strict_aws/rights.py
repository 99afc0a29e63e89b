"""Which rights calls need, as they are made: recorded where the emulator decides about each.

Runs inside the emulator and imports nothing of ours. A line is a role, an action and a resource,
whatever becomes of the call; each is written once. What the emulator asks for which call is its own
copy of AWS's service authorization reference: a transaction asks for each of its writes, a query of
an index for the index.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

FILE_VARIABLE = "TOCSIN_TEST_RIGHTS"
"""Names the file of rights to the emulator."""

PROBES = "probe-"
"""Sessions of functions that try what a role may do: what they call nobody needs."""


def record() -> None:
    """From now on, if the session that started this process has named a file."""
    path = os.environ.get(FILE_VARIABLE)
    if not path:
        return
    import ministack.core.iam_evaluator as emulated  # type: ignore[import-not-found] # noqa: PLC0415

    enforce, known = emulated.enforce, set[str]()

    def recording(
        access_key_id: str, iam_action: str, service: str, region: str, *rest: Any, **named: Any
    ) -> Any:
        resource = named.get("resource_arn", rest[0] if rest else "*")
        caller = emulated.resolve_caller_identity(access_key_id or "") or {}
        line = _line(str(caller.get("userArn", "")), iam_action, str(resource))
        if line and line not in known:
            known.add(line)
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        return enforce(access_key_id, iam_action, service, region, *rest, **named)

    emulated.enforce = recording


def _line(caller: str, action: str, resource: str) -> str:
    """Empty for who has assumed no role, and for probes."""
    _, found, session = caller.partition(":assumed-role/")
    role, _, name = session.partition("/")
    if not found or name.startswith(PROBES):
        return ""
    return f"{role} {action} {resource}"

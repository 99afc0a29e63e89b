"""Keeps a sandbox over a restart: everything that a provider would still know the next morning."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from tocsin.local.sandbox.endpoint import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox

FORMAT = 5


def save(sandbox: Sandbox, path: Path) -> None:
    """Writes what must outlive the process, whole or not at all."""
    with sandbox.lock:
        state = {
            "format": FORMAT,
            "account": sandbox.account.dump(),
            "connected": {name: one.dump() for name, one in sandbox.connected.items()},
            "merchant": sandbox.merchant.dump(),
            "clock": sandbox.clock.dump(),
            "endpoints": [asdict(one) for one in sandbox.endpoints.values()],
            "fates": sandbox.fates.dump(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(state))
        unfinished.replace(path)


def load(sandbox: Sandbox, path: Path) -> bool:
    """The inverse of `save`; False when an older sandbox wrote it, and nothing was read."""
    state = json.loads(path.read_text())
    if state.get("format") != FORMAT:
        return False
    with sandbox.lock:
        sandbox.account.load(state["account"])
        for name, dumped in state["connected"].items():
            sandbox.connect(name).load(dumped)
        sandbox.merchant.load(state["merchant"])
        sandbox.clock.offset = state["clock"]["offset"]
        sandbox.clock.frozen_at = state["clock"]["frozen_at"]
        for kept in state["endpoints"]:
            sandbox.add_endpoint(endpoint_from(kept))
        sandbox.fates.load(state["fates"])
    return True


def endpoint_from(given: Json) -> Endpoint:
    """An endpoint from JSON, where every sequence is a list.

    Raises:
        TypeError: an unknown field, or a list that is none.
    """
    wanted = dict(given)
    for name in given.keys() & {"secrets", "enabled_events"}:
        wanted[name] = tuple(texts(given[name]))
    if "retiring" in given:
        wanted["retiring"] = tuple((secret, int(until)) for secret, until in given["retiring"])
    return Endpoint(**wanted)


def texts(value: object) -> list[str]:
    """A list of texts.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r}: expected a list of texts")
    return value

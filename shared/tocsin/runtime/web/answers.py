"""Answers written once: a frozen value is what is sent, and what the API's document is made from.

Where an answer is the value itself it is sent as it is; where it differs there is a view, a frozen
dataclass too. Times are RFC 3339 in UTC, and a field with nothing in it is null, never missing. A
field may be added; one that is renamed, removed or narrowed breaks callers and fails a test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tocsin.incidents.timeline.codec import encode
from tocsin.runtime.web import http

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.runtime.web.http import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """RFC 9457 problem details; branch on `code`, which never changes its meaning."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    correlation_id: str


def answer(status: int, view: object, *, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps; its fields stand in the order of the value's own."""
    text = json.dumps(encode(view, nulls=True), separators=(",", ":"), ensure_ascii=False)
    return http.document(status, text, "application/json", headers=headers)


def view_of[V](view: type[V], value: object, **differing: object) -> V:
    """A view of a value: what is called the same there, and what is handed in as `differing`."""
    shared: dict[str, Any] = {
        field.name: getattr(value, field.name)
        for field in fields(view)  # type: ignore[arg-type] # every view is a dataclass
        if field.name not in differing
    }
    return view(**shared, **differing)

"""`/status` and `/billing/status`: how paying is, for anybody, as JSON or as a page to embed.

What is shown was written by the outage watch and holds nothing that an outsider may not know. If
nobody has looked for a while the answer says that it is not known: an old "all is well" would be
a lie. Caches may keep it for half a minute, so a crowd that reloads costs next to nothing.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from functions.public_intake.pages import STYLE, STYLE_SOURCE
from tocsin.runtime.web.http import answer, document

if TYPE_CHECKING:
    from functions.public_intake.visit import Visit
    from tocsin.runtime.web.http import Response

STALE_AFTER = 300
_CACHED = "public, max-age=30, stale-while-revalidate=60"
_UNKNOWN: dict[str, Any] = {
    "level": "unknown",
    "headline": "The state of payments is not known at the moment",
    "text": "We cannot say right now whether payments work.",
    "providers": {},
    "since": None,
    "next_update": None,
}
_HTML = {
    "content-security-policy": (
        f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; frame-ancestors *"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def billing(visit: Visit) -> Response:
    """How paying is."""
    return _shown(visit, _present(visit))


def everything(visit: Visit) -> Response:
    """The same under one name for all parts; paying is the only one that has a public status."""
    found = _present(visit)
    parts = {"billing": found["level"]}
    return _shown(visit, {**found, "parts": parts})


def _present(visit: Visit) -> dict[str, Any]:
    stored = visit.status()
    now = int(visit.desk.wall.wall_now().timestamp())
    if stored is None or now - int(stored["as_of"]) > STALE_AFTER:
        return {**_UNKNOWN, "as_of": _moment(now)}
    times = ("since", "next_update", "as_of")
    return {**stored, **{name: _moment(stored[name]) for name in times}}


def _shown(visit: Visit, found: dict[str, Any]) -> Response:
    headers = {"cache-control": _CACHED, "access-control-allow-origin": "*", "etag": _tag(found)}
    wants = visit.request.query.get("format") or visit.request.headers.get("accept", "")
    if "html" in wants:
        kind = "text/html; charset=utf-8"
        return document(200, _page(found), kind, headers=headers | _HTML)
    return answer(200, found, headers=headers)


def _page(found: dict[str, Any]) -> str:
    lines = "".join(
        f"<li>{escape(name.capitalize())}: {escape(state)}</li>"
        for name, state in found["providers"].items()
    )
    until = found["next_update"]
    promise = f"<p>Next update by {escape(until)}</p>" if until else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(found['headline'])}</title><style>{STYLE}</style>"
        f'<main role="status"><h1>{escape(found["headline"])}</h1><p>{escape(found["text"])}</p>'
        f"<ul>{lines}</ul>{promise}<small>As of {escape(found['as_of'])}</small></main></html>"
    )


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _tag(found: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return f'"{digest[:16]}"'

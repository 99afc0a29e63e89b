"""The pages behind a link: small, whole in themselves, readable on a narrow telephone at night.

No script, no image, no font and no address but their own: a policy in the headers forbids the
rest. Nothing is cached, and the address, which is the key, is told to nobody.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from tocsin.documents.fitting import one_line, shortened
from tocsin.documents.times import full_moment
from tocsin.incidents.vocabulary import Kind
from tocsin.people.links import LinkAction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tocsin.application.people.link_facts import LinkFacts
    from tocsin.application.people.links import Listed, Seen
    from tocsin.errors import TocsinError
    from tocsin.incidents.model.incident import Incident
    from tocsin.people.links import Bundle
    from tocsin.runtime.web.http import Response

STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1rem;"
    "overflow-wrap:anywhere}"
    "h1{font-size:1.375rem;line-height:1.3;margin:.5rem 0}"
    "h2{font-size:1.125rem;line-height:1.3;margin:1rem 0 .25rem}"
    "button{font:inherit;font-weight:600;width:100%;min-height:3rem;margin:.5rem 0;"
    "border:2px solid;border-radius:.5rem;background:none;color:inherit}"
    "button.first{background:#0b5d2a;border-color:#0b5d2a;color:#fff}"
    "ol,ul{margin:.25rem 0;padding-left:1.5rem}"
    "small{display:block;opacity:.8}"
)


def style_source(style: str) -> str:
    """What a content policy calls exactly this style by."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"'sha256-{digest}'"


STYLE_SOURCE = style_source(STYLE)
_POLICY = (
    "default-src 'none'; style-src {source}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": _POLICY.format(source=STYLE_SOURCE),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
_BUTTONS = {
    LinkAction.ACKNOWLEDGE: "I have it",
    LinkAction.ESCALATE: "Page the backup now",
    LinkAction.HAND_OVER: "Hand my role over",
}
_EFFECTS = {
    LinkAction.ACKNOWLEDGE: "Paging of this round stops, and the record says that you have it.",
    LinkAction.ESCALATE: "More people are paged at once; your own pages go on.",
    LinkAction.HAND_OVER: "Your role goes to the next person, who is named in the record.",
}


_DETAIL = 400
"""Characters of a description that stand on a telephone; all of it is on the record."""

_BY_HAND = {
    LinkAction.ACKNOWLEDGE: (
        "I am on it",
        "Whoever asked for you is told, and the record says it.",
    ),
    LinkAction.ESCALATE: ("I cannot", "Whoever asked for you is told, and asks somebody else."),
}
"""What the same links say to a person who was asked for by hand."""
_OFFERED = ("I take it", "The role is yours, and whoever gives it is told.")
_TAKES = frozenset({LinkAction.ACKNOWLEDGE})
"""What the first link says to a person who is to take a role over."""


class Shown(NamedTuple):
    """What a page is written from; `tokens` are those of all that the link can do."""

    seen: Seen
    facts: LinkFacts
    zone: str
    tokens: Mapping[LinkAction, str]


def confirm(shown: Shown) -> Response:
    """Asks `seen.link.person` whether to act; the link's own action comes first."""
    seen, tokens = shown.seen, shown.tokens
    order = [seen.action, *(action for action in LinkAction if action is not seen.action)]
    forms = "".join(
        _form(tokens[action], *_words(action, seen), first=action is seen.action)
        for action in order
        if action is not LinkAction.HAND_OVER or seen.successor
    )
    whom = f"<p>You act as <b>{escape(seen.link.person)}</b>.</p>"
    about = _about(seen.incident, shown.zone, shown.facts.now)
    return page(200, "", "Confirm", about + _wrong(shown) + whom + forms)


def done(shown: Shown) -> Response:
    """Says what was done and in whose name, and what comes next."""
    seen = shown.seen
    said = {
        LinkAction.ACKNOWLEDGE: _taken(seen),
        LinkAction.ESCALATE: "You cannot; whoever asked is told."
        if seen.link.by_hand
        else "More people are being paged.",
        LinkAction.HAND_OVER: "Who comes next is asked, and you have the role until they take it."
        if any(one.by == seen.link.person for one in seen.incident.requests or () if one.role)
        else "Your role is handed over.",
    }[seen.action]
    head = f"<h1>{said}</h1><p>Recorded as <b>{escape(seen.link.person)}</b>.</p>"
    about = _about(seen.incident, shown.zone, shown.facts.now)
    return page(200, "done", said, head + about + _wrong(shown) + _then(shown))


def _taken(seen: Seen) -> str:
    """What the first link has done."""
    if not seen.link.by_hand:
        return "You have it."
    return "You have the role." if seen.offered else "You are on it."


def refused(error: TocsinError, shown: Shown | None = None) -> Response:
    """Says why nothing was done, and who has it by now; whoever has it, that they have it."""
    title, why = "Nothing was changed", escape(_sentence(error.detail))
    about = ""
    if shown is not None:
        about = _about(shown.seen.incident, shown.zone, shown.facts.now) + _wrong(shown)
        if _has_it(shown.seen):
            title, why = "You have it.", "You said so already; nothing more was changed."
            about += _then(shown)
    head = f"<h1>{title}</h1><p>{why}</p>"
    code = f"<small>{escape(error.code)}</small>"
    return page(error.status, error.code, title, head + about + code)


def _has_it(seen: Seen) -> bool:
    current = seen.incident.round
    mine = current is not None and current.acknowledged_by == seen.link.person
    return mine and seen.incident.open and seen.action is LinkAction.ACKNOWLEDGE


def _wrong(shown: Shown) -> str:
    """Where it is, what the source said of it, and what went out before."""
    incident, facts = shown.seen.incident, shown.facts
    if incident.restricted:
        return ""
    place = f"Service {incident.service or 'not named'}, {incident.environment}."
    detail = f"<p>{escape(shortened(one_line(facts.detail), _DETAIL))}</p>" if facts.detail else ""
    changed = ""
    if facts.brief is not None:
        lines = "".join(
            f"<li>{escape(one_line(one.what))}, {escape(full_moment(one.at, shown.zone))}</li>"
            for one in facts.brief.changes
        )
        nothing = "<p>Nothing is known to have changed in the hour before.</p>"
        changed = f"<h2>What changed</h2><ul>{lines}</ul>" if lines else nothing
    return f"<p>{escape(place)}</p>{detail}{changed}"


def _then(shown: Shown) -> str:
    """After "You have it": the next steps, where people talk, and the way to pass it on."""
    seen, brief = shown.seen, shown.facts.brief
    if seen.incident.restricted:
        return "<p>Restricted: sign in to see what is next.</p>"
    steps = "".join(f"<li>{escape(one_line(text))}</li>" for text in brief.next) if brief else ""
    rooms = "".join(
        f"<li>{escape(kind)}: {escape(address)}</li>"
        for kind, address in seen.incident.channels.items()
    )
    found = f"<h2>Next</h2><ol>{steps}</ol>" if steps else ""
    found += f"<h2>Where people talk</h2><ul>{rooms}</ul>" if rooms else ""
    if seen.successor:
        button, effect = _BUTTONS[LinkAction.HAND_OVER], _EFFECTS[LinkAction.HAND_OVER]
        found += _form(shown.tokens[LinkAction.HAND_OVER], button, effect, first=False)
    return f"{found}<p>On a computer: <code>tocsin first {escape(seen.incident.name)}</code></p>"


def listed(
    bundle: Bundle,
    found: Sequence[Listed],
    tokens: Mapping[str, str],
    when: tuple[str, datetime],
    *,
    done: Seen | None = None,
    refused: TocsinError | None = None,
) -> Response:
    """The list behind a bundle: each incident with who has it, or one button that takes it.

    `tokens` are those of the messages that still ask, by message id. `done` is what the last tap
    did, `refused` why it did nothing. `when` is the zone to show times in, and incident time.
    """
    count = len({one.member.incident for one in found})
    head = f"<h1>{count} incidents</h1><p>You act as <b>{escape(bundle.person)}</b>.</p>"
    if done is not None:
        said = "You are on it" if done.link.by_hand else "You have it"
        head = f"<h1>{said}: {escape(_title(done.incident))}</h1>" + head
    if refused is not None:
        head = f"<h1>Nothing was changed</h1><p>{escape(_sentence(refused.detail))}</p>" + head
    rows = "".join(_row(one, tokens.get(one.member.message_id), when) for one in found)
    status, code = (200, "") if refused is None else (refused.status, refused.code)
    return page(status, code or ("done" if done else ""), f"{count} incidents", head + rows)


def _row(one: Listed, token: str | None, when: tuple[str, datetime]) -> str:
    if one.incident is None:
        return "<section><p>One that you cannot see any more.</p></section>"
    form = ""
    if token is not None and one.member.link is not None:
        button = _BUTTONS[LinkAction.ACKNOWLEDGE]
        if one.member.link.by_hand:
            button = _BY_HAND[LinkAction.ACKNOWLEDGE][0]
        form = (
            f'<form method="post"><input type="hidden" name="link" value="{escape(token)}">'
            f'<button class="first">{button}</button></form>'
        )
    about = _about(one.incident, *when, level="h2")
    return f"<section>{about}{form}</section>"


def _title(incident: Incident) -> str:
    return "restricted" if incident.restricted else incident.title


def _about(incident: Incident, zone: str, now: datetime, *, level: str = "h1") -> str:
    title = _title(incident)
    drill = "[DRILL] " if incident.kind is Kind.DRILL else ""
    opened = escape(full_moment(incident.opened_at, zone))
    lines = [
        f"<{level}>{drill}[{incident.severity.upper()}] {escape(title)}</{level}>",
        f"<p>{escape(incident.name)}<br>Opened {opened}.</p>",
    ]
    current = incident.round
    if current is not None and current.acknowledged_by and current.acknowledged_at:
        at = escape(full_moment(current.acknowledged_at, zone))
        lines.append(f"<p><b>{escape(current.acknowledged_by)}</b> has it since {at}.</p>")
    elif current is not None:
        due = escape(full_moment(current.due_at, zone))
        late = current.missed_at is not None or current.due_at < now
        when = f"<b>OVERDUE since {due}.</b>" if late else f"Acknowledge by {due}."
        lines.append(f"<p>Nobody has it yet. {when}</p>")
    return "".join(lines)


def _words(action: LinkAction, seen: Seen) -> tuple[str, str]:
    """What a button says, and what it does."""
    if seen.link.by_hand and action in _BY_HAND:
        return _OFFERED if seen.offered and action in _TAKES else _BY_HAND[action]
    return _BUTTONS[action], _EFFECTS[action]


def _form(token: str, button: str, effect: str, *, first: bool) -> str:
    mark = ' class="first"' if first else ""
    return (
        f'<form method="post" action="{escape(token, quote=True)}">'
        f"<button{mark}>{button}</button>"
        f"<small>{effect}</small></form>"
    )


def page(
    status: int,
    code: str,
    title: str,
    body: str,
    *,
    style: str = STYLE,
    source: str = STYLE_SOURCE,
) -> Response:
    """One page; `source` is that of its `style`."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    headers = HEADERS | {"content-security-policy": _POLICY.format(source=source)}
    headers |= {"x-tocsin-code": code} if code else {}
    return {"statusCode": status, "headers": headers, "body": html, "isBase64Encoded": False}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."

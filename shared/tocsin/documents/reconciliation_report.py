"""The report of a reconciliation: for machines, for people, and as a picture of statuses.

The same reconciliation at the same standing makes the same bytes: nothing here asks for the time.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tocsin.billing.reconcile.compare import Healing, Kind
from tocsin.billing.reconcile.work import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.billing.reconcile.compare import Mismatch
    from tocsin.billing.reconcile.work import Cursor, Found, Standing

FORMAT = 1
NOTHING = "nothing held"
_HEALINGS = {
    Healing.REFETCH: "ask the provider again and write its answer",
    Healing.LIFT: "lift the correction",
    Healing.END: "keep the row and mark it ended",
    Healing.CHOOSE: "a person ends one of them at its provider",
}


def as_json(
    cursor: Cursor, standing: Standing, found: Sequence[Found], unknown: Sequence[str]
) -> str:
    """The whole report as JSON, with sorted keys."""
    document = {
        "v": FORMAT,
        "reconciliation": cursor.id,
        "incident": cursor.incident,
        "scope": cursor.scope,
        "accounts": [str(each) for each in cursor.identities],
        "not_compared": [
            {"account": each.account, "why": each.why, "count": each.count} for each in cursor.left
        ],
        "window": {"start": _time(cursor.start), "end": _time(cursor.end)},
        "seed": cursor.seed,
        "population": cursor.population,
        "drawn": cursor.drawn,
        "full": cursor.full,
        "escalated": cursor.escalated,
        "started_at": _time(cursor.started_at),
        "started_by": cursor.started_by,
        "workspaces": standing.workspaces,
        "compared": standing.subscriptions,
        "unresolved": dict(standing.unresolved),
        "healed": standing.healed,
        "accepted": standing.accepted,
        "unknown": list(unknown),
        "signed_off_by": cursor.signed_off_by,
        "signed_off_at": _time(cursor.signed_off_at),
        "mismatches": [_mismatch(each) for each in found],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def as_markdown(
    cursor: Cursor, standing: Standing, found: Sequence[Found], unknown: Sequence[str]
) -> str:
    """For people: what was read, what is left, what was corrected and by whom."""
    without = f", without {', '.join(each.account for each in cursor.left)}" if cursor.left else ""
    signed = f"{cursor.signed_off_by}, {_time(cursor.signed_off_at)}{without}"
    read = (
        "all" if cursor.full else f"{cursor.drawn} drawn of {cursor.population}, and those touched"
    )
    lines = [
        f"# Reconciliation {cursor.id}",
        "",
        f"- Incident: {cursor.incident or 'none'}",
        f"- Accounts: {', '.join(map(str, cursor.identities))}",
        f"- Window: {_time(cursor.start)} to {_time(cursor.end)}",
        f"- Read: {standing.workspaces} workspaces ({read}), seed `{cursor.seed}`",
        f"- Compared: {standing.subscriptions} subscriptions; {standing.unknown} not comparable",
        (
            f"- Mismatches: {standing.found}; {standing.open} open, {standing.healed} healed, "
            f"{standing.accepted} accepted"
        ),
        f"- Signed off: {signed if cursor.signed_off_by else 'not yet'}",
        "",
    ]
    if cursor.escalated:
        lines += ["A mismatch in the sample: everything was read.", ""]
    for title, state in (
        ("Open", State.OPEN),
        ("Corrected", State.HEALED),
        ("Accepted", State.ACCEPTED),
    ):
        some = [each for each in found if each.state is state]
        if some:
            lines += [f"## {title}", "", *_table(some), ""]
    if cursor.left:
        lines += ["## Accounts not compared", ""]
        lines += [*(f"- {_cell(each.sentence)}" for each in cursor.left), ""]
    if unknown:
        lines += ["## Not comparable", "", *(f"- {_cell(each)}" for each in unknown), ""]
    return "\n".join(lines)


def as_svg(cursor: Cursor, found: Iterable[Found]) -> str:
    """The matrix of statuses: what the provider says by what we hold, counting what differs."""
    cells = Counter(
        (each.mismatch.says["status"], each.mismatch.held.get("status", NOTHING))
        for each in found
        if "status" in each.mismatch.says and each.mismatch.kind is not Kind.DOUBLE
    )
    rows = sorted({says for says, _ in cells})
    columns = sorted({held for _, held in cells})
    width, height = 170 + 110 * max(1, len(columns)), 110 + 34 * max(1, len(rows))
    most = max(cells.values(), default=1)
    told = "; ".join(
        f"{n} times {says} held as {held}" for (says, held), n in sorted(cells.items())
    )
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            'aria-labelledby="title desc" font-family="sans-serif" font-size="13">'
        ),
        f'<title id="title">Statuses that differ, reconciliation {escape(cursor.id)}</title>',
        f'<desc id="desc">{escape(told or "No status differs.")}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="10" y="24" font-weight="bold">Provider says (rows), we hold (columns)</text>',
    ]
    for index, held in enumerate(columns):
        x = 170 + 110 * index + 55
        parts.append(f'<text x="{x}" y="62" text-anchor="middle">{escape(held)}</text>')
    for line, says in enumerate(rows):
        y = 76 + 34 * line
        parts.append(f'<text x="160" y="{y + 21}" text-anchor="end">{escape(says)}</text>')
        for index, held in enumerate(columns):
            count = cells[says, held]
            shade = 0.15 + 0.85 * count / most if count else 0
            ink = "#ffffff" if shade > 0.55 else "#1a1a1a"  # noqa: PLR2004 - contrast above 4.5:1
            parts.append(
                f'<rect x="{170 + 110 * index}" y="{y}" width="106" height="30" fill="#7a1f3d" '
                f'fill-opacity="{shade:.2f}" stroke="#767676"/>'
                f'<text x="{170 + 110 * index + 53}" y="{y + 20}" text-anchor="middle" '
                f'fill="{ink}">{count}</text>'
            )
    if not cells:
        parts.append('<text x="10" y="70">No status differs.</text>')
    return "\n".join((*parts, "</svg>", ""))


def summary(cursor: Cursor, standing: Standing) -> tuple[str, str]:
    """Subject and text for stakeholders and finance; names no customer."""
    left = ", ".join(f"{count} {kind}" for kind, count in standing.unresolved.items())
    state = f"{standing.open} mismatches open" if standing.open else "no mismatches open"
    text = (
        f"Compared {standing.subscriptions} subscriptions of {standing.workspaces} workspaces"
        f" with their providers ({'all of them' if cursor.full else 'touched and a sample'}).\n"
        f"Found {standing.found}: {standing.healed} corrected, {standing.accepted} accepted"
        f" as they are, {standing.open} open{f' ({left})' if left else ''}.\n"
        f"Not comparable: {standing.unknown}.\n"
        f"{_not_compared(cursor)}"
        f"Signed off by: {cursor.signed_off_by or 'nobody yet'}.\n"
        "Finance: what was double or differed in plan or period may need a refund or an invoice."
    )
    return f"Billing reconciliation: {state}", text


def _not_compared(cursor: Cursor) -> str:
    """A line for each account that was left out; whoever signs has named it."""
    return "".join(f"Not compared: {each.sentence}.\n" for each in cursor.left)


def _table(found: Sequence[Found]) -> list[str]:
    head = "| class | workspace | object | we held | provider says | healing | became of it |"
    rows = (
        (
            each.mismatch.kind.value,
            each.mismatch.workspace or "unknown",
            ", ".join(each.mismatch.others)
            or f"{each.mismatch.identity}#{each.mismatch.subscription}",
            _facts(each.mismatch, "held"),
            _facts(each.mismatch, "says"),
            _HEALINGS[each.mismatch.healing],
            _became(each),
        )
        for each in found
    )
    return [
        head,
        "|--|--|--|--|--|--|--|",
        *("| " + " | ".join(map(_cell, row)) + " |" for row in rows),
    ]


def _became(found: Found) -> str:
    by = f" by {found.by}" if found.by else ""
    by += f", approved by {found.approver}" if found.approver else ""
    return f"{found.state}{by}{f': {found.note}' if found.note else ''}"


def _facts(mismatch: Mismatch, side: str) -> str:
    """What differs; all of it where the other side has nothing of the kind."""
    mine: dict[str, str] = dict(getattr(mismatch, side))
    other = mismatch.says if side == "held" else mismatch.held
    told = [f"{name} {value}" for name, value in mine.items() if other.get(name) != value]
    return ", ".join(told) or ("nothing" if not mine else "as the other side")


def _mismatch(each: Found) -> dict[str, Any]:
    mismatch = each.mismatch
    return {
        "id": mismatch.id,
        "class": mismatch.kind,
        "workspace": mismatch.workspace,
        "account": str(mismatch.identity),
        "subscription": mismatch.subscription,
        "objects": list(mismatch.others),
        "held": dict(mismatch.held),
        "says": dict(mismatch.says),
        "healing": mismatch.healing,
        "state": each.state,
        "by": each.by or None,
        "approved_by": each.approver or None,
        "note": each.note or None,
        "at": _time(each.at or None),
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"

"""`tocsin billing correct …`, `lift`, `approve` and `corrections`: a person's word over a row.

Everything goes through the HTTP API as the person who asks: who may do what is decided there. An
approval is of what its giver types: the command line sends the correction itself, not a number that
stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from tocsin.billing.access.corrections import ACTION, Correction
from tocsin.billing.identity import Identity
from tocsin.billing.provider import DEFAULT, PROVIDERS
from tocsin.billing.subscription import Status  # noqa: TC001 -- Typer reads the annotations
from tocsin.cli.incidents.naming import id_of
from tocsin.cli.incidents.verbs import Key  # noqa: TC001 -- the same
from tocsin.cli.terminal.api import OnApi, connect
from tocsin.cli.terminal.output import current
from tocsin.cli.terminal.spans import read_count
from tocsin.cli.terminal.values import spread
from tocsin.errors import BadInput
from tocsin.incidents import limits
from tocsin.incidents.queries.access import input_hash
from tocsin.runtime.api_client import ApiClient, segment

_Subscription = Annotated[
    str, typer.Argument(help="The provider's id of the subscription.", metavar="SUBSCRIPTION")
]
_Reason = Annotated[str, typer.Option(help="Why; it is part of the record.")]
_UNTIL = "Until when, with its zone, like 2026-09-09T12:00:00Z."
_AccessUntil = Annotated[
    str | None,
    typer.Option(help="Of a status without access: leave what was paid until then. Without: none."),
]
_Approval = Annotated[
    str, typer.Option(help="The commander's approval, INCIDENT:ENTRY; during an incident.")
]

corrections = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class Registration:
    """Which registration at which provider."""

    account: Annotated[str, typer.Option(help="The account of the registration.")]
    provider: Annotated[str, typer.Option(help=f"{' or '.join(PROVIDERS)}.")] = DEFAULT
    mode: Annotated[str, typer.Option(help="live or test.")] = "live"

    @property
    def identity(self) -> Identity:
        """As the ledger names it."""
        return Identity(self.provider, self.account, self.mode)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an approval lets a subscription count as."""

    status: Annotated[Status | None, typer.Option(help="What it shall count as.")] = None
    until: Annotated[str | None, typer.Option(help=_UNTIL)] = None
    access_until: _AccessUntil = None


@spread
def correct(
    subscription: _Subscription,
    registration: Registration,
    status: Annotated[Status, typer.Option(help="What it shall count as.")],
    until: Annotated[str, typer.Option(help=_UNTIL)],
    reason: _Reason,
    *,
    access_until: _AccessUntil = None,
    approval: _Approval = "",
    key: Key = None,
) -> None:
    """Let a subscription count as something else until a time. The projection is not touched.

    A status without access, like cancelled, takes it away at once, also in a paid period;
    --access-until leaves what was paid until then.
    """
    body = _body(subscription, registration.identity, reason, approval)
    body |= {"status": status.value, "until": until}
    body |= {"access_until": access_until} if access_until else {}
    _shown(connect().post("/v1/billing/corrections", body, key=key))


@spread
def lift(
    subscription: _Subscription,
    registration: Registration,
    reason: _Reason,
    *,
    approval: _Approval = "",
    key: Key = None,
) -> None:
    """Take a correction away before its time."""
    body = _body(subscription, registration.identity, reason, approval)
    _shown(connect().post("/v1/billing/corrections/lift", body, key=key))


@spread
def approve(
    incident: Annotated[str, typer.Argument(help="The open incident.", metavar="INCIDENT")],
    subscription: _Subscription,
    registration: Registration,
    requester: Annotated[str, typer.Option(help="The person who will correct it.")],
    reason: _Reason,
    *,
    wish: Wish,
    lifting: Annotated[bool, typer.Option("--lift", help="Approve lifting instead.")] = False,
    minutes: Annotated[str, typer.Option(help="How long it holds, like 90m or 2h.")] = "60m",
) -> None:
    """As the commander: let one person make exactly this correction, once."""
    if lifting == (wish.status is not None) or (wish.status is None) != (wish.until is None):
        raise BadInput("name --status and --until, or --lift")
    wanted = Correction(
        identity=registration.identity,
        subscription=subscription,
        status=wish.status,
        until=seconds_of(wish.until) if wish.until else None,
        reason=reason,
        access_until=seconds_of(wish.access_until) if wish.access_until else None,
    )
    body = {
        "action": ACTION,
        "input": list(wanted.lines),
        "requester": requester,
        "reason": reason,
        "minutes": read_count(minutes, "minutes"),
    }
    api = connect()
    incident = id_of(api, incident)
    api.post(f"/v1/incidents/{segment(incident)}/authorize", body)
    seq = entry_of(api, incident, input_hash(ACTION, wanted.lines))
    given = {"approval": f"{incident}:{seq}", "for": requester, "input": list(wanted.lines)}
    if current().json:
        current().document(given)
    else:
        current().line(f"approved: {incident}:{seq}")
        current().line(f"  {requester} may once: {', '.join(wanted.lines)}")


@corrections.command("list", cls=OnApi)
def list_corrections(
    *,
    month: Annotated[str | None, typer.Option(help="Like 202609; else this one.")] = None,
    subscription: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
) -> None:
    """The log: who corrected what, why, what it changed, who approved."""
    path = "/v1/billing/corrections"
    found = connect().get(path, month=month, subscription=subscription)
    lines = found["corrections"]
    if current().json:
        current().document(lines)
    elif not lines:
        current().line("no corrections")
    else:
        columns = ("at", "subscription", "before", "after", "until", "by", "approved by", "why")
        current().table(columns, map(_row, lines))


def _row(line: dict[str, Any]) -> tuple[object, ...]:
    return (
        line["at"],
        line["subscription"],
        f"{line['before']['status']} ({line['before']['access']})",
        f"{line['after']['status']} ({line['after']['access']})",
        line["until"] or "lifted",
        line["by"],
        line["approver"],
        line["reason"],
    )


def _body(subscription: str, identity: Identity, reason: str, approval: str) -> dict[str, Any]:
    body = {
        "provider": identity.provider,
        "account": identity.account,
        "mode": identity.mode,
        "subscription": subscription,
        "reason": reason,
    }
    return body | ({"approval": approval} if approval else {})


def entry_of(api: ApiClient, incident: str, bound: str) -> int:
    """The number of the newest entry that approves this."""
    path, after, found = f"/v1/incidents/{segment(incident)}/timeline", 0, 0
    while True:
        page = api.get(path, after=after, limit=500)
        for entry in page["entries"]:
            if entry["content"].get("input_hash") == bound:
                found = int(entry["seq"])
        if page["next"] is None:
            return found
        after = int(page["next"])


def _shown(line: dict[str, Any]) -> None:
    if current().json:
        current().document(line)
        return
    before, after = line["before"], line["after"]
    rows = (
        ("subscription", line["subscription"]),
        ("before", f"{before['status']}, access {_given(before)}"),
        ("after", f"{after['status']}, access {_given(after)}"),
        ("access until", line["access_until"]),
        ("until", line["until"] or "lifted"),
        ("by", line["by"]),
        ("approved by", f"{line['approver']} ({line['approval']})" if line["approval"] else None),
        ("why", line["reason"]),
        ("log", line["id"]),
    )
    current().table(("", ""), (row for row in rows if row[1] is not None))


def _given(seen: dict[str, Any]) -> str:
    """The access that a status leaves: one that has ended leaves what was paid."""
    return f"{seen['access']} until {seen['until']}" if seen["until"] else str(seen["access"])


def seconds_of(text: str) -> int:
    """Epoch seconds of a time as people type it. Raises `BadInput`."""
    return int(limits.moment("time", text).timestamp())

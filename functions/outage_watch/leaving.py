"""What `billing_api` asks of the watch: facts for an incident's gate, and its final update.

The watch can ask the providers and may write into incidents; the API may not, so that it can
approve nothing itself. A refusal is an answer and no failure of the function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.application.billing.outage.exit import Asked
from tocsin.errors import TocsinError
from tocsin.incidents.timeline.entry import format_time
from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.application.billing.outage.exit import ExitDesk
    from tocsin.incidents.model.incident import Incident


def leave(desk: ExitDesk, wish: Mapping[str, Any]) -> dict[str, Any]:
    """What `wish` came to; `problem` names a refusal's code, `detail` says it in words."""
    asked = Asked(
        incident=str(wish["incident"]),
        person=str(wish["person"]),
        groups=frozenset(Group(each) for each in wish["groups"]),
        key=str(wish["key"]),
    )
    try:
        if "text" in wish:
            return _sent(desk.send_final(asked, str(wish["text"])))
        incident, provider = desk.examine(asked, wish["provider"], probe=bool(wish["probe"]))
        return _examined(incident, provider)
    except TocsinError as error:
        return {"problem": error.code, "detail": error.detail, "field": error.context.get("field")}


def _examined(incident: Incident, provider: str) -> dict[str, Any]:
    seen = incident.billing_exit.checkouts[provider]
    return {
        "incident": incident.id,
        "provider": provider,
        "proven": not seen.lacks,
        "lacks": list(seen.lacks),
        "sessions": seen.sessions,
        "workspaces": seen.workspaces,
        "probed": seen.probed,
        "paid": seen.paid,
        "quiet_minutes": seen.quiet_minutes,
        "volume": seen.volume,
        "examined_at": format_time(seen.at),
        "version": incident.version,
    }


def _sent(incident: Incident) -> dict[str, Any]:
    final = incident.communication.internal
    return {
        "incident": incident.id,
        "sent_at": format_time(final.final_at) if final.final_at else None,
        "lacks": list(final.final_lacks),
        "version": incident.version,
    }

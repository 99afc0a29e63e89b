"""What `billing_api` asks of the watch: facts for an incident's gate, and its final update.

The watch can ask the providers and may write into incidents; the API may not, so that it can
approve nothing itself. A refusal is an answer and no failure of the function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.application.billing.outage.exit import Asked
from tocsin.application.billing.outage.exit_answers import examined, final_sent
from tocsin.errors import TocsinError
from tocsin.incidents.timeline.codec import encode_fields
from tocsin.incidents.vocabulary import Group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.application.billing.outage.exit import ExitDesk


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
            return encode_fields(final_sent(desk.send_final(asked, str(wish["text"]))), nulls=True)
        incident, provider = desk.examine(asked, wish["provider"], probe=bool(wish["probe"]))
        return encode_fields(examined(incident, provider), nulls=True)
    except TocsinError as error:
        return {"problem": error.code, "detail": error.detail, "field": error.context.get("field")}

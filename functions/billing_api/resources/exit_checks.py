"""The way out of a provider's outage: checkouts are examined, the final update is sent.

Both are done by the outage watch, which may ask providers and write into incidents.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from functions.billing_api.bodies import ExitCheckWanted, FinalUpdate
from tocsin.application.billing.outage.exit_answers import CheckoutsExamined, FinalUpdateSent
from tocsin.errors import (
    BadInput,
    GroupRequired,
    IdempotencyKeyReused,
    IllegalTransition,
    ProviderUnavailable,
    SendFailed,
    TocsinError,
    Unavailable,
    UnknownIncident,
    VersionConflict,
)
from tocsin.incidents.timeline.codec import decode_fields
from tocsin.runtime.web.answers import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.billing_api.call import Call
    from tocsin.runtime.web.http import Response

_KNOWN: Mapping[str, type[TocsinError]] = {
    each.code: each
    for each in (
        BadInput,
        GroupRequired,
        IdempotencyKeyReused,
        IllegalTransition,
        ProviderUnavailable,
        SendFailed,
        UnknownIncident,
        VersionConflict,
    )
}
LONGEST_TEXT = 8_000


def examine(call: Call) -> Response:
    """Has new checkouts examined and what was counted recorded, proof or not."""
    wish = asdict(call.read(ExitCheckWanted))
    return answer(200, decode_fields(CheckoutsExamined, _asked(call, wish)))


def send_final(call: Call) -> Response:
    """Has the final update sent to stakeholders, and recorded once their channel took it."""
    wish = asdict(call.read(FinalUpdate))
    if not 0 < len(wish["text"]) <= LONGEST_TEXT:
        raise BadInput(f"`text` must have 1 to {LONGEST_TEXT} characters", field="text")
    return answer(200, decode_fields(FinalUpdateSent, _asked(call, wish)))


def _asked(call: Call, wish: Mapping[str, Any]) -> dict[str, Any]:
    who = call.caller
    about = {"person": who.person, "groups": sorted(who.groups)}
    key, requests = call.key or call.request.request_id, call.requests
    whole = {"route": call.route, **wish}
    done = requests.repeated(whole)
    told = call.office.leave({"exit": {**wish, **about, "key": key}})
    if "problem" in told:
        kind = _KNOWN.get(str(told["problem"]), Unavailable)
        raise kind(str(told.get("detail", "")), **_field(told))
    if done is None:
        requests.carried_out(whole)
    return told


def _field(told: Mapping[str, Any]) -> dict[str, str]:
    return {"field": str(told["field"])} if told.get("field") else {}

"""An `Idempotency-Key` on what is no incident's command: done once, and a repeat is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.application.incidents.requests import Requests
from tocsin.errors import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.incident_api.call import Call
    from tocsin.incidents.timeline.entry import Json
    from tocsin.runtime.web.http import Response


def once(
    call: Call,
    wish: Mapping[str, Json],
    act: Callable[[], tuple[Response, str]],
    again: Callable[[str], Response],
) -> Response:
    """The answer to `act`, or to `again` where this person's key has led to it before.

    `act` answers with the name of its result, which `again` gets to show how that stands now.
    What is refused is not remembered: it may be asked again under the same key.

    Raises:
        IdempotencyKeyReused: the key was used for another wish.
    """
    if call.people is None:
        raise InvalidSettings("this function was not given the operations table")
    requests = Requests(
        store=call.people.requests,
        wall=call.people.wall,
        person=call.caller.person,
        key=call.key,
    )
    whole = {"route": call.route, **wish}
    if (done := requests.repeated(whole)) is not None:
        response = again(done.result)
        response["headers"]["idempotency-replayed"] = "true"
        return response
    response, result = act()
    requests.carried_out(whole, result)
    return response

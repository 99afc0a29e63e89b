"""`/beat/<token>`: a job says that it has run, by GET and HEAD too: many can do no more.

The address is told once, to whoever set the heartbeat. Who holds it can say that the job has run,
and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.runtime.web.http import answer

if TYPE_CHECKING:
    from functions.public_intake.visit import Visit
    from tocsin.runtime.web.http import Response

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def beat(visit: Visit) -> Response:
    """Puts it down, and says by when the next one is expected."""
    heartbeat = visit.heartbeats.beat_by(visit.request.path_parameters.get("token", "")[:128])
    expected = f"{heartbeat.expected_by:{_MOMENT}}"
    return answer(
        200,
        {"heartbeat": heartbeat.name, "next_by": expected},
        headers={"cache-control": "no-store"},
    )

"""Controls of how the providers' APIs fail: outages by request, and limits by rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.outages import Outage

if TYPE_CHECKING:
    from tocsin.local.sandbox.controls.refusal import Controls
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox


def _begin_outage(sandbox: Sandbox, given: Json) -> Json:
    """Makes an API fail as `kind` says (below).

    Limited by `provider`, `path` prefix, `method`, `count`, `fraction` with `seed`; `seconds` as
    the kind says; for flapping so many requests `down`, then `up`, in turn.
    """
    with sandbox.lock:
        outage = Outage(sandbox.outages.new_id(), **given)
        sandbox.outages.active.append(outage)
    return {"id": outage.id}


def _end_outages(sandbox: Sandbox, given: Json) -> Json:
    """Ends the outage `id`, or all."""
    with sandbox.lock:
        ending = [one for one in sandbox.outages.active if given.get("id") in {None, one.id}]
        for outage in ending:
            sandbox.outages.active.remove(outage)
    return {"ended": [{"id": one.id, "kind": one.kind, "taken": one.taken} for one in ending]}


def _limit(sandbox: Sandbox, given: Json) -> Json:
    """Limits requests a second at a `provider`, `overall` and by `endpoint`; none lifts.

    Stripe's own are 100 overall, 25 in a sandbox, and 25 an endpoint.
    """
    with sandbox.lock:
        limit = sandbox.limits[given.get("provider", "stripe")]
        limit.limit(given.get("overall"), given.get("endpoint"))
    return {"overall": given.get("overall"), "endpoint": given.get("endpoint")}


CONTROLS: Final[Controls] = {
    ("POST", "/outages"): _begin_outage,
    ("DELETE", "/outages"): _end_outages,
    ("POST", "/limits"): _limit,
}

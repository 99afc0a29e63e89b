"""Controls of where webhooks go, what goes wrong on their way, and what became of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from tocsin.local.sandbox.delivery.orders import Order
from tocsin.local.sandbox.state import endpoint_from, texts
from tocsin.local.sandbox.stripe.versions import checked

if TYPE_CHECKING:
    from tocsin.local.sandbox.controls.refusal import Controls
    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.endpoint import Endpoint
    from tocsin.local.sandbox.sandbox import Sandbox

_DAY: Final = 86_400


def _put_endpoint(sandbox: Sandbox, given: Json) -> Json:
    """Registers or replaces a webhook endpoint.

    `id`, `url`, `secrets`, `provider` (stripe, razorpay), `enabled_events`,
    `api_version` (null: not pinned), `payload` snapshot or thin, `connect`, `enabled`,
    `max_attempts`, `backoff_seconds`, `timeout_seconds` (real), `retry_seconds`,
    `disable_after_seconds` (provider time), `signing_skew_seconds`.
    """
    endpoint = endpoint_from(given)
    if endpoint.api_version is not None:
        checked(endpoint.api_version)
    sandbox.add_endpoint(endpoint)
    return _shown(endpoint)


def _endpoints(sandbox: Sandbox, _given: Json) -> Json:
    """All endpoints, without their secrets."""
    return {"endpoints": [_shown(one) for one in sandbox.endpoints.values()]}


def _remove_endpoint(sandbox: Sandbox, given: Json) -> Json:
    """Removes the endpoint `id`."""
    return {"removed": sandbox.remove_endpoint(given["id"])}


def _roll(sandbox: Sandbox, given: Json) -> Json:
    """Gives the endpoint `id` a new `secret`.

    At Stripe the old one signs too for `keep_seconds` (a day at most); at Razorpay it signs
    whatever was made before.
    """
    keep = int(given.get("keep_seconds", _DAY))
    if not 0 <= keep <= _DAY:
        raise ValueError("keep_seconds is 0 to 86400")
    rolled = sandbox.roll_secret(given["id"], given["secret"], keep_seconds=keep)
    return _shown(rolled)


def _give_order(sandbox: Sandbox, given: Json) -> Json:
    """Orders what becomes of deliveries (`kind`, below).

    Limited by `count`, `fraction` with `seed`, event `types`, `endpoint`; `seconds`, `window` and
    `copies` as the kind says.
    """
    wanted = {**given, "types": tuple(texts(given.get("types", [])))}
    order = Order(sandbox.orders.new_id(), **wanted)
    sandbox.give(order)
    return {"id": order.id}


def _orders(sandbox: Sandbox, _given: Json) -> Json:
    """The orders in force, and how much each has taken and holds."""
    return {
        "orders": [
            {"id": one.id, "kind": one.kind, "taken": one.taken, "held": len(one.buffer)}
            for one in sandbox.orders.active
        ]
    }


def _lift_orders(sandbox: Sandbox, given: Json) -> Json:
    """Ends the order `id`, or all; what they hold is sent, or lost with `lose`."""
    return {"released": sandbox.lift(given.get("id"), lose=bool(given.get("lose")))}


def _deliveries(sandbox: Sandbox, _given: Json) -> Json:
    """Every attempt, what orders dropped, and what never arrived anywhere with the reason."""
    attempts = list(sandbox.dispatcher.attempts)
    dropped = list(sandbox.orders.dropped)
    return {
        "attempts": [{**asdict(one), "succeeded": one.succeeded} for one in attempts],
        "dropped": [{**asdict(one), "secret": None} for one in dropped],
        "undelivered": sandbox.fates.undelivered(),
    }


def _drain(sandbox: Sandbox, given: Json) -> Json:
    """Waits up to `seconds` until nothing is on its way; how much is left."""
    return {"left": sandbox.drain(float(given.get("seconds", 30)))}


def _resend(sandbox: Sandbox, given: Json) -> Json:
    """Sends the Stripe `event` to the `endpoint` again, past all orders."""
    sandbox.resend(given["event"], given["endpoint"])
    return {"queued": 1}


def _shown(endpoint: Endpoint) -> Json:
    """An endpoint without its secrets: controls are answered to anybody on this machine."""
    hidden = {"secrets": len(endpoint.secrets), "retiring": len(endpoint.retiring)}
    return {**asdict(endpoint), **hidden}


CONTROLS: Final[Controls] = {
    ("GET", "/endpoints"): _endpoints,
    ("POST", "/endpoints"): _put_endpoint,
    ("DELETE", "/endpoints"): _remove_endpoint,
    ("POST", "/endpoints/roll"): _roll,
    ("GET", "/orders"): _orders,
    ("POST", "/orders"): _give_order,
    ("DELETE", "/orders"): _lift_orders,
    ("GET", "/deliveries"): _deliveries,
    ("POST", "/deliveries/drain"): _drain,
    ("POST", "/deliveries/resend"): _resend,
}

"""The sandbox's own controls under `/_sandbox/`: JSON in, JSON out, nothing of the provider's.

Each control is a small function in one table, so that what can be done is read in one place.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from tocsin.local.sandbox.dispatch import Endpoint
from tocsin.local.sandbox.history import Story, tell
from tocsin.local.sandbox.orders import Order
from tocsin.local.sandbox.outages import Outage
from tocsin.local.sandbox.versions import checked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.local.sandbox.defaults import Json
    from tocsin.local.sandbox.sandbox import Sandbox


class BadControl(Exception):
    """The control does not exist or was given something it cannot use; answered with 400."""


def control(sandbox: Sandbox, method: str, path: str, given: Json) -> Json:
    """Carries out one control.

    Raises:
        BadControl: with a sentence that says what is wrong.
    """
    operation = _CONTROLS.get((method, path.removeprefix("/_sandbox")))
    if operation is None:
        known = ", ".join(sorted(f"{verb} /_sandbox{name}" for verb, name in _CONTROLS))
        raise BadControl(f"{method} {path}: no such control; there are {known}")
    try:
        return operation(sandbox, given)
    except (KeyError, TypeError, ValueError) as problem:
        raise BadControl(f"{method} {path}: {problem!r}") from problem


def _health(sandbox: Sandbox, _given: Json) -> Json:
    return {"ready": True, **sandbox.clock.dump()}


def _truth(sandbox: Sandbox, _given: Json) -> Json:
    return sandbox.truth()


def _events(sandbox: Sandbox, given: Json) -> Json:
    return {"events": sandbox.events(given.get("api_version"))}


def _clock(sandbox: Sandbox, given: Json) -> Json:
    happened = 0
    with sandbox.lock:
        if "freeze" in given:
            sandbox.clock.freeze(int(given["freeze"]))
        if "run" in given:
            sandbox.clock.run(int(given["run"]))
        if "advance" in given:
            happened = sandbox.advance(int(given["advance"]))
        return {"happened": happened, **sandbox.clock.dump()}


def _settings(sandbox: Sandbox, given: Json) -> Json:
    with sandbox.lock:
        if "api_version" in given:
            sandbox.account.api_version = checked(given["api_version"])
        if "after_retries" in given:
            if given["after_retries"] not in {"unpaid", "cancel", "past_due"}:
                raise ValueError("after_retries is unpaid, cancel or past_due")
            sandbox.account.after_retries = given["after_retries"]
        if "keys" in given:
            sandbox.api.keys = set(_texts(given["keys"]))
        account = sandbox.account
        return {"api_version": account.api_version, "after_retries": account.after_retries}


def _put_endpoint(sandbox: Sandbox, given: Json) -> Json:
    known = {one.name for one in fields(Endpoint)}
    if unknown := set(given) - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    wanted = dict(given)
    for name in given.keys() & {"secrets", "enabled_events"}:
        wanted[name] = tuple(_texts(given[name]))
    endpoint = Endpoint(**wanted)
    checked(endpoint.api_version)
    sandbox.add_endpoint(endpoint)
    return _shown(endpoint)


def _endpoints(sandbox: Sandbox, _given: Json) -> Json:
    return {"endpoints": [_shown(one) for one in sandbox.endpoints.values()]}


def _remove_endpoint(sandbox: Sandbox, given: Json) -> Json:
    return {"removed": sandbox.remove_endpoint(given["id"])}


def _give_order(sandbox: Sandbox, given: Json) -> Json:
    wanted = {**given, "types": tuple(_texts(given.get("types", [])))}
    order = Order(sandbox.orders.new_id(), **wanted)
    sandbox.give(order)
    return {"id": order.id}


def _orders(sandbox: Sandbox, _given: Json) -> Json:
    return {
        "orders": [
            {"id": one.id, "kind": one.kind, "taken": one.taken, "held": len(one.buffer)}
            for one in sandbox.orders.active
        ]
    }


def _lift_orders(sandbox: Sandbox, given: Json) -> Json:
    return {"released": sandbox.lift(given.get("id"), lose=bool(given.get("lose")))}


def _begin_outage(sandbox: Sandbox, given: Json) -> Json:
    with sandbox.lock:
        outage = Outage(sandbox.outages.new_id(), **given)
        sandbox.outages.active.append(outage)
    return {"id": outage.id}


def _end_outages(sandbox: Sandbox, given: Json) -> Json:
    with sandbox.lock:
        ending = [one for one in sandbox.outages.active if given.get("id") in {None, one.id}]
        for outage in ending:
            sandbox.outages.active.remove(outage)
    return {"ended": [{"id": one.id, "kind": one.kind, "taken": one.taken} for one in ending]}


def _deliveries(sandbox: Sandbox, _given: Json) -> Json:
    attempts = list(sandbox.dispatcher.attempts)
    dropped = list(sandbox.orders.dropped)
    return {
        "attempts": [{**asdict(one), "succeeded": one.succeeded} for one in attempts],
        "dropped": [asdict(one) for one in dropped],
    }


def _drain(sandbox: Sandbox, given: Json) -> Json:
    return {"left": sandbox.drain(float(given.get("seconds", 30)))}


def _resend(sandbox: Sandbox, given: Json) -> Json:
    sandbox.resend(given["event"], given["endpoint"])
    return {"queued": 1}


def _tell(sandbox: Sandbox, given: Json) -> Json:
    with sandbox.lock:
        return tell(sandbox.account, Story(**given))


def _calls(sandbox: Sandbox, _given: Json) -> Json:
    return {"calls": list(sandbox.calls)}


def _reset(sandbox: Sandbox, given: Json) -> Json:
    sandbox.reset(given.get("seed"))
    return {"reset": True}


def _shown(endpoint: Endpoint) -> Json:
    """An endpoint without its secrets: controls are answered to anybody on this machine."""
    return {**asdict(endpoint), "secrets": len(endpoint.secrets)}


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r}: expected a list of texts")
    return value


_CONTROLS: Final[dict[tuple[str, str], Callable[[Sandbox, Json], Json]]] = {
    ("GET", "/health"): _health,
    ("GET", "/truth"): _truth,
    ("POST", "/events"): _events,
    ("POST", "/clock"): _clock,
    ("POST", "/settings"): _settings,
    ("GET", "/endpoints"): _endpoints,
    ("POST", "/endpoints"): _put_endpoint,
    ("DELETE", "/endpoints"): _remove_endpoint,
    ("GET", "/orders"): _orders,
    ("POST", "/orders"): _give_order,
    ("DELETE", "/orders"): _lift_orders,
    ("POST", "/outages"): _begin_outage,
    ("DELETE", "/outages"): _end_outages,
    ("GET", "/deliveries"): _deliveries,
    ("POST", "/deliveries/drain"): _drain,
    ("POST", "/deliveries/resend"): _resend,
    ("POST", "/histories"): _tell,
    ("GET", "/calls"): _calls,
    ("POST", "/reset"): _reset,
}
